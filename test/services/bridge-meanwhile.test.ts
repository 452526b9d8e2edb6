// A correction of a closed cycle, while somebody else brings the cycle back between the bridge's look at how it stood and its
// start: it never runs again from what an earlier run than its last has left.
import type { Client } from '@temporalio/client'
import { beforeEach, expect, test } from 'vitest'
import type { BridgeLedger } from '../../bridge/ledger.ts'
import { listEvents } from '../../mirror/events.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { arrivalOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BridgeStage, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, NOW_MS, refreshedOf } from './refresh-messages.ts'
import { closeRun, signalsOf, startInputOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const cycleOf = () => stage.cycle('ds1', KEY)
const toStart = (openedBy: 'scheduler' | 'person') => {
  const settings = stage.parts.settings
  const input = openCycle(stage.timetable, stage.version('ds1'), { key: toKey(KEY), openedBy, settings })
  return { ...toCycleStart(input), workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const }
}

/** Run 1 took revision 1 and closed in ERROR(run), of which the mirror knows. */
beforeEach(async () => {
  const { definition, ...version } = stage.version('ds1')
  const dependsOn = [{ product: toProduct('raw/rd1'), onRevision: 'rerun' as const }]
  await stage.apply({ products: [{ ...version, definition: { ...definition, dependsOn } }] })
  await stage.parts.index.reload()
  const start = toStart('scheduler')
  const handle = await client.workflow.start(CYCLE_WORKFLOW, start)
  await handle.terminate('closed, for the test')
  const took = applyArrival(openRun(start.args[0], NOW_MS), arrivalOf('raw/rd1', { key: toKey(KEY) }), NOW_MS)
  const stood = { ...took, state: 'ERROR' as const, step: 'run' as const, reason: 'no such table', lastAttempt: 3 }
  await recordCycle(database.db, toRecord(stood, 0))
})

/** The run that an operator opens: it is there, and closes when told to. */
const openNext = () => client.workflow.start(CYCLE_WORKFLOW, toStart('person'))
const closeNext = () =>
  closeRun(client, toStart('person').taskQueue, {
    result: {
      ...{ runNumber: 2, state: 'SKIPPED', step: null, reason: null, lastAttempt: 3, revision: 0, succeeded: null },
      dependencies: [],
    },
  })

/** Just after the bridge asked the ledger this for the first time. */
function after<Question extends 'judgePast' | 'readPast'>(question: Question, work: () => Promise<unknown>) {
  let asked = 0
  const ask = stage.parts.ledger[question] as (...of: unknown[]) => Promise<unknown>
  const askAndWork = async (...of: unknown[]): Promise<unknown> => {
    asked += 1
    const answer = await ask(...of)
    if (asked === 1) await work()
    return answer
  }
  return { [question]: askAndWork as BridgeLedger[Question] }
}

async function correctWhile(ledger: Partial<BridgeLedger>): Promise<string[]> {
  stage.start({ ledger: { ...stage.parts.ledger, ...ledger } })
  await stage.send(messageOf(refreshedOf('raw/rd1', { revision: 2 })))
  await stage.untilEmpty(60_000)
  const events = await listEvents(database.db, { domain: stage.domain, limit: 100 })
  const own = events.find(({ eventId }) => eventId === `raw/rd1/${KEY}/r2`)
  return (own?.deliveries ?? []).map(({ outcome }) => outcome)
}

const lastRun = async () => ({
  state: (await client.workflow.getHandle(cycleOf()).describe()).status.name,
  input: await startInputOf<CycleInput>(client, cycleOf()),
  told: (await signalsOf(client, cycleOf(), ARRIVALS_SIGNAL)).length,
})

test('a run that was skipped meanwhile stays the last one; the correction is only written down', async () => {
  const skip = async (): Promise<void> => {
    await openNext()
    await closeNext()
  }
  expect(await correctWhile(after('readPast', skip))).toEqual(['correction'])
  expect(await lastRun()).toMatchObject({ state: 'COMPLETED', input: { openedBy: 'person' }, told: 0 })
})

test('neither is one skipped that was open when the bridge looked', async () => {
  const { judgePast, readPast } = { ...after('judgePast', openNext), ...after('readPast', closeNext) }
  expect(await correctWhile({ judgePast, readPast } as Partial<BridgeLedger>)).toEqual(['correction'])
  expect(await lastRun()).toMatchObject({ state: 'COMPLETED', input: { openedBy: 'person' }, told: 0 })
})

test('a run that is open meanwhile is told, and goes on', async () => {
  expect(await correctWhile(after('readPast', openNext))).toEqual([])
  expect(await lastRun()).toMatchObject({ state: 'RUNNING', input: { openedBy: 'person' }, told: 1 })
})
