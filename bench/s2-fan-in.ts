// S2. A product with N upstreams, each event twice, in random order: from the last needed one receivable to StartJobRun.
// Early (before the last needed) and double starts are counted, and must be none.
import { atRate, eventOf } from './feed.ts'
import { keysUntil } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import { quantile } from './quantiles.ts'
import type { Finding } from './result.ts'
import { startOf } from './s1-arrival-to-start.ts'
import { createChance, shuffled } from './seeded.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

/** The last is the most upstreams that a definition may name. */
const WIDTHS = [1, 10, 100, 200]
/** A tenth of a second's worth of what Temporal takes here: the last event shall not stand behind a queue of others. */
const EVENTS_PER_SECOND = 20

export async function measureFanIn(options: RunOptions): Promise<Measured> {
  const widths = options.isQuick ? WIDTHS.slice(0, 3) : WIDTHS
  const keys = keysUntil(Date.now(), options.n ?? (options.isQuick ? 3 : 15))
  const shape: Shape = Object.fromEntries(widths.map((width) => [`fan${width}`, upstreamsOf(width)]))
  return withStage(options, { shape }, async (stage) => {
    const chance = createChance(options.seed)
    const samples = new Map<number, number[]>(widths.map((width) => [width, []]))
    let [early, double] = [0, 0]
    for (const key of keys) {
      for (const width of shuffled(widths, chance)) {
        const found = await measureOne(stage, width, key, chance)
        samples.get(width)?.push(found.latencyMs)
        if (found.latencyMs < 0) early += 1
        if (found.starts > 1) double += 1
      }
      options.say(
        `S2: ${key} done, p50 so far ${widths.map((w) => quantile(samples.get(w) ?? [], 0.5)).join(' / ')} ms`,
      )
    }
    return toFinding(samples, early, double)
  })
}

const upstreamsOf = (width: number): string[] => Array.from({ length: width }, (_, at) => raw(`fan${width}-u${at + 1}`))

async function measureOne(stage: Stage, width: number, key: string, chance: () => number) {
  const { witness, feed } = stage
  const cycle = `${ours(`fan${width}`)}/${key}`
  const needed = upstreamsOf(width).map((upstream) => `${upstream}/${key}`)
  const { queue } = witness
  await atRate(shuffled([...needed, ...needed], chance), EVENTS_PER_SECOND, (event) => feed.put([event]))
  await witness.until(
    () => witness.publishedAtMs.has(eventOf(cycle)) && queue.deleted >= queue.came,
    () => `${cycle} published, and every message taken`,
  )
  const lastNeededMs = Math.max(...needed.map((event) => witness.receivableAtMs.get(eventOf(event)) ?? Number.NaN))
  return { latencyMs: startOf(stage, cycle) - lastNeededMs, starts: witness.starts.get(cycle)?.length ?? 0 }
}

function toFinding(samples: Map<number, number[]>, early: number, double: number): Finding {
  const p50 = (width: number): number => quantile(samples.get(width) ?? [], 0.5)
  return {
    ...{ scenario: 'S2', title: 'fan-in: last needed event → start' },
    series: [...samples].map(([width, all]) => ({ name: `${width} upstreams`, unit: 'ms', samples: all })),
    figures: [],
    goals: [
      { what: 'p50 of 100 upstreams / of 1', found: p50(100) / p50(1), limit: 1.2, kind: 'at most' },
      { what: 'p50 of 200 upstreams / of 1', found: p50(200) / p50(1), limit: 2, kind: 'at most' },
      { what: 'starts before the last needed event', found: early, limit: 0, kind: 'at most' },
      { what: 'cycles started more than once', found: double, limit: 0, kind: 'at most' },
    ],
    notes: [
      `Each upstream's event comes twice, all in random order, ${EVENTS_PER_SECOND} a second.`,
      'A definition names at most 200 upstreams, so there is no run with 1,000; a product in between would make it two hops.',
      'With one upstream the event also opens the cycle; with more, the cycle is open when the last one comes.',
    ],
  }
}
