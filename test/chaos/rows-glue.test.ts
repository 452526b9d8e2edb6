// Rows 1 to 5: Glue takes a start and does not say so, has no room, loses, delays and repeats its events, hangs.
import { expect, test } from 'vitest'
import type { GlueRunEnd } from '../../model/cycle/attempt.ts'
import { publishedIds, startedRuns } from '../end-to-end/sandbox-ledger.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { playCase } from './cases.ts'
import { endOf, leftOf, rightOf, type Walk } from './mesh.ts'
import { rerunFailed } from './provoke.ts'
import { hold, MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import {
  answersOf,
  callsOf,
  countUses,
  noticesOf,
  removeFault,
  setStartFault,
  stateOf,
  waitingOf,
  watchLedger,
} from './witness.ts'
import { feed, setFault, until, untilQuiet } from './walks.ts'

const { stage, take } = useRowStage(9)
const toWhere = (cycle: string) => ({ where: { 'Arguments.--sluice_workflow_id': cycle } })

test(
  'row 1: a run whose start was answered by nothing is found and adopted',
  () =>
    playCase(stage(), { row: 1, name: 'StartJobRun done, its reply lost' }, async () => {
      const walks = take(2)
      const cycles = walks.flatMap((walk) => [leftOf(walk), endOf(walk)])
      for (const cycle of cycles)
        await setStartFault(stage(), { id: `lost ${cycle}`, ...toWhere(cycle), action: { kind: 'lose-reply' } }, RUN_MS)
      await feed(stage(), walks)
      await untilQuiet(stage(), walks)
      for (const cycle of cycles)
        expect(await answersOf(stage(), cycle, 'startGlueJob'), cycle).toMatchObject([{ adopted: true }])
      return { walks }
    }),
  15 * MINUTE_MS,
)

/** What Glue refuses a start with, and what the cycle then waits for. */
const REFUSALS = [
  { code: 'ConcurrentRunsExceededException', waitsFor: 'WaitsForConcurrentRuns' },
  { code: 'ResourceNumberLimitExceededException', waitsFor: 'WaitsForAccountQuota' },
  { code: 'ThrottlingException', waitsFor: 'WaitsForCallRate' },
]

test(
  'row 2: no room of either kind and throttling are three waits, no failure, and no burst comes after them',
  () =>
    playCase(stage(), { row: 2, name: 'Glue full or throttling' }, async ({ draw, healed }) => {
      const walks = take(REFUSALS.length)
      const waits = REFUSALS.map((refusal, at) => ({ ...refusal, cycle: leftOf(walks[at] as Walk) }))
      const seen = await watchLedger(stage())
      for (const { cycle, code } of waits)
        await setStartFault(
          stage(),
          { id: code, ...toWhere(cycle), times: 1_000_000, action: { kind: 'error', code } },
          RUN_MS,
        )
      await feed(stage(), walks)
      for (const { cycle, waitsFor } of waits)
        await until(`${cycle} waits again`, 2 * MINUTE_MS, async () => {
          const { attempt = 0, type } = (await waitingOf(stage(), cycle, 'startGlueJob')) ?? {}
          return type === waitsFor && attempt > 2
        })
      await hold(draw.between(5, 10))
      const [concurrent = 0, quota = 0] = await Promise.all(
        REFUSALS.map(async ({ code }) => countUses(await seen(), code)),
      )
      expect(concurrent, 'the short wait is tried more often than the long one').toBeGreaterThan(quota)
      for (const { code } of waits) await removeFault(stage(), code)
      const after = await watchLedger(stage())
      healed('Glue has room')
      await untilQuiet(stage(), walks)
      const startsIn = (rows: SandboxRow[]): SandboxRow[] =>
        callsOf(rows, 'StartJobRun').filter(({ facts }) => String(facts['JobName']).startsWith('d1-left-'))
      // From the beginning: one may start between the end of its switch and that of the last.
      expect(startsIn(await seen()).filter(({ outcome }) => outcome === 'ok')).toHaveLength(waits.length)
      // At most one refusal was on its way when the switches went.
      expect(startsIn(await after()).length).toBeLessThanOrEqual(waits.length + 1)
      for (const { cycle } of waits) expect(noticesOf(await seen(), cycle)).toEqual([])
      return { walks }
    }),
  20 * MINUTE_MS,
)

test(
  'row 3: a run whose end Glue never told is found ended by the next check',
  () =>
    playCase(stage(), { row: 3, name: 'run ends, no event' }, async () => {
      const walks = take(1)
      await setFault(stage(), {
        ...{ id: 'untold', service: 'glue', operation: 'StateChangeEvent', times: 'unlimited' },
        action: { kind: 'drop-event' },
      })
      await feed(stage(), walks)
      await untilQuiet(stage(), walks).finally(() => removeFault(stage(), 'untold'))
      for (const cycle of walks.flatMap((walk) => [leftOf(walk), endOf(walk)]))
        expect(await answersOf<GlueRunEnd>(stage(), cycle, 'awaitGlueJob'), cycle).toMatchObject([
          { state: 'SUCCEEDED', noticedBy: 'check' },
        ])
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 4: events of an earlier attempt, of a cycle that is closed, doubled and out of order change nothing',
  () =>
    playCase(stage(), { row: 4, name: 'late, doubled, reordered Glue events' }, async ({ note }) => {
      const [failing, late] = take(2) as [Walk, Walk]
      await setLateEvents(failing, late)
      const seen = await watchLedger(stage())
      await feed(stage(), [failing, late])
      await until('both late events were held back', 2 * MINUTE_MS, async () => {
        const rows = await seen()
        return countUses(rows, 'late failed') + countUses(rows, 'late succeeded') === 2
      })
      await untilQuiet(stage(), [failing, late])
      const [, second] = startedRuns(await seen()).filter(({ cycle }) => cycle === leftOf(failing))
      expect(await answersOf<GlueRunEnd>(stage(), leftOf(failing), 'awaitGlueJob')).toMatchObject([
        { state: 'FAILED', noticedBy: 'check' },
        { state: 'SUCCEEDED', runId: second?.runId },
      ])
      const heldAtMs = Math.max(...(await seen()).filter(isHeld).map(({ atMs }) => atMs))
      await until('both late events were let go', MINUTE_MS, async () => (await sandboxNowMs()) > heldAtMs + LATE_MS)
      for (const id of ['doubled', 'shuffled']) await removeFault(stage(), id)
      note('the events come as they should')
      return { walks: [failing, late], allowed: { attempts: { [leftOf(failing)]: 1 } } }
    }),
  15 * MINUTE_MS,
)

/** Far beyond the check of a lost event and the pause before the next attempt. */
const LATE_MS = 30_000

/** Of one cycle the first attempt fails, of the other the only one succeeds; both are told late, all others twice more. */
async function setLateEvents(failing: Walk, late: Walk): Promise<void> {
  const told = { service: 'glue', operation: 'StateChangeEvent' }
  const delay = { kind: 'delay', ms: LATE_MS }
  await setFault(stage(), {
    ...told,
    id: 'late failed',
    where: { workflowId: leftOf(failing), attempt: '1' },
    action: delay,
  })
  await setFault(stage(), { ...told, id: 'late succeeded', where: { workflowId: leftOf(late) }, action: delay })
  await setFault(stage(), { ...told, id: 'doubled', times: 'unlimited', action: { kind: 'duplicate', times: 3 } })
  await setFault(stage(), {
    ...{ id: 'shuffled', service: 'sqs', operation: 'ReceiveMessage', times: 'unlimited', action: { kind: 'reorder' } },
  })
  const { where } = toWhere(leftOf(failing))
  const first = { ...where, 'Arguments.--sluice_attempt': '1' }
  const second = { ...where, 'Arguments.--sluice_attempt': '2' }
  await setStartFault(stage(), { id: 'fails', where: first, action: toTimeline('FAILED', RUN_MS) }, RUN_MS)
  // Long enough to be at work when the end of the first is told.
  await setStartFault(stage(), { id: 'goes on', where: second, action: toTimeline('SUCCEEDED', LATE_MS) }, RUN_MS)
}

const toTimeline = (end: string, afterMs: number) => ({
  kind: 'run-timeline',
  states: [
    { state: 'RUNNING', afterMs: 0 },
    { state: end, afterMs, message: 'of row 4' },
  ],
})

const isHeld = ({ kind, facts }: SandboxRow): boolean => kind === 'fault' && String(facts['rule']).startsWith('late ')

async function sandboxNowMs(): Promise<number> {
  const answer = await fetch(`${stage().awsEndpoint}/_sandbox/health`)
  return ((await answer.json()) as { nowMs: number }).nowMs
}

/** The definitions of the stage let a run take ten minutes, and try twice. */
const TIMEOUT_MS = 10 * MINUTE_MS + 1_000

test(
  'row 5: a job that hangs is ended by its timeout; with all attempts spent there is ERROR, one notice, and a rerun mends it',
  () =>
    playCase(stage(), { row: 5, name: 'job hangs, over its timeout' }, async ({ note }) => {
      const walks = take(1) as [Walk]
      const cycle = leftOf(walks[0])
      const seen = await watchLedger(stage())
      const hangs = { kind: 'run-timeline', states: [{ state: 'RUNNING', afterMs: 0 }] }
      await setStartFault(stage(), { id: 'hangs', ...toWhere(cycle), times: 2, action: hangs }, RUN_MS)
      await feed(stage(), walks)
      // Time is put forward for all runs: the other one of the walk must be over before.
      const other = rightOf(walks[0])
      await until(
        `${other} is built`,
        3 * MINUTE_MS,
        async () => (await stateOf(stage(), other))?.state === 'COMPLETED',
      )
      for (const attempt of [1, 2]) {
        await until(`attempt ${attempt} hangs`, 3 * MINUTE_MS, async () =>
          startedRuns(await seen()).some((run) => run.cycle === cycle && run.attempt === attempt),
        )
        await putForward(TIMEOUT_MS)
        note(`attempt ${attempt} has hung for ten minutes of Glue`)
      }
      await until(`${cycle} is in ERROR`, 3 * MINUTE_MS, async () => (await stateOf(stage(), cycle))?.state === 'ERROR')
      expect(await stateOf(stage(), cycle)).toMatchObject({ step: 'run' })
      await rerunFailed(stage(), walks[0])
      await untilQuiet(stage(), walks)
      const rows = await seen()
      expect(noticesOf(rows, cycle), 'one notice').toHaveLength(1)
      expect(
        publishedIds(rows).filter(({ detailType, id }) => detailType.includes('Not') && id.includes(cycle)),
      ).toHaveLength(1)
      return { walks, allowed: { attempts: { [cycle]: 2 } } }
    }),
  20 * MINUTE_MS,
)

/** Puts the sandbox's time forward: what Glue counts runs by. */
async function putForward(aheadMs: number): Promise<void> {
  const answer = await fetch(`${stage().awsEndpoint}/_sandbox/clock`, {
    method: 'POST',
    body: JSON.stringify({ aheadMs }),
  })
  if (!answer.ok) throw new Error(`The sandbox did not put its time forward: ${await answer.text()}`)
}
