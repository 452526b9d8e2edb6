// A time as a person writes it. In: text. Out: an instant, or a wall time that still wants its zone. Never: a date without a time; a
// wall time read in the zone of this machine.
import { Temporal } from 'temporal-polyfill'
import { toInstantMs } from './wall-time.ts'

export type Moment = { kind: 'instant'; atMs: number } | { kind: 'wall'; text: string }

const SHAPE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?$/

/** `2026-11-20T22:05:00Z`, `2026-11-20T17:05-05:00`, or `2026-11-20 17:05` in a zone that is known later; undefined for anything else. */
export function parseMoment(text: string): Moment | undefined {
  if (!SHAPE.test(text)) return undefined
  const iso = text.replace(' ', 'T')
  try {
    if (/(?:Z|[+-]\d\d:\d\d)$/.test(iso)) return { kind: 'instant', atMs: Temporal.Instant.from(iso).epochMilliseconds }
    return { kind: 'wall', text: Temporal.PlainDateTime.from(iso, { overflow: 'reject' }).toString() }
  } catch {
    return undefined
  }
}

/** In a gap the first instant after it, in an overlap the first of the two, as everywhere. */
export const toMomentMs = (moment: Moment, zone: string): number =>
  moment.kind === 'instant' ? moment.atMs : toInstantMs(moment.text, zone)
