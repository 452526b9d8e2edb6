// Chance that can be had again. In: the environment. Out: the seeds of a case's runs, numbers drawn from a seed.
// Never: Math.random; a run whose seed nobody can read.

/** How often each case runs: 1 in `npm test`, 5 in `npm run test:chaos`. */
export const RUNS = Number(process.env['SLUICE_CHAOS_RUNS'] ?? 1)
/** The fault suite (run.ts), not `npm test`, which has time for the most telling rows only. */
export const IS_SUITE = process.env['SLUICE_CHAOS_TALLIES'] !== undefined || RUNS > 1
/** Full-length outages and nightly sizes. */
export const IS_FULL = process.env['SLUICE_CHAOS_FULL'] === '1'

/** One seed where it is given, to have a failed run again; else one per run, from the clock. */
export function chooseSeeds(runs = RUNS): number[] {
  const given = process.env['SLUICE_CHAOS_SEED']
  if (given !== undefined) return [Number(given)]
  const first = Date.now() % 1_000_000
  return Array.from({ length: runs }, (_, at) => first + at)
}

export interface Draw {
  /** A whole number in [0, below). */
  below(below: number): number
  /** A whole number in [from, to]. */
  between(from: number, to: number): number
  shuffled<T>(items: readonly T[]): T[]
}

/** Mulberry32: 32 bits of state, good enough to choose moments. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    shuffled: (items) =>
      items
        .map((item) => ({ item, at: next() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ item }) => item),
  }
}
