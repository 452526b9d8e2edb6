// S4. More and more cycles wait: what that costs while nothing happens, and how fast a random one of them still starts.
import { setTimeout as pause } from 'node:timers/promises'
import { atRate, eventOf } from './feed.ts'
import { spread } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import { quantile } from './quantiles.ts'
import type { Figure, Finding, Goal, Series } from './result.ts'
import { startOf, untilWaiting } from './s1-arrival-to-start.ts'
import { createChance, shuffled } from './seeded.ts'
import { type Measured, processesOf, type RunOptions, type Stage, withStage } from './stage.ts'
import { cpuSeconds, pssMb } from './usage.ts'

const LEVELS = [1, 200, 1_000, 10_000]
const QUICK_LEVELS = [1, 20, 60, 150]
const EVENTS_PER_SECOND = 5
const MOST_EVENTS = 1_000
const ALONE = 100
const WARM_UP = 20

export interface WaitingCycle {
  cycle: string
  first: string
  last: string
}

export async function measureManyWaiting(options: RunOptions): Promise<Measured> {
  const levels = options.isQuick ? QUICK_LEVELS : LEVELS.map((level) => Math.min(level, options.n ?? level))
  const alone = options.isQuick ? 5 : ALONE
  // What each level's events take away, the next is filled up with again.
  const count = levels.reduce((sum, level) => sum + level, alone + WARM_UP)
  const cycles = toCycles(count)
  const shape: Shape = Object.fromEntries(
    spread('p', count, Date.now()).map(({ name }) => [name, [raw(`first-${name}`), raw(`last-${name}`)]]),
  )
  return withStage(options, { shape }, async (stage) => {
    const chance = createChance(options.seed)
    const figures: Figure[] = []
    const series: Series[] = []
    const waiting: WaitingCycle[] = []
    await openMore(stage, waiting, cycles, WARM_UP)
    await measureEvents(stage, waiting.splice(0))
    for (const level of levels) {
      await openMore(stage, waiting, cycles, level)
      options.say(`S4: ${level} cycles wait`)
      figures.push(...(await measureIdle(stage, level, options.isQuick ? 10_000 : 60_000)))
      const samples = level === 1 ? await measureAlone(stage, waiting, cycles, alone) : []
      const chosen = shuffled(waiting, chance).slice(0, Math.min(MOST_EVENTS, Math.floor(level / 2)))
      samples.push(...(await measureEvents(stage, chosen)))
      series.push({ name: `random one of ${level} waiting`, unit: 'ms', samples })
      for (const gone of chosen) waiting.splice(waiting.indexOf(gone), 1)
    }
    return toFinding(levels, series, figures)
  })
}

export const toCycles = (count: number): WaitingCycle[] =>
  spread('p', count, Date.now()).map(({ name, key }) => ({
    cycle: `${ours(name)}/${key}`,
    first: `${raw(`first-${name}`)}/${key}`,
    last: `${raw(`last-${name}`)}/${key}`,
  }))

/** By their first upstream; in portions, so that the queue never holds more than a batch of them. */
export async function openMore(
  stage: Stage,
  waiting: WaitingCycle[],
  left: WaitingCycle[],
  level: number,
): Promise<void> {
  while (waiting.length < level) {
    const some = left.splice(0, Math.min(200, level - waiting.length))
    await stage.feed.put(some.map(({ first }) => first))
    await untilWaiting(
      stage,
      some.map(({ cycle }) => cycle),
    )
    waiting.push(...some)
  }
}

/** CPU seconds a minute, and memory, of each process while nothing happens. */
async function measureIdle(stage: Stage, level: number, forMs: number): Promise<Figure[]> {
  // What the last opening left behind (flushes, collections of garbage) is no cost of waiting.
  await pause(forMs / 4)
  const processes = processesOf(stage)
  const before = processes.map(({ pid }) => cpuSeconds(pid))
  const startMs = performance.now()
  await pause(forMs)
  const minutes = (performance.now() - startMs) / 60_000
  return processes.flatMap(({ name, pid }, at) => [
    { name: `${level} waiting: CPU of ${name}`, value: (cpuSeconds(pid) - (before[at] ?? 0)) / minutes, unit: 's/min' },
    { name: `${level} waiting: memory of ${name}`, value: pssMb(pid), unit: 'MB' },
  ])
}

/** One waits, and starts; then the next. */
async function measureAlone(
  stage: Stage,
  waiting: WaitingCycle[],
  left: WaitingCycle[],
  times: number,
): Promise<number[]> {
  const samples: number[] = []
  while (samples.length < times) {
    await openMore(stage, waiting, left, 1)
    samples.push(...(await measureEvents(stage, waiting.splice(0))))
  }
  return samples
}

async function measureEvents(stage: Stage, chosen: WaitingCycle[]): Promise<number[]> {
  const { witness, feed } = stage
  await atRate(chosen, EVENTS_PER_SECOND, ({ last }) => feed.put([last]))
  await witness.until(
    () => chosen.every(({ cycle }) => witness.publishedAtMs.has(eventOf(cycle))),
    () => `all of ${chosen.length} chosen cycles published`,
  )
  return chosen.map(
    ({ cycle, last }) => startOf(stage, cycle) - (witness.receivableAtMs.get(eventOf(last)) ?? Number.NaN),
  )
}

function toFinding(levels: number[], series: Series[], figures: Figure[]): Finding {
  const [least = 1, , , upper = 0] = levels
  const p99 = series.map(({ samples }) => quantile(samples, 0.99))
  const atUpper = p99.at(-1) ?? Number.NaN
  const of = (level: number, what: string): number =>
    figures
      .filter(({ name }) => name.startsWith(`${level} waiting: ${what}`))
      .reduce((sum, { value }) => sum + value, 0)
  const perCycle = (of(upper, 'memory') - of(least, 'memory')) / (upper - least)
  const cpu = levels.map((level) => ({
    name: `${level} waiting: CPU of all four`,
    value: of(level, 'CPU'),
    unit: 's/min',
  }))
  return {
    ...{ scenario: 'S4', title: 'many waiting: idle cost, then random events', series },
    figures: [...cpu, { name: 'memory per waiting cycle, all four', value: perCycle, unit: 'MB' }, ...figures],
    goals: [
      ...levels.slice(0, -1).map((level, at): Goal => {
        const what = `p99 with ${upper} waiting / with ${level} (n ${series.at(-1)?.samples.length} / ${series[at]?.samples.length})`
        return { what, found: atUpper / (p99[at] ?? Number.NaN), limit: 1.5, kind: 'at most' }
      }),
      ...levels.slice(1).map((level): Goal => {
        const found = of(level, 'CPU') / of(least, 'CPU')
        return { what: `idle CPU with ${level} waiting / with ${least}`, found, limit: 1.5, kind: 'at most' }
      }),
    ],
    notes: [
      `Events come open-loop, ${EVENTS_PER_SECOND} a second, to at most half of the waiting cycles; with 1 waiting, one after another.`,
      'The worker caches 500 cycles; nearly all of 10,000 are replayed from history when their event comes.',
    ],
  }
}
