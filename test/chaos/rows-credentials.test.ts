// Row 38: credentials that expired and rights that are gone, where a role takes, starts and publishes.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { RERUN } from '../../workflows/contract.ts'
import { publishedIds, startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { endOf, leftOf, type Walk } from './mesh.ts'
import { hold, MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import { askDoctor, countAlarms, instantIn, tellings } from './told.ts'
import { feed, setFault, until, untilQuiet } from './walks.ts'
import {
  countUses,
  noticesOf,
  putAside,
  redriven,
  removeFault,
  setStartFault,
  stateOf,
  waitingOf,
  type Watch,
  watchLedger,
} from './witness.ts'

const { stage, take } = useRowStage(7)

/** What AWS answers, and what a cycle then waits for. */
const REFUSALS = [
  { code: 'AccessDeniedException', waitsFor: 'AwsAccessDenied' },
  { code: 'ExpiredTokenException', waitsFor: 'AwsCredentialsExpired' },
] as const

/** What a bridge asks of its queue; EventBridge, which sends to it, has rights of its own. */
const BRIDGE_CALLS = ['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch']

test(
  'row 38: a bridge that may not receive pauses, says so, and dead-letters nothing',
  () =>
    playCase(stage(), { row: 38, name: 'no right to receive' }, async ({ draw, healed }) => {
      const walks = take(1)
      const { code } = REFUSALS[draw.below(REFUSALS.length)] ?? REFUSALS[0]
      const seen = await watchLedger(stage())
      const before = tellings(stage()).length
      const refusedAtMs = Date.now()
      for (const operation of BRIDGE_CALLS)
        await setFault(stage(), {
          ...{ id: operation, service: 'sqs', operation, times: 'unlimited' },
          action: { kind: 'error', code, status: 403 },
        })
      await feed(stage(), walks)
      const countTries = async () => countUses(await seen(), 'ReceiveMessage')
      await until('a bridge was refused', 2 * MINUTE_MS, async () => (await countTries()) > 0)
      await hold(draw.between(10, 20))
      const tries = await countTries()
      for (const operation of BRIDGE_CALLS) await removeFault(stage(), operation)
      healed(`${code} is over after ${tries} refusals`)
      // Every loop of either bridge pauses longer each time: a storm would be thousands.
      expect(tries).toBeLessThan(100)
      const told = tellings(stage()).slice(before)
      expect(told.length, 'told at once, and once').toBe(1)
      expect(told.at(-1)).toMatchObject({ away: 'queue', catchesUp: expect.stringContaining('nothing is lost') })
      expect(told.at(-1)?.error).toContain(code)
      expect(told.at(-1)?.level, 'an error: no pause mends a refusal').toBe(PINO_ERROR)
      expect(instantIn(told[0]?.since)).toBeGreaterThanOrEqual(refusedAtMs)
      await untilQuiet(stage(), walks)
      expect(redriven(await seen())).toEqual([])
      expect(putAside(await seen())).toEqual([])
      return { walks }
    }),
  15 * MINUTE_MS,
)

/** Of the log's levels. */
const PINO_ERROR = 50

test(
  'row 38: a worker that may not start a run tries again by itself, tells the owner once, and starts one run',
  () =>
    playCase(stage(), { row: 38, name: 'no right to start a run' }, async ({ healed }) => {
      const walks = take(REFUSALS.length)
      const waits = REFUSALS.map((refusal, at) => ({ ...refusal, cycle: leftOf(walks[at] as Walk) }))
      const seen = await watchLedger(stage())
      for (const { code, cycle } of waits)
        await setStartFault(
          stage(),
          {
            ...{ id: code, where: { 'Arguments.--sluice_workflow_id': cycle }, times: 1_000_000 },
            action: { kind: 'error', code },
          },
          RUN_MS,
        )
      await feed(stage(), walks)
      for (const { waitsFor, cycle } of waits)
        await until(`${cycle} was refused again`, 3 * MINUTE_MS, async () => {
          const { attempt = 0, type } = (await waitingOf(stage(), cycle, 'startGlueJob')) ?? {}
          return type === waitsFor && attempt > 2
        })
      for (const { code, cycle } of waits) await expectPaged(seen, cycle, code)
      for (const { code } of waits) await removeFault(stage(), code)
      healed('the rights are there again')
      await untilQuiet(stage(), walks)
      for (const { cycle } of waits) expect(noticesOf(await seen(), cycle), 'no second notice').toHaveLength(1)
      return { walks }
    }),
  15 * MINUTE_MS,
)

/** Refused twice: one notice in the queue of the domain's people, an error in the log, the reason where it is looked for. */
async function expectPaged(seen: Watch, cycle: string, code: string): Promise<void> {
  await until(`the owner of ${cycle} was told`, MINUTE_MS, async () => noticesOf(await seen(), cycle).length > 0)
  const [notice, ...more] = noticesOf(await seen(), cycle)
  expect(more, 'one notice').toEqual([])
  // The ledger keeps the beginning of a message.
  expect(String(notice?.facts['MessageBody'])).toMatch(/"reason":"Could not (start|publish)/)
  const domain = cycle.startsWith('d1/') ? 'd1' : 'd2'
  expect(countAlarms(stage(), domain, cycle), 'errors in the log').toBeGreaterThan(0)
  expect(await askDoctor(stage(), `${domain}: held up`, domain)).toMatchObject({
    ok: false,
    // Of several it gives the reason of the first.
    found: expect.stringMatching(/held up, .*(AccessDenied|ExpiredToken)Exception/),
  })
  await until(`the mirror says why ${cycle} does not get on`, MINUTE_MS, async () => {
    const row = await stage().db.one<{ reason: string | null }>(
      'select reason from data_product_status where cycle = $1',
      [cycle],
    )
    return row?.reason?.includes(code) ?? false
  })
}

test(
  'row 38: a put refused as a whole is tried again until it is taken, and its owner told once',
  () =>
    playCase(stage(), { row: 38, name: 'no right to publish, by call' }, async ({ draw, healed }) => {
      const walks = take(1) as [Walk]
      const { code, waitsFor } = REFUSALS[draw.below(REFUSALS.length)] ?? REFUSALS[0]
      const seen = await watchLedger(stage())
      await setFault(stage(), {
        ...{ id: 'unheard', service: 'events', operation: 'PutEvents', account: stage().accounts['d2'] },
        ...{ times: 'unlimited', action: { kind: 'error', code } },
      })
      await feed(stage(), walks)
      const cycle = endOf(walks[0])
      await until('the end was refused again', 4 * MINUTE_MS, async () => {
        const { attempt = 0, type } = (await waitingOf(stage(), cycle, 'publishRefreshEvent')) ?? {}
        return type === waitsFor && attempt > 2
      })
      await expectPaged(seen, cycle, code)
      await removeFault(stage(), 'unheard')
      healed('the right is there again')
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 38: an entry that the bus policy refuses is ERROR(publish) and one notice; the rerun publishes, without another run',
  () =>
    playCase(stage(), { row: 38, name: 'no right to publish, by entry' }, async ({ healed }) => {
      const [refused, ...walks] = take(2) as [Walk, ...Walk[]]
      const cycle = endOf(refused)
      const seen = await watchLedger(stage())
      await setFault(stage(), {
        ...{ id: 'entry', service: 'events', operation: 'PutEvents', account: stage().accounts['d2'] },
        where: { 'Entries.0.DetailType': 'Data Product Refreshed' },
        action: { kind: 'fail-entry', index: 0, code: 'AccessDeniedException' },
      })
      await feed(stage(), [refused])
      await until(`${cycle} is in ERROR`, 3 * MINUTE_MS, async () => (await stateOf(stage(), cycle))?.state === 'ERROR')
      expect(await stateOf(stage(), cycle)).toMatchObject({ step: 'publish' })
      await feed(stage(), walks)
      const command = { actor: 'fault suite', reason: 'the policy is mended', requestId: randomUUID() }
      await stage()
        .temporal.workflow.getHandle(cycle)
        .executeUpdate(RERUN, { args: [command], updateId: command.requestId })
      healed('rerun', [refused])
      await untilQuiet(stage(), [refused, ...walks])
      const rows = await seen()
      expect(startedRuns(rows).filter((run) => run.cycle === cycle)).toHaveLength(1)
      expect(publishedIds(rows).filter(({ id }) => id === `${cycle}/r1`)).toHaveLength(1)
      expect(noticesOf(rows, cycle), 'one notice').toHaveLength(1)
      // Its way over ERROR is no plain walk; the invariants judge it with all others.
      return { walks }
    }),
  15 * MINUTE_MS,
)
