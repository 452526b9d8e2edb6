// A backfill on a real Temporal and a real PostgreSQL: its own workflow and activities, and the real cycles that it opens.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { expect, test } from 'vitest'
import type { Postgres } from '../../clients/postgres.ts'
import { flagsAt, listActions, readCycleRow } from '../../mirror/status.ts'
import { type CycleId, type Domain, toCycleId } from '../../model/ids.ts'
import { arrivalOf, toProduct } from '../../model/samples.test-data.ts'
import { STOP_BACKFILL_SIGNAL } from '../../workflows/backfill-contract.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BackfillStage, putBackfill } from './backfill-stage.ts'
import { createGate, eventually } from './eventually.ts'
import { useOwnDomain } from './own-domain.ts'
import type { Stage } from './stage.ts'

let db: Postgres
let stage: Stage
/** Of the test's own, so that no test sees another's cycles. */
let domain: Domain
useOwnDomain((lent) => ({ db, domain, stage } = lent))

const product = () => toProduct(`${domain}/ds1`)
const cycleOf = (key: BackfillStage['keys'][number] | undefined): CycleId => {
  if (!key) throw new Error('There is such a cycle.')
  return toCycleId(product(), key)
}
const nothing = { busy: [], waiting: [], failed: [], ended: [], refused: [], unopened: 0, stoppedBy: null }

test('opens the cycles of the range oldest first, never more at work than was said, and names what became of them', async () => {
  const backfill = putBackfill(stage, db, product())
  await backfill.start()
  expect((await backfill.untilAtWork(2)).toSorted()).toEqual(backfill.keys.slice(0, 2))
  await backfill.untilProgress('both are known to be at work', ({ busy }) => busy.length === 2)

  await backfill.endRuns()

  expect(await backfill.result()).toEqual({
    ...{ ...nothing, how: 'done', total: 5, opened: 5, existing: 0, completed: 5 },
  })
  expect(backfill.seen.mostAtWork).toBe(2)
  expect(await listActions(db, product() as string as CycleId)).toMatchObject([
    { action: 'backfill', actor: 'ann', reason: 'a new column', outcome: 'accepted' },
  ])
})

test('its cycles come behind all other work, say that they are of a backfill, page nobody and are never late', async () => {
  const definition = {
    cutoff: { at: { time: '20:00', days: 0, unit: 'day' }, then: 'error' },
    availableBy: { time: '06:00', days: 1, unit: 'day' },
  } as const
  const backfill = putBackfill(stage, db, product(), { definition })
  const [first, second] = backfill.keys
  await backfill.start()
  await backfill.endRuns(
    [first ?? backfill.keys[0]].flatMap((key) => key ?? []),
    'FAILED',
  )
  await backfill.endRuns(backfill.keys.slice(1))

  expect(await backfill.result()).toMatchObject({ how: 'done', completed: 4, failed: [first] })
  const { notified, notRefreshed, published } = backfill.seen
  await eventually(
    'consumers are told',
    () => notRefreshed.length,
    (count) => count === 1,
  )
  expect(notified).toEqual([])
  expect(notRefreshed).toMatchObject([{ key: first, state: 'ERROR', step: 'run' }])
  expect(new Set(published.map(({ kind }) => kind))).toEqual(new Set(['backfill']))
  const { priority, memo } = await stage.client.workflow.getHandle(cycleOf(second)).describe()
  expect(priority?.priorityKey).toBe(5)
  expect(memo).toEqual({ backfill: backfill.id })
  const row = await readCycleRow(db, cycleOf(second))
  expect(row).toMatchObject({ state: 'COMPLETED', openedBy: 'backfill', availableBy: expect.any(String) })
  expect(row && flagsAt(row, Date.now())).not.toContain('late')
})

test('two commands at once are one backfill; after its end another one goes on with what is left', async () => {
  const backfill = putBackfill(stage, db, product())
  const starts = await Promise.allSettled([backfill.start(), backfill.start()])
  expect(starts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const failed = starts.find(({ status }) => status === 'rejected')
  expect(failed).toMatchObject({ reason: expect.any(WorkflowExecutionAlreadyStartedError) })
  await backfill.endRuns(backfill.keys.slice(0, 2), 'FAILED')
  await backfill.endRuns(backfill.keys.slice(2))
  await backfill.result()

  await backfill.start()
  const left = { how: 'done', opened: 0, existing: 5, completed: 3, failed: backfill.keys.slice(0, 2) }
  expect(await backfill.result()).toMatchObject(left)
})

test('goes on where it was after all workers were away', async () => {
  const backfill = putBackfill(stage, db, product())
  await backfill.start()
  await backfill.untilAtWork(2)
  await stage.restart()

  await backfill.endRuns()

  expect(await backfill.result()).toMatchObject({ how: 'done', opened: 5, existing: 0, completed: 5 })
  expect(backfill.seen.mostAtWork).toBe(2)
  expect(backfill.seen.published).toHaveLength(5)
})

test('what an earlier try opened before its worker died is its own, and is not opened twice', async () => {
  const { activities } = putBackfill(stage, db, product())
  let tries = 0
  const backfill = putBackfill(stage, db, product(), {
    script: {
      async openBackfilled(order) {
        const opened = await activities.openBackfilled(order)
        tries += 1
        if (tries === 1) throw new Error('the worker died before it could answer')
        return opened
      },
    },
  })
  await backfill.start()
  await backfill.endRuns()
  expect(await backfill.result()).toMatchObject({ opened: 5, existing: 0, completed: 5 })
  expect(backfill.seen.mostAtWork).toBe(2)
})

test('while PostgreSQL is away it opens nothing, and then goes on', async () => {
  const { activities } = putBackfill(stage, db, product())
  const isBack = createGate()
  let isAway = true
  const backfill = putBackfill(stage, db, product(), {
    script: {
      async readBackfilled(question) {
        if (isAway) throw new Error('PostgreSQL does not answer')
        return activities.readBackfilled(question)
      },
    },
  })
  void isBack.opened.then(() => (isAway = false))
  await backfill.start()
  await eventually(
    'it asks again',
    () => stage.outside.asked(backfill.id, 'readBackfilled').length,
    (count) => count >= 2,
  )
  expect(stage.outside.asked(backfill.id, 'openBackfilled')).toEqual([])
  isBack.open()
  await backfill.endRuns()
  expect(await backfill.result()).toMatchObject({ how: 'done', completed: 5 })
})

test('goes on as a new run before its history grows long', async () => {
  const backfill = putBackfill(stage, db, product())
  await backfill.start({ looksPerRun: 1 })
  const { runId } = await stage.client.workflow.getHandle(backfill.id).describe()
  await backfill.endRuns()
  expect(await backfill.result()).toMatchObject({ how: 'done', opened: 5, existing: 0, completed: 5 })
  expect(backfill.seen.mostAtWork).toBe(2)
  expect((await stage.client.workflow.getHandle(backfill.id).describe()).runId).not.toBe(runId)
  expect(stage.outside.asked(backfill.id, 'auditBackfill')).toHaveLength(1)
})

test('what is there already is left as it is, whoever opened it, and is followed while it is open', async () => {
  const backfill = putBackfill(stage, db, product())
  const [first, second] = backfill.keys
  if (!first || !second) throw new Error('Five keys.')
  for (const key of [first, second])
    await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(backfill.input(key)))
  await backfill.untilAtWork(2)
  backfill.endRun(first)
  const rowOf = (key: typeof first) => readCycleRow(db, cycleOf(key))
  await eventually(
    'the first is written',
    () => rowOf(first),
    (row) => row?.state === 'COMPLETED',
  )
  await eventually(
    'the second is written',
    () => rowOf(second),
    (row) => row?.state === 'PROCESSING',
  )

  await backfill.start()
  await backfill.endRuns(backfill.keys.slice(1))

  expect(await backfill.result()).toMatchObject({ opened: 3, existing: 2, completed: 5 })
  expect(backfill.seen.mostAtWork).toBe(2)
})

test('cycles that wait for an upstream hold up no other, and are named at the end; they start when it comes', async () => {
  const backfill = putBackfill(stage, db, product(), { dependsOn: ['raw/a'] })
  await backfill.start()
  const result = await backfill.result()
  expect(result).toEqual({
    ...{ ...nothing, how: 'done', total: 5, opened: 5, existing: 0, completed: 0, waiting: backfill.keys },
  })
  const [first] = backfill.keys
  if (!first) throw new Error('Five keys.')
  const arrivals = [arrivalOf('raw/a', { key: first })]
  await stage.client.workflow.getHandle(cycleOf(first)).signal(ARRIVALS_SIGNAL, arrivals)
  expect(await backfill.untilAtWork(1)).toEqual([first])
})

const BY = { actor: 'bob', reason: 'the vendor resends', requestId: 'stop-1' }

test('stopped, it ends at once, says who stopped it, and what is open goes on', async () => {
  const backfill = putBackfill(stage, db, product())
  await backfill.start()
  await backfill.untilAtWork(2)
  await backfill.untilProgress('both are at work', ({ busy }) => busy.length === 2)
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, BY)

  expect(await backfill.result()).toMatchObject({ how: 'stopped', opened: 2, unopened: 3, stoppedBy: BY })
  const actions = await listActions(db, product() as string as CycleId)
  expect(actions.map(({ actor, reason }) => `${actor}: ${reason}`)).toEqual([
    'ann: a new column',
    'bob: the vendor resends',
  ])
  await backfill.endRuns(backfill.keys.slice(0, 2))
  await eventually(
    'both complete',
    () => backfill.seen.published.length,
    (count) => count === 2,
  )
})

test('stopped during a try that then answers, what that opened counts, and it opens no more', async () => {
  const { activities } = putBackfill(stage, db, product())
  const mayAnswer = createGate()
  const backfill = putBackfill(stage, db, product(), {
    script: {
      async openBackfilled(order) {
        const opened = await activities.openBackfilled(order)
        await mayAnswer.opened
        return opened
      },
    },
  })
  await backfill.start()
  await backfill.untilAtWork(2)
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, BY)
  await backfill.untilUnwanted()
  mayAnswer.open()

  expect(await backfill.result()).toMatchObject({ how: 'stopped', stoppedBy: BY, opened: 2, unopened: 3 })
  await backfill.endRuns(backfill.keys.slice(0, 2))
})

test('stopped while PostgreSQL is away it opens no more and ends once the audit is written', async () => {
  const backfill = putBackfill(stage, db, product(), {
    script: {
      readBackfilled: async () => {
        throw new Error('PostgreSQL does not answer')
      },
    },
  })
  await backfill.start()
  await eventually(
    'it asks',
    () => stage.outside.asked(backfill.id, 'readBackfilled').length,
    (count) => count >= 1,
  )
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, null)
  expect(await backfill.result()).toMatchObject({
    ...{ how: 'stopped', opened: 0, unopened: 5 },
    stoppedBy: { actor: 'unnamed', reason: 'none given' },
  })
})

test('stopped by hand with texts that no command takes it stops all the same, and keeps them short and plain', async () => {
  const backfill = putBackfill(stage, db, product())
  await backfill.start()
  const said = { actor: 'Sluice', reason: `a\u0000b${'x'.repeat(120_000)}`, requestId: 'stop-1' }
  await stage.client.workflow.getHandle(backfill.id).signal(STOP_BACKFILL_SIGNAL, said)
  const { how, stoppedBy } = await backfill.result()
  expect([how, stoppedBy?.actor]).toEqual(['stopped', 'Sluice (not the system)'])
  expect(stoppedBy?.reason).toMatch(/^a\ufffdbx+ … \(cut, it was 120003 characters long\)$/)
})

test('cancelled in Temporal it opens no more, and its cycles go on; who asked for it is in the audit all the same', async () => {
  const { activities } = putBackfill(stage, db, product())
  const isBack = createGate()
  const backfill = putBackfill(stage, db, product(), {
    script: {
      async auditBackfill(action) {
        await isBack.opened
        await activities.auditBackfill(action)
      },
    },
  })
  await backfill.start()
  await backfill.untilAtWork(2)
  await stage.client.workflow.getHandle(backfill.id).cancel()
  const isAway = Date.now()
  isBack.open()
  await expect(backfill.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
  await backfill.endRuns(backfill.keys.slice(0, 2))
  await eventually(
    'both complete',
    () => backfill.seen.published.length,
    (count) => count === 2,
  )
  expect(backfill.seen.mostAtWork).toBe(2)
  expect(await listActions(db, product() as string as CycleId)).toMatchObject([{ actor: 'ann' }])
  const row = await db.one<{ at: string }>('select at from operator_action where cycle = $1', [product()])
  expect(Date.parse(row?.at ?? ''), 'when it was asked for, not when it was written').toBeLessThan(isAway)
})

test('cancelled in Temporal during a try that then fails it ends as cancelled', async () => {
  const [isTrying, mayFail] = [createGate(), createGate()]
  const backfill = putBackfill(stage, db, product(), {
    script: {
      async openBackfilled() {
        isTrying.open()
        await mayFail.opened
        throw new Error('no answer in time')
      },
    },
  })
  await backfill.start()
  await isTrying.opened
  await stage.client.workflow.getHandle(backfill.id).cancel()
  await backfill.untilUnwanted()
  mayFail.open()
  await expect(backfill.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
})

test('cancelled in Temporal while the audit is away, it does not go on as a new run', async () => {
  const isBack = createGate()
  const backfill = putBackfill(stage, db, product(), { script: { auditBackfill: () => isBack.opened } })
  await backfill.start({ looksPerRun: 0 })
  await eventually(
    'it has looked',
    () => stage.outside.asked(backfill.id, 'readBackfilled').length,
    (count) => count > 0,
  )
  const handle = stage.client.workflow.getHandle(backfill.id)
  await eventually(
    'nothing but the audit is pending',
    async () => (await handle.describe()).raw.pendingActivities?.map(({ activityType }) => activityType?.name).join(),
    (names) => names === 'auditBackfill',
  )
  await handle.cancel()
  isBack.open()
  await expect(backfill.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
})

test('when as many have failed as were said it opens no more, and waits for what is at work', async () => {
  const backfill = putBackfill(stage, db, product())
  const [first, second] = backfill.keys
  if (!first || !second) throw new Error('Five keys.')
  await backfill.start({ stopAfter: 1 })
  await backfill.endRuns([first], 'FAILED')
  await backfill.untilProgress('the failure is known', ({ failed, busy }) => failed.length === 1 && busy.length === 1)
  await backfill.endRuns([second])
  const result = { how: 'too-many-failed', opened: 2, unopened: 3, failed: [first], completed: 1 }
  expect(await backfill.result()).toMatchObject(result)
})
