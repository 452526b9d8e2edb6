// S1. A cycle waits for its last upstream: from that event being receivable in SQS to StartJobRun being called.
// At 1/s (each alone) up to 50/s (the load is the point), in blocks that alternate with the floor's.
import { measureBareInsert, measureBareReceive, type FloorWorker, withFloorWorker } from './floor/floors.ts'
import { atRate, eventOf } from './feed.ts'
import { spread } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import { quantile } from './quantiles.ts'
import type { Figure, Finding, Goal, Series } from './result.ts'
import { type Measured, processesOf, type RunOptions, type Stage, withStage } from './stage.ts'
import { createMeter, type Meter } from './usage.ts'

/** From each alone to a load for its own sake; those between show where two cores are full. */
const RATES = [1, 5, 10, 50]
const BLOCKS = 5
/** Blocks stay below the worker's cache of 500 cycles: what eviction costs is S4's to say. */
const MOST_IN_BLOCK = 400

export async function measureArrivalToStart(options: RunOptions): Promise<Measured> {
  const counts = countsFor(options)
  const cycles = spread('p', counts.reduce((sum, { count }) => sum + count, 0) + WARM_UP, Date.now())
  const names = [...new Set(cycles.map(({ name }) => name))]
  const shape: Shape = Object.fromEntries(names.map((name) => [name, [raw(`first-${name}`), raw(`last-${name}`)]]))
  const measure = async (stage: Stage, floorWorker: FloorWorker): Promise<Finding> => {
    const left = [...cycles]
    await measureBlock(stage, left.splice(0, WARM_UP), WARM_UP)
    await floorWorker.measure(WARM_UP, WARM_UP)
    const series: Series[] = []
    const figures: Figure[] = []
    const floorProcesses = processesOf(stage).map(({ name, pid }) => ({
      name,
      pid: name === 'worker' ? floorWorker.pid : pid,
    }))
    for (const { rate, count } of counts) {
      const costs = { own: createMeter(processesOf(stage)), floor: createMeter(floorProcesses) }
      const [own, floor]: [number[], number[]] = [[], []]
      for (let block = 0; block < BLOCKS; block += 1) {
        const some = left.splice(0, Math.ceil(count / BLOCKS))
        own.push(...(await costs.own.during(() => measureBlock(stage, some, rate))))
        floor.push(...(await costs.floor.during(() => floorWorker.measure(some.length, rate))))
        options.say(`S1 at ${rate}/s: block ${block + 1} of ${BLOCKS}, p50 so far ${quantile(own, 0.5)} ms`)
      }
      series.push({ name: `arrival → start at ${rate}/s`, unit: 'ms', samples: own })
      series.push({ name: `floor: signal → first activity at ${rate}/s`, unit: 'ms', samples: floor })
      figures.push(...toCosts(rate, own.length, costs))
    }
    series.push({ name: 'floor: bare receive', unit: 'ms', samples: await measureBareReceive(stage, 200) })
    series.push({ name: 'floor: bare insert', unit: 'ms', samples: await measureBareInsert(stage, 200) })
    return { scenario: 'S1', title: 'arrival → start', series, figures, goals: toGoals(series), notes: NOTES }
  }
  return withStage(options, { shape }, (stage) => withFloorWorker(stage, (worker) => measure(stage, worker)))
}

const WARM_UP = 20

/** Of a whole cycle, its opening included. Busy cores are what a wait beyond the floor comes from. */
function toCosts(rate: number, n: number, { own, floor }: { own: Meter; floor: Meter }): Figure[] {
  const toFigure = (what: string, ms: number): Figure => ({
    ...{ name: `at ${rate}/s: CPU of a ${what}`, value: ms / n, unit: 'ms' },
  })
  const sum = (meter: Meter): number => meter.readMs().reduce((total, { ms }) => total + ms, 0)
  return [
    toFigure('cycle, all four processes', sum(own)),
    ...own.readMs().map(({ name, ms }) => toFigure(`cycle, ${name}`, ms)),
    toFigure('bare workflow, all four processes', sum(floor)),
  ]
}

/** Every sample is a cycle of its own; few a second take long, so they get a quarter of them. */
function countsFor({ n, isQuick }: RunOptions): { rate: number; count: number }[] {
  const most = Math.min(n ?? (isQuick ? 100 : 2_000), BLOCKS * MOST_IN_BLOCK)
  return RATES.map((rate) => ({ rate, count: rate <= 5 ? Math.max(Math.ceil(most / 4), BLOCKS) : most }))
}

/** Opens the block's cycles by their first upstream, waits until all wait, then lets the last ones come at the rate. */
export async function measureBlock(
  stage: Stage,
  block: readonly { name: string; key: string }[],
  perSecond: number,
): Promise<number[]> {
  const { feed, witness } = stage
  const cycles = block.map(({ name, key }) => ({
    cycle: `${ours(name)}/${key}`,
    first: `${raw(`first-${name}`)}/${key}`,
    last: `${raw(`last-${name}`)}/${key}`,
  }))
  await feed.put(cycles.map(({ first }) => first))
  await untilWaiting(
    stage,
    cycles.map(({ cycle }) => cycle),
  )
  await atRate(cycles, perSecond, ({ last }) => feed.put([last]))
  const done = (cycle: string): boolean => witness.starts.has(cycle) && witness.publishedAtMs.has(eventOf(cycle))
  await witness.until(
    () => cycles.every(({ cycle }) => done(cycle)),
    () =>
      `published: ${cycles
        .filter(({ cycle }) => !done(cycle))
        .map(({ cycle }) => cycle)
        .slice(0, 5)
        .join(', ')}`,
  )
  await untilInState(
    stage,
    cycles.map(({ cycle }) => cycle),
    'COMPLETED',
  )
  return cycles.map(
    ({ cycle, last }) => startOf(stage, cycle) - (witness.receivableAtMs.get(eventOf(last)) ?? Number.NaN),
  )
}

export const startOf = ({ witness }: Stage, cycle: string): number => witness.starts.get(cycle)?.[0] ?? Number.NaN

export const untilWaiting = (stage: Stage, cycles: string[]): Promise<void> => untilInState(stage, cycles, 'ARRIVED')

const PATIENCE_MS = 1_800_000

/** By the mirror: `ARRIVED` = one of its upstreams has, else the state of the cycle. */
async function untilInState({ db, witness }: Stage, cycles: string[], state: string): Promise<void> {
  const sql =
    state === 'ARRIVED'
      ? `select count(distinct cycle) as n from data_product_dependencies_events_status where state = $2 and cycle = any($1)`
      : 'select count(*) as n from data_product_status where state = $2 and cycle = any($1)'
  const giveUpAtMs = performance.now() + PATIENCE_MS
  for (let found = -1; found < cycles.length; ) {
    if (performance.now() > giveUpAtMs)
      throw new Error(`Of ${cycles.length} cycles only ${found} are ${state} in the mirror.`)
    found = (await db.one<{ n: number }>(sql, [cycles, state]))?.n ?? 0
    const nextAtMs = performance.now() + 250
    if (found < cycles.length)
      await witness.until(
        () => performance.now() > nextAtMs,
        () => 'a moment',
      )
  }
}

function toGoals(series: Series[]): Goal[] {
  const alone = quantile(series[0]?.samples ?? [], 0.5)
  const ofRivals = RIVALS.map(({ name, p50, times }): Goal => {
    return { what: `p50 of ${name} / ours at 1/s`, found: p50 / alone, limit: times, kind: 'at least' }
  })
  return [...ofRivals, ...RATES.flatMap((rate) => toRatios(series, rate))]
}

/** Of another day, on a machine of this size (docs/benchmarks/README.md): the one place where runs are compared. */
const RIVALS = [
  { name: 'Airflow assets by default, 960 ms,', p50: 960, times: 20 },
  { name: 'Airflow assets tuned, 380 ms,', p50: 380, times: 8 },
]

function toRatios(series: Series[], rate: number): Goal[] {
  const [own = [], floor = []] = series
    .filter(({ name }) => name.endsWith(` at ${rate}/s`))
    .map(({ samples }) => samples)
  const ratio = (q: number): number => quantile(own, q) / quantile(floor, q)
  return [
    { what: `p50 ours / floor at ${rate}/s`, found: ratio(0.5), limit: 1.5, kind: 'at most' },
    { what: `p99 ours / floor at ${rate}/s`, found: ratio(0.99), limit: 2.5, kind: 'at most' },
  ]
}

const NOTES = [
  'Both instants are the sandbox’s own (one process, one clock). The product’s way is SQS receive, parse, route, signal, ' +
    'workflow task, activity, GetJobRuns, StartJobRun; the floor is signal, workflow task, activity.',
  'A cycle is five or six activities, the floor one; what each costs in CPU stands above (of the whole block: at 1/s it holds ' +
    'what the servers use at rest, and always what this bench asks the mirror). Where cycles a second times that come near two cores, a queue grows while a block lasts, and ' +
    'the ratio there is of work, not of latency. The sandbox AWS and this bench take their share of the cores besides.',
  'A cycle is open and waits, as one does that has several upstreams; arrivals are open-loop.',
]
