// In: samples in any order. Out: what is said of them. Never: a quantile that is no sample (nearest rank, no interpolation).

export interface Summary {
  n: number
  p50: number
  p90: number
  p99: number
  max: number
}

/** The smallest sample that at least the share `q` of all do not exceed. NaN of no samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.max(Math.ceil(q * sorted.length) - 1, 0), sorted.length - 1)] ?? Number.NaN
}

export const summarise = (samples: readonly number[]): Summary => ({
  n: samples.length,
  p50: quantile(samples, 0.5),
  p90: quantile(samples, 0.9),
  p99: quantile(samples, 0.99),
  max: quantile(samples, 1),
})
