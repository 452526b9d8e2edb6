// What the values of a refresh event must be at both of its edges: the bridge's, and a signal sent by hand.
// In: a text. Out: the value as PostgreSQL and Glue take it, or undefined. Pure: workflows use it too.

/** The largest `integer` of PostgreSQL: an external counts by the second. */
export const MAX_REVISION = 2_147_483_647
export const MAX_EVENT_ID = 300
export const MAX_LOCATION = 2_000

/** Without an offset a time would mean another instant on another worker. */
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/
/** PostgreSQL refuses year 0, and reads no year of five digits; `toISOString` writes a sign before those. */
const YEARS_1_TO_9999 = /^(?!0000)\d{4}-/

/**
 * `2026-11-20T10:00:00+23:00` becomes `2026-11-19T11:00:00.000Z`: PostgreSQL takes offsets below 16 hours only, and a
 * cycle whose record it refuses is never recorded again.
 */
export function toInstant(text: string): string | undefined {
  const ms = WITH_OFFSET.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) return undefined
  const instant = new Date(ms).toISOString()
  return YEARS_1_TO_9999.test(instant) ? instant : undefined
}

/** Printable and in one piece: it becomes part of a Glue argument. */
const S3_LOCATION = /^s3:\/\/[^\s\p{C}]+$/u

export const isLocation = (text: string): boolean => text.length <= MAX_LOCATION && S3_LOCATION.test(text)
