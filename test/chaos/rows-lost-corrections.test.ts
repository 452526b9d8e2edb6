// Row 31: the bus loses a correction of what a closed cycle ran on, or the word that a refresh was taken back. Both the tick
// finds, also over workers that die of it; cycles that open later know the second by themselves.
import { expect, test } from 'vitest'
import { type Ended, run } from '../end-to-end/cli-process.ts'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { type CaseRun, playCase } from './cases.ts'
import { BRING_BACK, TELL_TAKEN_BACK } from './effect-list.ts'
import { lose, publishedOf, untilLost } from './losses.ts'
import { endOf, joinOf, rawProducts, type Walk } from './mesh.ts'
import { inputsOf, untilInput } from './refreshes.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { tick } from './tick.ts'
import { areClosed, feed, putRaw, readLedger, toRawEntry, until, untilQuiet } from './walks.ts'
import { lostTargets, stateOf, watchLedger } from './witness.ts'

const AT_FORWARD_RULE = 'by the rule that forwards to one domain'
const { stage, take } = useRowStage(12, {}, undefined, { onRevision: 'rerun' })

test(
  'row 31: a lost correction: the tick brings back the closed cycle that ran on what it corrects, once',
  () =>
    playCase(stage(), { row: 31, name: 'a correction lost' }, async (run) => {
      const { corrected, plain } = await loseCorrection(run)
      expect((await tick(stage(), 'd2')).repaired, 'cycles that the tick brought back').toBe(1)
      run.healed('the tick brought it back', [corrected])
      await expectRunAgain(corrected)
      return { walks: [plain] }
    }),
  10 * MINUTE_MS,
)

test.for(['before', 'after'])(
  'row 31: a worker killed %s its tick brings the cycle back: with the next tick it has run again, once',
  { timeout: 10 * MINUTE_MS },
  (when) =>
    playCase(stage(), { row: 31, name: `a correction lost, worker killed ${when} it is told` }, async (run) => {
      const { corrected, plain } = await loseCorrection(run)
      await killAt(when, BRING_BACK)
      run.healed('another worker took its place', [corrected])
      // The tick that died is tried again after minutes.
      await tick(stage(), 'd2')
      await expectRunAgain(corrected)
      return { walks: [plain] }
    }),
)

test(
  'row 31: a lost withdrawal: the tick tells it, and the open cycle waits for another revision, and runs once',
  () =>
    playCase(stage(), { row: 31, name: 'a withdrawal lost' }, async (run) => {
      const { taken, plain } = await loseWithdrawal(run)
      expect((await tick(stage(), 'd2')).repaired, 'cycles that the tick told').toBe(1)
      run.healed('the tick told it', [taken])
      await expectWaitedAgain(taken)
      return { walks: [plain] }
    }),
  10 * MINUTE_MS,
)

test.for(['before', 'after'])(
  'row 31: a worker killed %s its tick tells of a withdrawal: with the next tick the cycle waits again, and runs once',
  { timeout: 10 * MINUTE_MS },
  (when) =>
    playCase(stage(), { row: 31, name: `a withdrawal lost, worker killed ${when} it is told` }, async (run) => {
      const { taken, plain } = await loseWithdrawal(run)
      await killAt(when, TELL_TAKEN_BACK)
      run.healed('another worker took its place', [taken])
      await tick(stage(), 'd2')
      await expectWaitedAgain(taken)
      return { walks: [plain] }
    }),
)

/** d2 never hears that it was taken back, and its cycle has begun nothing: its other input is lost as well. */
async function loseWithdrawal({ note }: CaseRun): Promise<{ taken: Walk; plain: Walk }> {
  const [taken, plain] = take(2) as [Walk, Walk]
  const [, two = ''] = rawProducts(taken)
  const from = joinOf(taken)
  const seen = await watchLedger(stage())
  await lose(stage(), AT_FORWARD_RULE, `${two}/${taken.key}/r1`)
  await feed(stage(), [taken, plain])
  await untilInput(stage(), endOf(taken), from)
  await untilQuiet(stage(), [plain])
  const notice = `${from}/not-refreshed-withdrawn.r1`
  await lose(stage(), AT_FORWARD_RULE, notice)
  expect((await withdraw(from)).code).toBe(0)
  await until('the notice is lost', MINUTE_MS, async () => lostTargets(await seen(), notice).length === 1)
  note('the notice was lost')
  expect((await withdraw(from)).code, 'it is taken back already').toBe(4)
  return { taken, plain }
}

async function expectWaitedAgain(taken: Walk): Promise<void> {
  const [, two = ''] = rawProducts(taken)
  const [from, to] = [joinOf(taken), endOf(taken)]
  await until('it waits again', MINUTE_MS, async () => !(await inputsOf(stage(), to)).includes(from))
  await putRaw(stage(), [toRawEntry(two, taken.key)])
  await untilInput(stage(), to, `${two}/${taken.key}`)
  expect((await tick(stage(), 'd2')).repaired, 'what was taken back is told to nobody').toBe(0)
  expect(await stateOf(stage(), to)).toMatchObject({ state: 'WAITING' })
  const again = await give('rerun', from, '--reason', 'the right file is there')
  expect(again.code, again.err).toBe(0)
  await until('it ran', 2 * MINUTE_MS, async () => (await publishedOf(stage(), to))?.revision === 1)
  expect((await publishedOf(stage(), to))?.builtFrom).toContainEqual(
    expect.objectContaining({ product: `d1/join-${taken.lane}`, revision: 2 }),
  )
  await until('all is closed', MINUTE_MS, () => areClosed(stage(), [from, to]))
  await expectAttempts(to, [1])
}

/** With its start comes a tick, which dies of it. */
async function killAt(when: string, effect: string): Promise<void> {
  await stage().roleOf('worker', 'd2').stop()
  const env = { SLUICE_CHAOS_CRASH: `${when} ${effect}` }
  const dying = await stage().start({ role: 'worker', domain: 'd2', env })
  await until(`the worker is killed ${when} it`, 2 * MINUTE_MS, async () => dying.exit() !== undefined)
  expect(dying.exit()?.signal).toBe('SIGKILL')
  await stage().startAll()
}

/** Of a walk that has refreshed to its end; d2 never hears of it. */
async function loseCorrection({ note }: CaseRun): Promise<{ corrected: Walk; plain: Walk }> {
  const [corrected, plain] = take(2) as [Walk, Walk]
  const [one = ''] = rawProducts(corrected)
  const from = joinOf(corrected)
  await feed(stage(), [corrected, plain])
  await untilQuiet(stage(), [corrected, plain])
  const seen = await watchLedger(stage())
  await lose(stage(), AT_FORWARD_RULE, `${from}/r2`)
  await putRaw(stage(), [toRawEntry(one, corrected.key, 2)])
  await untilLost(stage(), seen, from, 2)
  note(`${from}/r2 was lost`)
  await until('its cycle is closed', MINUTE_MS, () => areClosed(stage(), [from]))
  expect(await publishedOf(stage(), endOf(corrected))).toMatchObject({ revision: 1 })
  return { corrected, plain }
}

async function expectRunAgain(corrected: Walk): Promise<void> {
  const [from, to] = [joinOf(corrected), endOf(corrected)]
  await until('it ran again on the correction and closed', 3 * MINUTE_MS, async () => {
    return (await publishedOf(stage(), to))?.revision === 2 && areClosed(stage(), [to])
  })
  const inputs = (await publishedOf(stage(), to))?.builtFrom.map(({ product, revision }) => `${product} r${revision}`)
  expect(inputs?.toSorted()).toEqual([`d1/join-${corrected.lane} r2`, `raw/two-${corrected.lane} r1`])
  const outcomes = await stage().db.rows<{ outcome: string }>(
    'select outcome from event_delivery where cycle = $1 and event_id = $2',
    [to, `${from}/r2`],
  )
  expect(outcomes).toEqual([{ outcome: 'correction' }])
  expect((await tick(stage(), 'd2')).repaired, 'nothing is left to tell').toBe(0)
  expect(await areClosed(stage(), [to])).toBe(true)
  await expectAttempts(to, [1, 2])
}

async function expectAttempts(cycle: string, attempts: number[]): Promise<void> {
  const runs = startedRuns(await readLedger(stage())).filter((run) => run.cycle === cycle)
  expect(
    runs.map(({ attempt }) => attempt),
    `Glue runs of ${cycle}`,
  ).toEqual(attempts)
}

const withdraw = (cycle: string): Promise<Ended> =>
  give('events', 'withdraw', `${cycle}/r1`, '--reason', 'the wrong file')

const give = (...args: string[]): Promise<Ended> => run(args, stage().folder, stage().environmentOf('d1'))
