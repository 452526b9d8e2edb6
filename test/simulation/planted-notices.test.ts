// The oracle on what people are told, and on moves: each breach planted in the evidence of a sound world is seen as its
// invariant. Worlds are looked through until one holds what a breach needs; the same seeds are the same worlds.
import { beforeAll, expect, test } from 'vitest'
import type { CycleRecord } from '../../model/cycle/record.ts'
import { toNotRefreshedId } from '../../model/ids.ts'
import type { Evidence, HistoryStep, RunEvidence } from '../../verify/evidence.ts'
import { askedOf, recordsOf } from '../../verify/fold.ts'
import type { Invariant } from '../../verify/verdict.ts'
import { examine, findViolations } from '../../verify/violations.ts'
import { HELD_UP_SIGNAL, type FailureNotice } from '../../workflows/contract.ts'
import { LIMIT_MS } from './play-seeds.ts'
import { type Plant, playSound } from './planting.ts'

const WORLDS = 24
let sound: Evidence[]

beforeAll(async () => {
  sound = await playSound(WORLDS)
}, WORLDS * LIMIT_MS)

type Asked = Extract<HistoryStep, { kind: 'asked' }>
interface Found {
  run: RunEvidence
  notice: Asked
}

const onNotice =
  (state: 'ERROR' | 'PROCESSING', change: (found: Found, evidence: Evidence) => void): Plant =>
  (evidence) => {
    const all = evidence.cycles.flatMap(({ runs }) =>
      runs.flatMap((run) => askedOf(run, 'notifyFailure').map((notice) => ({ run, notice }))),
    )
    const isIt = ({ run, notice }: Found): boolean =>
      (notice.input as FailureNotice).state === state && run.status !== 'RUNNING'
    const found = all.find(isIt)
    if (found) change(found, evidence)
    return found !== undefined
  }

const without = (run: RunEvidence, isGone: (step: HistoryStep) => boolean): void =>
  void (run.steps = run.steps.filter((step) => !isGone(step)))

/** The same notice asked for once more, and sent, of a state that no move led to. */
const askAgain = ({ run }: Found, activity: string, state: FailureNotice['state']): void => {
  const [asked] = askedOf(run, activity)
  const at = run.steps.at(-1)!.at + 1
  const { activityId, atMs } = asked!
  run.steps.push(
    { ...asked!, at, input: { ...(asked!.input as FailureNotice), state } },
    { kind: 'answered', at: at + 1, atMs, activity, activityId, askedAt: at, result: undefined },
  )
}

/** The row of AWS that took the notice, once more and under an id that nobody asked for. */
const takeAlien = ({ notice }: Found, { sandbox = [] }: Evidence, operation: 'PutEvents' | 'SendMessage'): void => {
  const { id, cycle } = notice.input as FailureNotice
  const row = sandbox.find((one) => one.operation === operation && JSON.stringify(one.facts).includes(id))!
  const facts = JSON.parse(JSON.stringify(row.facts).replaceAll(id, toNotRefreshedId(cycle, 77, 1)))
  sandbox.push({ ...row, seq: sandbox.length + 1, facts })
}

/** A move of a flush that holds several. */
const onFlush =
  (change: (record: CycleRecord, evidence: Evidence) => void): Plant =>
  (evidence) => {
    const records = evidence.cycles.flatMap(({ runs }) => runs.flatMap(recordsOf))
    const found = records.find(({ transitions }) => transitions.length > 1)
    if (found) change(found, evidence)
    return found !== undefined
  }

const rowOf = ({ mirror }: Evidence, { cycle, runNumber }: CycleRecord, version: number | undefined) =>
  mirror.transitions.find((row) => row.cycle === cycle && row.runNumber === runNumber && row.version === version)!

test.each<[string, Invariant, Plant]>([
  [
    'an ERROR that its owner was told of twice',
    'I6',
    onNotice('ERROR', ({ run, notice }) => void run.steps.push(notice)),
  ],
  [
    'an ERROR that its owner was not told of',
    'I6',
    onNotice('ERROR', ({ run, notice }, evidence) => {
      // By the history alone: to AWS's ledger the notice is an alien now.
      delete evidence.sandbox
      without(run, (step) => step === notice)
    }),
  ],
  [
    'an end without data that no consumer was told of',
    'I6',
    onNotice('ERROR', ({ run }, evidence) => {
      delete evidence.sandbox
      without(run, (step) => 'activity' in step && step.activity === 'publishNotRefreshed')
    }),
  ],
  [
    'a notice to an owner that no queue took',
    'I6',
    onNotice('ERROR', ({ notice }, evidence) => {
      const { id } = notice.input as FailureNotice
      evidence.sandbox =
        evidence.sandbox?.filter(({ facts }) => !String(facts['MessageBody']).includes(`"${id}"`)) ?? []
    }),
  ],
  [
    'a run that closed before its notice was out',
    'I6',
    onNotice('ERROR', ({ run, notice }) => without(run, (step) => 'askedAt' in step && step.askedAt === notice.at)),
  ],
  [
    'a held-up step that its owner was told of twice',
    'I6',
    onNotice('PROCESSING', ({ run, notice }) => void run.steps.splice(run.steps.indexOf(notice), 0, { ...notice })),
  ],
  [
    'a notice of a step that nothing held up',
    'I6',
    onNotice('PROCESSING', ({ run }) => without(run, (step) => step.kind === 'signal' && step.name === HELD_UP_SIGNAL)),
  ],
  [
    'a notice to consumers in a state that tells nothing',
    'I6',
    onNotice('ERROR', (found) => askAgain(found, 'publishNotRefreshed', 'COMPLETED')),
  ],
  [
    'a notice to consumers of an end that never was',
    'I6',
    onNotice('ERROR', (found) => askAgain(found, 'publishNotRefreshed', 'SKIPPED')),
  ],
  [
    'a notice to an owner in a state that tells nothing',
    'I6',
    onNotice('ERROR', (found) => askAgain(found, 'notifyFailure', 'WAITING')),
  ],
  [
    'an event "Not Refreshed" that no history asked for',
    'I6',
    onNotice('ERROR', (found, evidence) => takeAlien(found, evidence, 'PutEvents')),
  ],
  [
    'a notice to an owner that no history asked for',
    'I6',
    onNotice('ERROR', (found, evidence) => takeAlien(found, evidence, 'SendMessage')),
  ],
  [
    'a step refused twice that its owner was not told of',
    'I10',
    onNotice('PROCESSING', ({ run, notice }) => without(run, (step) => step === notice)),
  ],
  [
    'an illegal move between two of one flush',
    'I8',
    onFlush((record, evidence) => {
      const [move] = record.transitions
      Object.assign(rowOf(evidence, record, move?.version), { to: 'SKIPPED' })
    }),
  ],
  [
    'a cycle that opened at work',
    'I8',
    ({ mirror }) => {
      const first = mirror.transitions.find(({ from, to }) => from === 'WAITING' && to === 'PROCESSING')!
      const opening = mirror.transitions.find(({ cycle, from }) => cycle === first.cycle && from === null)!
      mirror.transitions.splice(mirror.transitions.indexOf(first), 1)
      return Object.assign(opening, { to: 'PROCESSING' }) !== null
    },
  ],
  ['a state that no move led to', 'I8', onFlush((record) => void (record.snapshot.state = 'CANCELLED'))],
])('%s is seen as %s', (_, invariant, plant) => {
  const evidence = sound.map((one) => structuredClone(one)).find(plant)
  expect(evidence, 'a world that holds what the breach needs').toBeDefined()
  expect(findViolations(evidence!).map((violation) => violation.invariant)).toContain(invariant)
})

test('the worlds in which breaches are planted are sound, and nothing in them is worth a note', () => {
  expect(sound.flatMap(findViolations)).toEqual([])
  expect(sound.flatMap((evidence) => examine(evidence).I10?.notes ?? [])).toEqual([])
})

test.each(['recallArrivals', 'publishNotRefreshed', 'notifyFailure'])(
  'a run that stays open for want of an answer to %s names it, and nothing that was answered',
  (activity) => {
    const cycles = structuredClone(sound).flatMap((evidence) => evidence.cycles.map((one) => ({ evidence, one })))
    const { evidence, one } = cycles.find(
      ({ one: { runs } }) =>
        runs.length === 1 && runs[0]!.status === 'COMPLETED' && askedOf(runs[0]!, activity).length === 1,
    )!
    const run = one.runs[0]!
    without(run, (step) => step.kind === 'answered' && step.activity === activity)
    const settings = { ...run.input.settings, recordRetryMs: 0, errorWaitMs: 0 }
    Object.assign(run, { status: 'RUNNING', result: null, input: { ...run.input, settings } })
    const found = examine({ ...evidence, cycles: [one], due: [] }).I10!.violations
    const [violation] = found.filter(({ says }) => says.includes('is open in'))
    expect(violation?.says).toMatch(new RegExp(`; unanswered: ${activity}$`))
    const { at } = askedOf(run, activity)[0]!
    expect(violation?.evidence).toContain(`history of ${one.cycle}, event ${at}: ${activity} asked, and no end of it`)
  },
)

test('a start that gets no answer for hours is noted, and breaks no promise by that', () => {
  const evidence = structuredClone(sound[0]!)
  // Written before it was started: else nothing tells that a worker has it.
  const isBegun = ({ runs: [run] }: Evidence['cycles'][number]): boolean => {
    const [written, ordered] = [askedOf(run!, 'recordCycle')[0], askedOf(run!, 'startGlueJob')[0]]
    return written !== undefined && ordered !== undefined && written.at < ordered.at
  }
  const one = evidence.cycles.find((cycle) => cycle.runs.length === 1 && isBegun(cycle))!
  const run = one.runs[0]!
  const at = run.steps.findIndex((step) => step.kind === 'asked' && step.activity === 'startGlueJob')
  const { at: askedAt, atMs } = run.steps[at]!
  Object.assign(run, { steps: run.steps.slice(0, at + 1), status: 'RUNNING', result: null })
  for (const record of recordsOf(run)) Object.assign(record.snapshot, { state: 'PROCESSING', attempts: [] })
  const notes = (): string[] => examine({ ...evidence, cycles: [one] }).I10?.notes ?? []

  evidence.readFromMs = atMs + 3_600_000
  expect(notes()).toEqual([])
  evidence.readFromMs += 1
  const since = `${one.cycle} has been at its step start since ${new Date(atMs).toISOString()}`
  expect(notes()).toEqual([since])
  const refusal = { step: 'start', reason: 'the role may not', isRefusal: true }
  run.steps.push({ at: askedAt + 1, atMs, kind: 'signal', name: HELD_UP_SIGNAL, payload: refusal })
  expect(notes()).toEqual([`${since}, refusals told: 1`])
  const violations = examine({ ...evidence, cycles: [one], due: [] }).I10?.violations
  expect(violations?.filter(({ cycle }) => cycle === one.cycle)).toEqual([])
})
