// S7. What one cycle with four upstreams costs in the common case: Temporal actions (from its history, as they are billed),
// SQL statements, AWS calls, bytes of history. One cycle after the other, arrivals apart from each other.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { countActions, type HistoryEvent } from './actions.ts'
import { markCounts } from './counters.ts'
import { keysUntil } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import type { Figure, Finding } from './result.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

const UPSTREAMS = 4
/** Longer than a flush of the status takes, so that none is saved by two arrivals coming at once. */
const APART_MS = 1_000
/** So long that the end of the run is told by its event, as it is in the common case. */
const GLUE_MS = 1_000
const PRODUCT = 'cost'
const upstreams = Array.from({ length: UPSTREAMS }, (_, at) => raw(`cost-u${at + 1}`))

export async function measureCostPerCycle(options: RunOptions): Promise<Measured> {
  const shape: Shape = { [PRODUCT]: upstreams }
  // Not today's: the scheduler opens that one by itself.
  const [, ...keys] = keysUntil(Date.now(), 1 + (options.n ?? (options.isQuick ? 3 : 15)))
  return withStage(options, { shape, glueMs: GLUE_MS }, async (stage) => {
    const since = await markCounts(stage)
    stage.witness.read()
    const callsBefore = new Map(stage.witness.calls)
    const actions = new Map<string, number>()
    let bytes = 0
    for (const key of keys) {
      const told = await runOne(stage, key)
      bytes += told.bytes
      for (const [where, count] of told.actions) actions.set(where, (actions.get(where) ?? 0) + count)
      options.say(`S7: ${key}: ${[...told.actions].map(([where, count]) => `${count} ${where}`).join(', ')}`)
    }
    stage.witness.read()
    const { sqlStatements, temporalCalls } = await since()
    const per = (count: number): number => count / keys.length
    const toFigures = (of: string, unit: string, counts: Iterable<[string, number]>): Figure[] =>
      [...counts].map(([name, count]) => ({ name: `${of}: ${name}`, value: per(count), unit }))
    return toFinding(keys.length, per([...actions.values()].reduce((sum, count) => sum + count, 0)), [
      ...toFigures('actions', 'a cycle', actions),
      { name: 'SQL statements', value: per(sqlStatements), unit: 'a cycle' },
      ...toFigures('AWS calls', 'a cycle', callsSince(stage, callsBefore, keys.length * UPSTREAMS)),
      ...toFigures('Temporal calls', 'a cycle', Object.entries(temporalCalls ?? {})),
      { name: 'history', value: per(bytes), unit: 'bytes' },
    ])
  })
}

/** Without the events that the bench itself put, one to a call. */
const callsSince = ({ witness }: Stage, before: ReadonlyMap<string, number>, ownPuts: number): [string, number][] =>
  [...witness.calls]
    .map(([name, count]): [string, number] => [
      name,
      count - (before.get(name) ?? 0) - (name === 'events.PutEvents' ? ownPuts : 0),
    ])
    .filter(([, count]) => count > 0)

async function runOne({ feed, temporal, witness }: Stage, key: string) {
  const cycle = `${ours(PRODUCT)}/${key}`
  for (const upstream of upstreams) {
    await feed.put([`${upstream}/${key}`])
    await pause(APART_MS)
  }
  await temporal.workflow.getHandle(cycle).result()
  await witness.until(
    () => witness.queue.deleted >= witness.queue.came,
    () => 'an empty queue',
  )
  return { actions: countActions(await readHistory(temporal, cycle)), bytes: await readBytes(temporal, cycle) }
}

const readHistory = async (temporal: Client, cycle: string): Promise<HistoryEvent[]> =>
  (await temporal.workflow.getHandle(cycle).fetchHistory()).events ?? []

async function readBytes(temporal: Client, cycle: string): Promise<number> {
  const { raw: described } = await temporal.workflow.getHandle(cycle).describe()
  return Number(described.workflowExecutionInfo?.historySizeBytes ?? 0)
}

const toFinding = (n: number, actions: number, figures: Figure[]): Finding => ({
  ...{ scenario: 'S7', title: `cost of a cycle, ${UPSTREAMS} upstreams, one job`, series: [] },
  figures: [
    { name: 'cycles', value: n, unit: 'cycles' },
    { name: 'Temporal actions', value: actions, unit: 'a cycle' },
    ...figures,
  ],
  goals: [
    {
      what: `Temporal actions a cycle (D + 11, D = ${UPSTREAMS})`,
      found: actions,
      limit: UPSTREAMS + 11,
      kind: 'at most',
    },
  ],
  notes: [
    'Actions as Temporal Cloud bills them: a start, a signal (one that starts is one), an activity and each retry, a timer, ' +
      'an upsert of search attributes, an update. Replays, completions and current details are free.',
    'The counts of SQL, AWS and Temporal calls hold the long polls of the queue and the housekeeping of that time.',
  ],
})
