// A backfill that makes anew what is there, on a real Temporal and a real PostgreSQL: real cycles, each rerun once, whatever happens
// to the activity that does it.
import { expect, test } from 'vitest'
import { knowsUpdate } from '../../activities/describe-run.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { listActions, readCycleRow } from '../../mirror/status.ts'
import { type RerunChoice, toRerunId } from '../../model/backfill-rerun.ts'
import type { BackfillOrder } from '../../model/backfill.ts'
import type { Cycle } from '../../model/cycle/cycle.ts'
import { type CycleId, type CycleKey, type Domain, toCycleId } from '../../model/ids.ts'
import { toProduct } from '../../model/samples.test-data.ts'
import { type BackfillActivities, STOP_BACKFILL_SIGNAL, toBackfillId } from '../../workflows/backfill-contract.ts'
import { CYCLE_QUERY, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BackfillStage, type BackfillWish, putBackfill, RANGE } from './backfill-stage.ts'
import { createGate, eventually } from './eventually.ts'
import { useOwnDomain } from './own-domain.ts'
import type { Stage } from './stage.ts'
import { untilAtRest } from './staged-cycle.ts'

let db: Postgres
let stage: Stage
/** Of the test's own, so that no test sees another's cycles. */
let domain: Domain
useOwnDomain((lent) => ({ db, domain, stage } = lent))

const product = () => toProduct(`${domain}/ds1`)
const cycleOf = (key: CycleKey): CycleId => toCycleId(product(), key)
const handleOf = (key: CycleKey) => stage.client.workflow.getHandle(cycleOf(key))
const put = (wish: BackfillWish = {}): BackfillStage => putBackfill(stage, db, product(), wish)
const keysOf = ({ keys }: BackfillStage) => keys as [CycleKey, CycleKey, CycleKey, CycleKey, CycleKey]
const wishOf = (which: RerunChoice, change: Partial<BackfillOrder> = {}): Partial<BackfillOrder> => ({
  rerun: { which, madeBeforeMs: Date.now() },
  reason: 'a bug in the job',
  ...change,
})

/** Each runs once, and is in the mirror as it ended; its next Glue run lasts until it is ended. */
async function haveRun(staged: BackfillStage, keys: CycleKey[], state: 'SUCCEEDED' | 'FAILED' = 'SUCCEEDED') {
  for (const key of keys) await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(staged.input(key)))
  await staged.endRuns(keys, state)
  const ended = state === 'SUCCEEDED' ? 'COMPLETED' : 'ERROR'
  for (const key of keys) {
    await untilState(key, ended)
    if (state === 'SUCCEEDED') await handleOf(key).result()
  }
  staged.renew(keys)
}

const untilState = (key: CycleKey, state: string) =>
  eventually(
    `${key} is ${state}`,
    () => readCycleRow(db, cycleOf(key)),
    (row) => row?.state === state,
  )

/** The numbers of the attempts that were started of each. */
const attemptsOf = ({ seen: { started } }: BackfillStage, keys: CycleKey[]) =>
  keys.map((wanted) => started.filter(({ key }) => key === wanted).map(({ attempt }) => attempt))

const rerunsOf = async (key: CycleKey) =>
  (await listActions(db, cycleOf(key))).filter(({ action }) => action === 'rerun')

/** The first try of the activity does its work, and dies after `meanwhile`, before it can answer. */
function dyingOnce(activities: BackfillActivities, meanwhile: (keys: CycleKey[]) => Promise<void>) {
  let tries = 0
  const script: Partial<BackfillActivities> = {
    async rerunBackfilled(order) {
      tries += 1
      const isFirst = tries === 1
      const answers = await activities.rerunBackfilled(order)
      if (!isFirst) return answers
      await meanwhile(order.keys)
      throw new Error('the worker died before it could answer')
    },
  }
  return { script, tries: () => tries }
}

test('completed cycles are made anew once, as the next revision, among those that are not there, though the activity runs twice', async () => {
  const { activities } = put()
  const dying = dyingOnce(activities, async () => undefined)
  const backfill = put({ script: dying.script })
  const [first, second, third, fourth, fifth] = keysOf(backfill)
  await haveRun(backfill, [first, third])

  await backfill.start(wishOf('completed'))
  expect((await backfill.untilAtWork(2)).toSorted()).toEqual([first, second])
  await backfill.endRuns()

  expect(await backfill.result()).toMatchObject({
    ...{ how: 'done', total: 5, opened: 3, rerun: 2, toRerun: 0, existing: 0, completed: 5, failed: [], refused: [] },
  })
  expect(dying.tries()).toBeGreaterThan(1)
  expect(attemptsOf(backfill, backfill.keys)).toEqual([[1, 2], [1], [1, 2], [1], [1]])
  expect(backfill.seen.mostAtWork).toBe(2)
  const anew = backfill.seen.published.filter(({ revision }) => revision === 2)
  expect(anew.map(({ key, kind }) => `${key} ${kind}`).toSorted()).toEqual([`${first} rerun`, `${third} rerun`])
  expect((await handleOf(first).describe()).priority?.priorityKey).toBe(5)
  expect((await handleOf(first).query<Cycle>(CYCLE_QUERY)).input.openedBy).toBe('backfill')
  expect(await rerunsOf(first)).toMatchObject([{ actor: 'ann', reason: 'a bug in the job', outcome: 'accepted' }])
  expect(await Promise.all([second, fourth, fifth].map(rerunsOf))).toEqual([[], [], []])
  const rerun = await db.rows(`select asked, before ->> 'revision' as revision from operator_action where cycle = $1`, [
    cycleOf(first),
  ])
  expect(rerun).toEqual([{ asked: { backfill: true }, revision: '1' }])
  const asked = await db.one(`select asked from operator_action where cycle = $1`, [product()])
  expect(asked).toMatchObject({
    asked: { rerun: 'completed', madeBefore: expect.stringMatching(/^20.*Z$/), cycles: 5 },
  })
})

test('a rerun that has come to its end before the activity is tried again is known, and not made twice', async () => {
  const { activities, seen } = put()
  // The second is in ERROR with an open run, and told by its row alone: the run that takes it keeps no memo.
  const isOver = async (keys: CycleKey[]) => {
    for (const key of keys) {
      await eventually(
        `${key} runs again`,
        () => [...seen.atWork],
        (all) => all.includes(key),
      )
      seen.gates.get(key)?.open()
      await handleOf(key).result()
    }
  }
  const dying = dyingOnce(activities, isOver)
  const backfill = put({ script: dying.script, seen })
  const [first, second] = keysOf(backfill)
  await haveRun(backfill, [first])
  await haveRun(backfill, [second], 'FAILED')

  await backfill.start(wishOf('all'))
  await backfill.endRuns(backfill.keys.slice(2))

  expect(await backfill.result()).toMatchObject({ how: 'done', opened: 3, rerun: 2, completed: 5, failed: [] })
  expect(dying.tries()).toBe(2)
  expect(attemptsOf(backfill, [first, second])).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test('failed cycles run again by the definition in force, with an open run, a closed one or none, once, and wake nobody up', async () => {
  const { activities } = put({ version: 2 })
  const dying = dyingOnce(activities, async () => undefined)
  const backfill = put({ version: 2, script: dying.script })
  const [open, closed, killed, completed] = keysOf(backfill)
  const opened = backfill.input(closed)
  await stage.client.workflow.start(
    CYCLE_WORKFLOW,
    toCycleStart({ ...opened, settings: { ...opened.settings, errorWaitMs: 1_000 } }),
  )
  await backfill.endRuns([closed], 'FAILED')
  await expect(handleOf(closed).result()).rejects.toMatchObject({ cause: { type: 'CycleFailed' } })
  await haveRun(backfill, [open], 'FAILED')
  await haveRun(backfill, [completed])
  await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(backfill.input(killed)))
  await untilState(killed, 'PROCESSING')
  // A row that is written after the mark would take it away; the next tick would set it again.
  await untilAtRest(stage.client, cycleOf(killed))
  await handleOf(killed).terminate()
  // As the scheduler's tick finds out.
  const at = 'state_since'
  await db.changed(
    `update data_product_status set run_ended_as = 'terminated', run_ended_at = ${at} where cycle = $1`,
    [cycleOf(killed)],
  )
  // Its Glue run is known and goes on: the rerun waits for that one and starts none.
  backfill.renew([closed, killed])
  const told = () => backfill.seen.notified.length
  await eventually('both failures are told', told, (count) => count === 2)

  await backfill.start(wishOf('failed', { parallel: 5 }))
  await backfill.endRuns([open, closed], 'FAILED')
  await backfill.endRuns(backfill.keys.filter((key) => key !== completed && key !== open && key !== closed))

  expect(await backfill.result()).toMatchObject({
    how: 'done',
    opened: 1,
    rerun: 3,
    existing: 1,
    failed: [open, closed],
    completed: 3,
  })
  expect(attemptsOf(backfill, [open, closed, killed, completed])).toEqual([[1, 2], [1, 2], [1], [1]])
  expect(dying.tries()).toBeGreaterThan(1)
  expect(told()).toBe(2)
  expect((await handleOf(open).describe()).priority?.priorityKey).toBe(5)
  const rows = await Promise.all([open, closed, killed].map((key) => readCycleRow(db, cycleOf(key))))
  expect(rows.map((row) => row?.definitionVersion).slice(0, 2)).toEqual([2, 2])
  expect(await rerunsOf(open)).toMatchObject([{ outcome: 'accepted', fromVersion: 1, toVersion: 2 }])
  const requestId = toRerunId(`request-${product()}`, open)
  expect(await knowsUpdate(stage.client, cycleOf(open), requestId)).toBe(true)
  expect(await knowsUpdate(stage.client, cycleOf(open), 'of-nobody')).toBe(false)
  expect(await rerunsOf(closed)).toMatchObject([{ outcome: 'accepted', fromVersion: 1, toVersion: 2 }])
})

test('two over the same cycles at once make each anew once', async () => {
  const backfill = put()
  await haveRun(backfill, backfill.keys.slice(0, 3))
  await haveRun(backfill, backfill.keys.slice(3), 'FAILED')
  const wish = wishOf('all', { parallel: 5 })
  const other = { ...wish, from: '2026-11-08', requestId: 'request-other' }
  const otherId = toBackfillId({ product: product(), ...RANGE, from: '2026-11-08' })
  stage.outside.script(otherId, backfill.activities)

  await Promise.all([backfill.start(wish), backfill.start(other)])
  await backfill.endRuns()

  expect(await backfill.result()).toMatchObject({ how: 'done', completed: 5, refused: [], failed: [] })
  // Else its questions outlive the stage.
  await stage.client.workflow.getHandle(otherId).result()
  expect(attemptsOf(backfill, backfill.keys)).toEqual(backfill.keys.map(() => [1, 2]))
  expect((await Promise.all(backfill.keys.map(rerunsOf))).map((rows) => rows.length)).toEqual([1, 1, 1, 1, 1])
})

test('the same again with its instant makes nothing anew twice; what was made since, is at work or was skipped is left alone', async () => {
  const backfill = put()
  const [first, second, third, fourth, fifth] = keysOf(backfill)
  await haveRun(backfill, [first])
  await haveRun(backfill, [second], 'FAILED')
  const wish = wishOf('all')
  await haveRun(backfill, [third])
  await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(backfill.input(fourth)))
  await untilState(fourth, 'PROCESSING')
  await haveRun(backfill, [fifth], 'FAILED')
  await handleOf(fifth).executeUpdate('skip', { args: [{ actor: 'bob', reason: 'no data', requestId: 'skip-1' }] })
  await untilState(fifth, 'SKIPPED')

  await backfill.start(wish)
  await backfill.endRuns([first, second, fourth])
  const left = { how: 'done', opened: 0, ended: [fifth], completed: 4 }
  expect(await backfill.result()).toMatchObject({ ...left, rerun: 2, existing: 3 })
  await backfill.start({ ...wish, requestId: 'request-again' })
  expect(await backfill.result()).toMatchObject({ ...left, rerun: 0, existing: 5 })
  expect(attemptsOf(backfill, backfill.keys)).toEqual([[1, 2], [1, 2], [1], [1], [1]])
})

test('of a product that is held, and of a cycle that is, the rerun is refused as a rerun is, with the reason, and audited', async () => {
  const backfill = put()
  const [first, second] = keysOf(backfill)
  await haveRun(backfill, [first])
  await haveRun(backfill, [second], 'FAILED')
  const hold = { actor: 'bob', reason: 'an audit', requestId: 'hold-1', of: 'cycle' }
  await handleOf(second).executeUpdate('hold', { args: [hold] })
  const held = put({ held: 'bob', seen: backfill.seen })

  await held.start(wishOf('all'))

  const result = await held.result()
  expect(result).toMatchObject({ how: 'done', rerun: 0, refused: [{ key: first }, { key: second }] })
  for (const { reason } of result.refused) expect(reason).toMatch(/cannot be rerun now\. It is held by bob: an audit/)
  expect(attemptsOf(backfill, [first, second])).toEqual([[1], [1]])
  expect(await rerunsOf(first)).toMatchObject([{ actor: 'ann', outcome: 'refused' }])
  expect(await rerunsOf(second)).toMatchObject([{ actor: 'ann', outcome: 'refused' }])
})

const BY = { actor: 'bob', reason: 'the vendor resends', requestId: 'stop-1' }

test('stopped during a try that then fails it ends as stopped, and begins no more', async () => {
  const [isTrying, mayFail] = [createGate(), createGate()]
  const backfill = put({
    script: {
      async rerunBackfilled() {
        isTrying.open()
        await mayFail.opened
        throw new Error('no answer in time')
      },
    },
  })
  await haveRun(backfill, backfill.keys.slice(0, 2))
  await backfill.start(wishOf('completed'))
  await isTrying.opened
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, BY)
  await backfill.untilUnwanted()
  mayFail.open()

  expect(await backfill.result()).toMatchObject({ how: 'stopped', stoppedBy: BY, rerun: 0, toRerun: 2, unopened: 3 })
})

test('stopped during a try that then answers, what that made anew counts, and it begins no more', async () => {
  const { activities } = put()
  const [hasDone, mayAnswer] = [createGate(), createGate()]
  const backfill = put({
    script: {
      async rerunBackfilled(order) {
        const answers = await activities.rerunBackfilled(order)
        hasDone.open()
        await mayAnswer.opened
        return answers
      },
    },
  })
  await haveRun(backfill, backfill.keys.slice(0, 3))
  await backfill.start(wishOf('completed'))
  await hasDone.opened
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, BY)
  await backfill.untilUnwanted()
  mayAnswer.open()

  const stopped = { how: 'stopped', stoppedBy: BY, rerun: 2, toRerun: 1, unopened: 2 }
  expect(await backfill.result()).toMatchObject(stopped)
  await backfill.endRuns(backfill.keys.slice(0, 2))
})
