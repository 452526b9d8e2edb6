// Rows 18, 19 and 21: Temporal is away, does what it was asked and cannot say so, takes few calls a second.
import { Connection, isGrpcServiceError } from '@temporalio/client'
import { expect, test } from 'vitest'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { useKeptTemporal } from './kept-servers.ts'
import { cyclesOf, leftOf, type Walk } from './mesh.ts'
import { hold, MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import type { RoleName } from './roles.ts'
import { askDoctor, bridgeLines, instantIn, tellings } from './told.ts'
import { feed, lyingMessages, readLedger, setGlueTimeline, until, untilQuiet } from './walks.ts'
import { answersOf, callsOf, countUses, mostReceives, setStartFault, waitingOf, watchLedger } from './witness.ts'

const temporal = useKeptTemporal()
const { stage, take } = useRowStage(14, {}, () => temporal.open())
const idsOf = (walks: Walk[]): string[] => walks.flatMap(cyclesOf).map(({ cycle }) => cycle)

test(
  'row 18: Temporal killed in the middle of walks; what came meanwhile waits in the queue, and all go on where they stood',
  () =>
    playCase(stage(), { row: 18, name: 'Temporal down' }, async ({ draw, note, healed }) => {
      const [under, meanwhile] = [take(2), take(2)]
      await feed(stage(), under)
      await untilRun(under)
      await temporal.kill()
      const downAtMs = Date.now()
      note('Temporal killed')
      try {
        await feed(stage(), meanwhile)
        await expectTold(downAtMs)
        await hold(draw.between(10, 20))
        expect(lyingMessages(await readLedger(stage())).length, 'events wait').toBeGreaterThan(0)
      } finally {
        await temporal.start()
        healed('Temporal started')
      }
      const walks = [...under, ...meanwhile]
      await untilQuiet(stage(), walks, 5 * MINUTE_MS)
      expect(bridgeLines(stage(), 'd1', 'Messages are taken again').at(-1)?.lastedMs).toBeGreaterThan(0)
      return { walks }
    }),
  30 * MINUTE_MS,
)

/** While it is away: by doctor since when, what works, what catches up; by the log of the bridge what is away. */
async function expectTold(downAtMs: number): Promise<void> {
  const found = await askDoctor(stage(), 'Temporal')
  expect(found).toMatchObject({
    ok: false,
    since: expect.stringContaining('the last status was written at'),
    works: expect.stringContaining('events are kept in the queues'),
    catchesUp: expect.stringContaining('bridges deliver what is queued'),
  })
  // A status that was under way may still be written after the kill.
  expect(instantIn(found?.since), 'no moment to come').toBeLessThanOrEqual(Date.now())
  await until('the bridge says what is away', 2 * MINUTE_MS, async () => {
    const told = tellings(stage()).at(-1)
    return told?.away === 'temporal' && instantIn(told.since) >= downAtMs
  })
}

test(
  'row 19: what Temporal did for a bridge that never heard of it is asked for again, and done once',
  () =>
    playCase(stage(), { row: 19, name: 'executed, then timed out: bridge' }, async ({ note, healed }) => {
      const walks = take(2)
      const proxy = await startBehindProxy('bridge')
      // No run ends before the bridge has given up: what lies is what it could not deliver.
      await setGlueTimeline(stage(), LONG_RUN_MS)
      const seen = await watchLedger(stage())
      proxy.spoil({ swallowReplies: true })
      note('no reply of Temporal reaches the bridge of d1')
      await feed(stage(), walks)
      const opened = idsOf(walks).filter((cycle) => /^d1\/(left|right)-/.test(cycle))
      await until('the cycles are open', 2 * MINUTE_MS, () => areKnown(opened))
      await until('the bridge gave up', 2 * MINUTE_MS, async () => bridgeIsCutOff())
      const deleted = callsOf(await seen(), 'DeleteMessageBatch').filter(({ account }) => account === accountOf('d1'))
      expect(deleted, 'what nobody confirmed stays').toEqual([])
      await setGlueTimeline(stage(), RUN_MS)
      proxy.heal()
      healed('healed')
      await untilQuiet(stage(), walks, 5 * MINUTE_MS)
      expect(mostReceives(await seen()), 'asked for again').toBeGreaterThan(1)
      return { walks }
    }),
  30 * MINUTE_MS,
)

/** Longer than a bridge waits for Temporal. */
const LONG_RUN_MS = 40_000

test(
  'row 19: a run that a worker began and could not tell Temporal of is adopted by the next try; the late answer counts nothing',
  () =>
    playCase(stage(), { row: 19, name: 'executed, then timed out: worker' }, async ({ note, healed }) => {
      const walks = take(2) as [Walk, Walk]
      const cycle = leftOf(walks[0])
      const proxy = await startBehindProxy('worker')
      const seen = await watchLedger(stage())
      const where = { 'Arguments.--sluice_workflow_id': cycle }
      await setStartFault(stage(), { id: `slow ${cycle}`, where, action: { kind: 'delay', ms: SLOW_MS } }, RUN_MS)
      await feed(stage(), walks)
      await until('the worker asks for a run', MINUTE_MS, async () => countUses(await seen(), `slow ${cycle}`) === 1)
      proxy.spoil({ blackhole: true })
      note('nothing passes between the worker of d1 and Temporal')
      await until('the run has begun', MINUTE_MS, async () =>
        startedRuns(await seen()).some((run) => run.cycle === cycle),
      )
      // Its answer goes nowhere: after a minute Temporal counts the try as lost.
      await until('the try is given up', 2 * MINUTE_MS, async () => {
        return ((await waitingOf(stage(), cycle, 'startGlueJob'))?.attempt ?? 1) > 1
      })
      proxy.heal()
      healed('healed')
      await untilQuiet(stage(), walks, 6 * MINUTE_MS)
      expect(await answersOf(stage(), cycle, 'startGlueJob')).toMatchObject([{ adopted: true }])
      return { walks }
    }),
  30 * MINUTE_MS,
)

/** Before Glue takes the start: long enough to cut the worker off, and half of what the worker gives it. */
const SLOW_MS = 5_000

/** Calls a second that the server takes; a walk makes more than a hundred. */
const FEW_CALLS = 5

test(
  'row 21: a Temporal that takes few calls a second makes everything slower, and stops nothing',
  () =>
    playCase(stage(), { row: 21, name: 'ResourceExhausted' }, async ({ note }) => {
      const walks = take(6)
      await temporal.kill()
      await temporal.start({ 'frontend.namespaceRPS': FEW_CALLS })
      note(`Temporal takes ${FEW_CALLS} calls a second`)
      try {
        await feed(stage(), walks)
        await until('the server refuses calls', 2 * MINUTE_MS, refusesCalls)
        note('a call was refused')
        await until('all completed all the same', 8 * MINUTE_MS, () => areCompleted(idsOf(walks)))
      } finally {
        await temporal.kill()
        await temporal.start()
        note('Temporal takes all calls')
      }
      return { walks, quietWithinMs: 5 * MINUTE_MS }
    }),
  30 * MINUTE_MS,
)

const accountOf = (domain: string): string | undefined => stage().accounts[domain]

async function startBehindProxy(role: RoleName) {
  const proxy = await stage().proxyTo('temporal')
  await stage().roleOf(role, 'd1').stop()
  await stage().start({ role, domain: 'd1', through: { temporal: proxy } })
  return proxy
}

const untilRun = (walks: Walk[]): Promise<void> =>
  until('a run has begun', 2 * MINUTE_MS, async () => {
    const cycles = new Set(idsOf(walks))
    return startedRuns(await readLedger(stage())).some(({ cycle }) => cycles.has(cycle))
  })

const bridgeIsCutOff = (): boolean => tellings(stage()).some(({ away }) => away === 'temporal')

async function areKnown(cycles: string[]): Promise<boolean> {
  await Promise.all(cycles.map((cycle) => stage().temporal.workflow.getHandle(cycle).describe()))
  return true
}

async function areCompleted(cycles: string[]): Promise<boolean> {
  const row = await stage().db.one<{ count: number }>(
    `select count(*) from data_product_status where state = 'COMPLETED' and cycle = any ($1)`,
    [cycles],
  )
  return row?.count === cycles.length
}

const RESOURCE_EXHAUSTED = 8

/** Asked past the client's own retries, which would hide it. */
async function refusesCalls(): Promise<boolean> {
  const address = stage().servers.temporalAddress ?? ''
  const connection = await Connection.connect({ address, interceptors: [] })
  const { namespace } = stage().temporal.options
  try {
    await Promise.all(Array.from({ length: 2 }, () => connection.workflowService.describeNamespace({ namespace })))
    return false
  } catch (error) {
    return isGrpcServiceError(error) && error.code === RESOURCE_EXHAUSTED
  } finally {
    await connection.close()
  }
}
