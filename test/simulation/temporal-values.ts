// What crosses an edge of Temporal: JSON, and durations as its options write them.

export const clone = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))

const UNITS_MS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

export function toMs(duration: string | number): number {
  if (typeof duration === 'number') return duration
  const [count, unit = ''] = duration.split(' ')
  const unitMs = UNITS_MS[unit.replace(/s$/, '')]
  if (!unitMs) throw new Error(`"${duration}" is no duration that this ring knows.`)
  return Number(count) * unitMs
}
