// S8. What one event costs, by what it means: SQL statements of the roles, Temporal actions of the cycles (from their histories,
// as they are billed) and calls of Temporal. Many events of one kind, each to a cycle of its own, beside as long without any.
import { setTimeout as pause } from 'node:timers/promises'
import { countActions } from './actions.ts'
import { markCounts } from './counters.ts'
import { keysUntil } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import type { Figure, Finding } from './result.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

/** It never has the third. */
const WAITING = 'event-waits'
const DONE = 'event-done'
const NOBODYS = 'event-nobodys'
const SHAPE: Shape = { [WAITING]: ['event-u1', 'event-u2', 'event-u3'].map(raw), [DONE]: [raw('event-v1')] }

/** Longer than a cycle takes to write down what it took. */
const QUIET_MS = 2_000

interface Kind {
  name: string
  upstream: string | null
  product: string
}

const KINDS: Kind[] = [
  { name: 'none, for as long', upstream: null, product: WAITING },
  { name: 'irrelevant', upstream: NOBODYS, product: WAITING },
  { name: 'satisfying, and opening', upstream: 'event-u1', product: WAITING },
  { name: 'satisfying', upstream: 'event-u2', product: WAITING },
  { name: 'duplicate, of an open cycle', upstream: 'event-u2', product: WAITING },
  { name: 'duplicate, of a closed cycle', upstream: 'event-v1', product: DONE },
]

export async function measureCostPerEvent(options: RunOptions): Promise<Measured> {
  // Not today's: the scheduler opens that one by itself.
  const [, ...keys] = keysUntil(Date.now(), 1 + (options.n ?? (options.isQuick ? 3 : 15)))
  return withStage(options, { shape: SHAPE, extraRaw: [NOBODYS] }, async (stage) => {
    await complete(stage, keys)
    const figures: Figure[] = []
    for (const kind of KINDS) {
      const found = await measureKind(stage, kind, keys)
      options.say(`S8: ${kind.name}: ${found.map(({ name, value }) => `${name} ${value}`).join(', ')}`)
      figures.push(...found.map((figure) => ({ ...figure, name: `${kind.name}: ${figure.name}` })))
    }
    return toFinding(keys.length, figures)
  })
}

/** So that an event of theirs finds them closed. */
async function complete(stage: Stage, keys: string[]): Promise<void> {
  await stage.feed.put(keys.map((key) => `${raw('event-v1')}/${key}`))
  for (const key of keys) {
    const handle = stage.temporal.workflow.getHandle(`${ours(DONE)}/${key}`)
    await stage.witness.until(
      () => stage.witness.queue.deleted >= stage.witness.queue.came,
      () => 'an empty queue',
    )
    await handle.result()
  }
  await pause(QUIET_MS)
}

async function measureKind(stage: Stage, { upstream, product }: Kind, keys: string[]): Promise<Figure[]> {
  const cycles = keys.map((key) => `${ours(product)}/${key}`)
  const actionsBefore = await sumActions(stage, cycles)
  const since = await markCounts(stage)
  if (upstream) for (const key of keys) await stage.feed.put([`${raw(upstream)}/${key}`])
  await pause(QUIET_MS)
  await stage.witness.until(
    () => stage.witness.queue.deleted >= stage.witness.queue.came,
    () => 'an empty queue',
  )
  const { sqlStatements, temporalCalls = {} } = await since()
  const actions = (await sumActions(stage, cycles)) - actionsBefore
  const calls = Object.values(temporalCalls).reduce((sum, count) => sum + count, 0)
  const per = (count: number): number => Math.round((100 * count) / keys.length) / 100
  return [
    { name: 'SQL statements', value: per(sqlStatements), unit: 'an event' },
    { name: 'Temporal actions', value: per(actions), unit: 'an event' },
    { name: 'Temporal calls', value: per(calls), unit: 'an event' },
  ]
}

async function sumActions({ temporal }: Stage, cycles: string[]): Promise<number> {
  const counts = await Promise.all(
    cycles.map(async (cycle) => {
      const history = await temporal.workflow
        .getHandle(cycle)
        .fetchHistory()
        .catch(() => undefined)
      return [...countActions(history?.events ?? []).values()].reduce((sum, count) => sum + count, 0)
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

const toFinding = (n: number, figures: Figure[]): Finding => ({
  ...{ scenario: 'S8', title: 'cost of an event, by what it means', series: [] },
  figures: [{ name: 'events of each kind', value: n, unit: 'events' }, ...figures],
  goals: [
    {
      what: 'SQL statements and Temporal actions of an irrelevant event',
      found: figures
        .filter(({ name }) => name === 'irrelevant: SQL statements' || name === 'irrelevant: Temporal actions')
        .reduce((sum, { value }) => sum + value, 0),
      limit: 0,
      kind: 'at most',
    },
  ],
  notes: [
    'Of cycles with three upstreams, each event to a cycle of its own, one after the other. Calls of Temporal hold the polls ' +
      'and housekeeping of the time, which the first kind shows alone; those that read the histories are the bench’s own.',
  ],
})
