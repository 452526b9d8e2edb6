// In: milliseconds, as the model counts time. Out: the ISO text that PostgreSQL takes for a timestamptz.

export const toInstant = (ms: number): string => new Date(ms).toISOString()

export const toInstantOrNull = (ms: number | null): string | null => (ms === null ? null : toInstant(ms))
