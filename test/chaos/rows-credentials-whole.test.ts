// Row 38, of a whole domain: its credentials are refused by SQS, Glue, EventBridge and S3 at once, while cycles of it stand at
// each step that asks AWS and events lie in its queue.
import { expect, test } from 'vitest'
import { type CaseRun, playCase } from './cases.ts'
import { cyclesOf, leftOf, rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import { askDoctor, tellings } from './told.ts'
import { feed, putRaw, setFault, toRawEntry, until, untilQuiet } from './walks.ts'
import {
  countUses,
  noticesOf,
  putAside,
  redriven,
  removeFault,
  setStartFault,
  waitingOf,
  type Watch,
  watchLedger,
} from './witness.ts'

const { stage, take } = useRowStage(4)

/** What AWS answers, S3 by a name of its own, and what a cycle then waits for. */
const REFUSALS = [
  { code: 'AccessDeniedException', ofS3: 'AccessDenied', waitsFor: 'AwsAccessDenied' },
  { code: 'ExpiredTokenException', ofS3: 'ExpiredToken', waitsFor: 'AwsCredentialsExpired' },
] as const
type Refusal = (typeof REFUSALS)[number]

/** One for each step that asks AWS, and one whose events lie in the queue. */
type Walks = [Walk, Walk, Walk, Walk]

const SERVICES = ['sqs', 'glue', 'events', 's3'] as const
/** What the roles ask of queues; EventBridge, which sends to them, has rights of its own. */
const QUEUE_CALLS = [
  ...['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch', 'GetQueueUrl', 'GetQueueAttributes'],
]
const ROLES = ['worker', 'bridge'] as const
/** Of the log's levels. */
const PINO_ERROR = 50

test(
  'row 38: a domain refused by every service goes on trying, doctor says so, and once mended it does each thing once',
  () =>
    playCase(stage(), { row: 38, name: 'a domain refused by all services' }, async (run) => {
      const walks = take(4) as Walks
      const refusal = REFUSALS[run.draw.below(REFUSALS.length)] ?? REFUSALS[0]
      const seen = await watchLedger(stage())
      const toldBefore = tellings(stage()).length
      const held = await standAtEachStep(walks)
      const rules = await refuseAll(refusal)
      for (const id of ['full', 'throttled']) await removeFault(stage(), id)
      run.note(`${refusal.code} of every service`)
      await feedWhileRefused(walks)
      for (const { cycle, activity } of held)
        await until(`${cycle} is refused`, 4 * MINUTE_MS, async () => {
          const { attempt = 0, type } = (await waitingOf(stage(), cycle, activity)) ?? {}
          return type === refusal.waitsFor && attempt > 2
        })
      await expectTrying(seen, run)
      await expectSaid(refusal, toldBefore)
      for (const id of rules) await removeFault(stage(), id)
      run.healed('the credentials are taken again')
      await untilQuiet(stage(), walks, 5 * MINUTE_MS)
      const rows = await seen()
      expect([...redriven(rows), ...putAside(rows)], 'no dead letter').toEqual([])
      for (const { cycle } of walks.flatMap(cyclesOf))
        expect(noticesOf(rows, cycle).length, `notices of ${cycle}`).toBeLessThanOrEqual(1)
      expect(await askDoctor(stage(), 'd1: held up')).toMatchObject({ ok: true })
      return { walks }
    }),
  20 * MINUTE_MS,
)

interface Held {
  cycle: string
  activity: 'startGlueJob' | 'awaitGlueJob' | 'publishRefreshEvent'
}

/** Longer than it takes to have all three where they are wanted; the run may end while its end cannot be heard of. */
const LONG_MS = 60_000
const LONG_RUN = {
  kind: 'run-timeline',
  states: [
    { state: 'RUNNING', afterMs: 0 },
    { state: 'SUCCEEDED', afterMs: LONG_MS },
  ],
}
const FULL = { kind: 'error', code: 'ConcurrentRunsExceededException' }

/** A start that waits for Glue's room, a run at work, a publication that waits for the rate of calls. */
async function standAtEachStep([starts, runs, publishes]: Walks): Promise<Held[]> {
  const toWhere = (walk: Walk) => ({ where: { 'Arguments.--sluice_workflow_id': leftOf(walk) } })
  await setStartFault(stage(), { id: 'full', ...toWhere(starts), times: 1_000_000, action: FULL }, RUN_MS)
  await setStartFault(stage(), { id: 'long', ...toWhere(runs), action: LONG_RUN }, RUN_MS)
  await setFault(stage(), {
    ...{ id: 'throttled', service: 'events', operation: 'PutEvents', account: stage().accounts['d1'] },
    ...{ times: 'unlimited', action: { kind: 'throttle' } },
  })
  await putRaw(stage(), [starts, runs, publishes].map(firstOf))
  return Promise.all([
    stands({ cycle: leftOf(starts), activity: 'startGlueJob' }, 'WaitsForConcurrentRuns'),
    stands({ cycle: leftOf(runs), activity: 'awaitGlueJob' }),
    stands({ cycle: leftOf(publishes), activity: 'publishRefreshEvent' }, 'WaitsForCallRate'),
  ])
}

/** Resolves once its last try failed so; without a type, once it is under way and none failed. */
async function stands(held: Held, type?: string): Promise<Held> {
  const { cycle, activity } = held
  await until(`${cycle} stands at ${activity}`, 2 * MINUTE_MS, async () => {
    const waiting = await waitingOf(stage(), cycle, activity)
    return waiting !== undefined && waiting.type === type
  })
  return held
}

const firstOf = (walk: Walk) => toRawEntry(rawProducts(walk)[0] ?? '', walk.key)
const secondOf = (walk: Walk) => toRawEntry(rawProducts(walk)[1] ?? '', walk.key)

/** The rest of the walks, and one more: its events can only lie in the queue. */
async function feedWhileRefused([starts, runs, publishes, queued]: Walks): Promise<void> {
  await putRaw(stage(), [starts, runs, publishes].map(secondOf))
  await feed(stage(), [queued])
}

/** The ids of the switches, each called after its service. */
async function refuseAll({ code, ofS3 }: Refusal): Promise<string[]> {
  const account = stage().accounts['d1']
  const ids: string[] = []
  for (const service of SERVICES)
    for (const operation of service === 'sqs' ? QUEUE_CALLS : ['*']) {
      const id = `${service} ${operation}`
      const action = { kind: 'error', code: service === 's3' ? ofS3 : code, status: 403 }
      await setFault(stage(), { id, service, operation, account, times: 'unlimited', action })
      ids.push(id)
    }
  return ids
}

/** Neither role ends, and every service is asked again after a while of refusals. */
async function expectTrying(seen: Watch, { draw, note }: CaseRun): Promise<void> {
  const countTries = async () => {
    const rows = await seen()
    return SERVICES.map((service) => countUses(rows, `${service} ${service === 'sqs' ? 'ReceiveMessage' : '*'}`))
  }
  const before = await countTries()
  const more = draw.between(1, 2)
  await until(`each service was asked ${more} more times`, 5 * MINUTE_MS, async () =>
    (await countTries()).every((count, at) => count >= (before[at] ?? 0) + more),
  )
  for (const role of ROLES) expect(stage().roleOf(role, 'd1').exit(), role).toBeUndefined()
  note(`refused so often: ${(await countTries()).map((count, at) => `${SERVICES[at]} ${count}`).join(', ')}`)
}

/** By doctor which cycles are held up and that no queue answers; by the bridge, at error level, once. */
async function expectSaid({ code }: Refusal, toldBefore: number): Promise<void> {
  expect(await askDoctor(stage(), 'd1: held up')).toMatchObject({ ok: false, found: expect.stringContaining(code) })
  expect(await askDoctor(stage(), 'd1: queues')).toMatchObject({ ok: false })
  const errors = tellings(stage())
    .slice(toldBefore)
    .filter(({ level }) => level === PINO_ERROR)
  expect(errors, 'error lines of the refusal').toMatchObject([{ away: 'queue', error: expect.stringContaining(code) }])
}
