// The oracle itself: each breach planted in the evidence of a sound world is seen as its invariant.
// Worlds are looked through until one holds what a breach needs; the same seeds are the same worlds.
import { beforeAll, expect, test } from 'vitest'
import type { CycleRecord } from '../../model/cycle/record.ts'
import { SLUICE } from '../../model/cycle/revisions.ts'
import { upstreamsIn } from '../../model/dependencies.ts'
import { type CycleId, domainOf, nameOf, toNotRefreshedId } from '../../model/ids.ts'
import type { CycleEvidence, Evidence, HistoryStep, RunEvidence, SandboxRow } from '../../verify/evidence.ts'
import { recordsOf } from '../../verify/fold.ts'
import { findMoving } from '../../verify/moving.ts'
import type { Invariant } from '../../verify/verdict.ts'
import { examineAtWork, findViolations } from '../../verify/violations.ts'
import { LIMIT_MS } from './play-seeds.ts'
import { type Plant, playSound } from './planting.ts'

const WORLDS = 12
let sound: Evidence[]

beforeAll(async () => {
  sound = await playSound(WORLDS)
}, WORLDS * LIMIT_MS)

const change = <T>(found: T | undefined, how: (it: T) => void): boolean => {
  if (found !== undefined) how(found)
  return found !== undefined
}

const lastOf = ({ runs }: CycleEvidence): CycleRecord | undefined => runs.slice(-1).flatMap(recordsOf).at(-1)
const inState = ({ cycles }: Evidence, state: string): CycleEvidence | undefined =>
  cycles.find((one) => one.runs.length === 1 && lastOf(one)?.snapshot.state === state)
const rowsOf = ({ sandbox = [] }: Evidence): SandboxRow[] => sandbox
const drop = <T>(list: T[], isIt: (one: T) => boolean): boolean => {
  const at = list.findIndex(isIt)
  if (at >= 0) list.splice(at, 1)
  return at >= 0
}

/** Open again in the state it has, without what closed it. */
function openAgain({ runs }: CycleEvidence, errorWaitMs: number): void {
  const run = runs.at(-1) as RunEvidence
  const settings = { checkGlueMs: 0, recordRetryMs: 0, errorWaitMs }
  Object.assign(run, { status: 'RUNNING', result: null, input: { ...run.input, settings } })
}

/** At work, with its first flush that says so, and nothing after. */
const isAsked = (step: HistoryStep, activity: string): boolean => step.kind === 'asked' && step.activity === activity

/** A cycle that goes on at once may have no such flush. */
const findFlushAtWork = ({ steps }: RunEvidence): HistoryStep | undefined =>
  steps.find(
    (step) =>
      isAsked(step, 'recordCycle') && 'input' in step && (step.input as CycleRecord).snapshot.state === 'PROCESSING',
  )

const isRerunByItself = ({ actions }: CycleRecord): boolean => actions.some(({ actor }) => actor === SLUICE)

const findWorked = ({ cycles }: Evidence): CycleEvidence | undefined =>
  cycles.find(
    (one) =>
      one.runs.length === 1 &&
      lastOf(one)?.snapshot.state === 'COMPLETED' &&
      findFlushAtWork(one.runs[0] as RunEvidence),
  )

function askNothing({ runs }: CycleEvidence, isWritten: boolean): void {
  const run = runs[0] as RunEvidence
  const before = run.steps.findIndex((step) => isAsked(step, 'startGlueJob'))
  const flush = findFlushAtWork(run)
  const answer = run.steps.filter((step) => 'askedAt' in step && step.askedAt === flush?.at)
  const steps = [...run.steps.slice(0, before), flush, ...(isWritten ? answer : [])]
  Object.assign(run, { steps, status: 'RUNNING', result: null })
}

const HOUR_MS = 3_600_000

test.each<[string, Invariant[], Plant]>([
  [
    'notices that reached a queue and left no row',
    ['I1'],
    // For a consumer whose definition was changing just then nobody can be blamed, so one that never changed.
    ({ ledger, definitions }) =>
      drop(ledger.events, ({ eventId, domain, product }) =>
        definitions.some(
          ({ version, definition }) =>
            eventId.includes('/not-refreshed-') &&
            version === 1 &&
            domainOf(definition.product) === domain &&
            upstreamsIn(definition.dependsOn).some((upstream) => upstream.product === product),
        ),
      ),
  ],
  [
    'an event that a cycle judged twice',
    ['I1'],
    ({ cycles }) =>
      change(
        cycles.flatMap(({ runs }) => runs.flatMap(recordsOf)).find(({ deliveries }) => deliveries.length > 0),
        ({ deliveries }) => void deliveries.push({ ...deliveries[0]!, outcome: 'duplicate' }),
      ),
  ],
  [
    'a start of a job that the cycle was not opened with',
    ['I4'],
    (evidence) =>
      change(inState(evidence, 'COMPLETED'), ({ runs }) => {
        const { input } = runs[0] as RunEvidence
        input.definition = { ...input.definition, run: { ...input.definition.run, glue: 'another' } }
      }),
  ],
  [
    'a start before its time',
    ['I4'],
    (evidence) =>
      change(inState(evidence, 'COMPLETED'), ({ runs }) => {
        const run = runs[0] as RunEvidence
        run.input = { ...run.input, notBeforeMs: evidence.collectedAtMs }
      }),
  ],
  [
    'a run that failed without a word',
    ['I5'],
    (evidence) =>
      change(
        inState(evidence, 'COMPLETED')?.runs[0],
        (run) => void Object.assign(run, { status: 'FAILED', result: null }),
      ),
  ],
  [
    'a private product told to another domain',
    ['I6'],
    (evidence) => {
      const isPrivate = (id: string): boolean =>
        evidence.definitions.some(
          ({ definition }) => definition.visibility === 'domain' && id.startsWith(`${definition.product}/`),
        )
      const row = rowsOf(evidence).find(
        ({ kind, facts }) =>
          kind === 'event-routed' &&
          /\/r\d+$/.test(String(facts['metadataId'])) &&
          isPrivate(String(facts['metadataId'])),
      )
      const other = evidence.domains.find((domain) => domain !== String(row?.facts['metadataId']).split('/')[0])
      const targetArn = `arn:aws:sqs:us-east-1:0:sluice-${other}-events`
      return change(row, (found) => void rowsOf(evidence).push({ ...found, facts: { ...found.facts, targetArn } }))
    },
  ],
  [
    'a private product published on the bus of all',
    ['I6'],
    (evidence) => {
      const names = evidence.definitions
        .filter(({ definition }) => definition.visibility === 'domain')
        .map(({ definition }) => definition.product as string)
      const entries = rowsOf(evidence)
        .filter(({ operation }) => operation === 'PutEvents')
        .flatMap(({ facts }) => facts['entries'] as { busArn: string; metadataId: string; detailType: string }[])
      const entry = entries.find(
        ({ metadataId, detailType }) =>
          detailType === 'Data Product Refreshed' && names.includes(metadataId.split('/').slice(0, 2).join('/')),
      )
      return change(entry, (found) => void (found.busArn = 'central'))
    },
  ],
  [
    'a cycle that fell due and was never opened',
    ['I10'],
    (evidence) => {
      const product = evidence.definitions[0]?.definition.product
      evidence.due?.push(`${domainOf(product!)}/${nameOf(product!)}/2031-01-01` as never)
      return true
    },
  ],
  [
    'a cycle that is over and does not close',
    ['I10'],
    (evidence) => change(inState(evidence, 'COMPLETED'), (one) => openAgain(one, 0)),
  ],
  [
    'an ERROR that waits for a person longer than it may',
    ['I10'],
    (evidence) =>
      change(inState(evidence, 'COMPLETED'), (one) => {
        Object.assign(lastOf(one)!.snapshot, { state: 'ERROR', step: 'run' })
        openAgain(one, HOUR_MS)
      }),
  ],
  [
    'an ERROR for lack of an input that is there by now',
    ['I10'],
    (evidence) =>
      change(inState(evidence, 'COMPLETED'), (one) => {
        const { snapshot } = lastOf(one)!
        const dependencies = snapshot.dependencies.map((known) => ({
          ...known,
          state: known.state === 'ARRIVED' ? 'WAITING' : known.state,
        }))
        Object.assign(snapshot, { state: 'ERROR', step: 'wait', dependencies })
        openAgain(one, 1_000 * HOUR_MS)
      }),
  ],
  [
    'an event withdrawn that nobody took back',
    ['I1'],
    (evidence) =>
      change(findWorked(evidence), (one) => {
        const [taken] = one.runs.flatMap(recordsOf).flatMap(({ deliveries }) => deliveries)
        if (taken) lastOf(one)?.deliveries.push({ ...taken, outcome: 'withdrawn' })
      }),
  ],
  [
    'a rerun for a correction that reads what was read before',
    ['I3'],
    (evidence) =>
      change(
        evidence.cycles.find(({ runs }) => runs.some((run) => recordsOf(run).some(isRerunByItself))),
        ({ runs }) => {
          for (const { snapshot } of runs.flatMap(recordsOf))
            for (const attempt of snapshot.attempts) for (const input of attempt.inputs ?? []) input.revision = 1
        },
      ),
  ],
  [
    'a cycle at work that asks for nothing',
    ['I10'],
    (evidence) => change(findWorked(evidence), (one) => askNothing(one, true)),
  ],
])('%s is seen as %j', (_, invariants, plant) => {
  const evidence = sound.map((one) => structuredClone(one)).find(plant)
  const found = new Set(findViolations(evidence!).map(({ invariant }) => invariant))
  expect([...found], 'what is seen').toEqual(expect.arrayContaining(invariants))
})

test('the worlds in which breaches are planted are sound', () => {
  expect(sound.flatMap(findViolations)).toEqual([])
})

test('a cycle whose flush is not written yet may be further than it says', () => {
  const evidence = structuredClone(sound).find(findWorked)!
  const cycle = findWorked(evidence)!
  askNothing(cycle, false)
  const found = findViolations(evidence).filter((violation) => violation.cycle === cycle.cycle)
  expect(found.filter(({ invariant, says }) => invariant === 'I10' && says.includes('asks for nothing'))).toEqual([])
})

test('what moved while it was read is named and not judged; what was at rest is judged', () => {
  const evidence = structuredClone(sound[0]!)
  const [moved, still] = evidence.mirror.statuses.filter(({ state }) => state === 'COMPLETED')
  Object.assign(moved!, { state: 'PROCESSING', updatedAt: new Date(evidence.readFromMs + 1).toISOString() })
  Object.assign(still!, { state: 'PROCESSING' })
  const { findings, moving } = examineAtWork(evidence)
  expect(moving.cycles).toEqual([moved?.cycle])
  const judged = Object.values(findings).flatMap(({ violations }) => violations)
  expect([...new Set(judged.map(({ cycle }) => cycle))]).toEqual([still?.cycle])
  expect(new Set(findViolations(evidence).map(({ cycle }) => cycle))).toEqual(new Set([moved?.cycle, still?.cycle]))
})

test.each(['PutEvents', 'SendMessage'])(
  'a notice that AWS took by %s after its history was read is named and not judged',
  (operation) => {
    const evidence = structuredClone(sound).find(({ sandbox = [] }) => sandbox.some(isNotice(operation)))!
    const row = rowsOf(evidence).find(isNotice(operation))!
    const [id = '', cycle = ''] = NOTICE_ID.exec(JSON.stringify(row.facts)) ?? []
    const facts = JSON.parse(JSON.stringify(row.facts).replaceAll(id, toNotRefreshedId(cycle as CycleId, 77, 1)))
    const late = { ...row, facts, seq: 99_999, atMs: evidence.readFromMs }
    rowsOf(evidence).push(late)
    const judged = () => examineAtWork(evidence).findings.I6?.violations.map((violation) => violation.cycle)
    expect(findMoving(evidence).cycles).toContain(cycle)
    expect(judged()).toEqual([])
    late.atMs -= HOUR_MS
    expect(judged()).toEqual([cycle])
  },
)

const NOTICE_ID = /([a-z0-9-]+\/[a-z0-9-]+\/[0-9-]+)\/not-refreshed-\d+\.\d+/
const isNotice =
  (wanted: string) =>
  ({ operation, facts }: SandboxRow): boolean =>
    operation === wanted && NOTICE_ID.test(JSON.stringify(facts))

test('an event that its bridge has not deleted yet is under way, for as long as a message may be in hand', () => {
  const evidence = structuredClone(sound[0]!)
  const routed = rowsOf(evidence).find(({ kind }) => kind === 'event-routed')!
  const eventId = String(routed.facts['metadataId'])
  routed.atMs = evidence.readFromMs - 60_000
  expect(findMoving(evidence).events).toEqual([eventId])
  const deleted = { ...routed, kind: 'call', operation: 'DeleteMessageBatch', outcome: 'ok' }
  rowsOf(evidence).push({ ...deleted, facts: { deleted: [routed.facts['messageId']] } })
  expect(findMoving(evidence).events).toEqual([])
  rowsOf(evidence).pop()
  routed.atMs = evidence.readFromMs - HOUR_MS
  expect(findMoving(evidence).events).toEqual([])
})
