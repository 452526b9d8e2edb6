// Between which instants events are listed. In: a date, or an instant. Out: ISO instants. Never: the zone of the machine.
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { isDate } from '../model/calendar/day-numbers.ts'

const DAY_MS = 86_400_000

/** A date is its beginning, in UTC. */
export const parseFrom = (text: string): string => toIso(text, 0)

/** Of a date the whole counts. */
export const parseTo = (text: string): string => toIso(text, DAY_MS)

function toIso(text: string, lastsMs: number): string {
  const atMs = isDate(text) ? Date.parse(`${text}T00:00:00Z`) + lastsMs : readInstant(text)
  if (Number.isFinite(atMs)) return new Date(atMs).toISOString()
  throw new InvalidArgumentError('Expected a date, or an instant with its zone, such as 2026-11-20T17:00:00Z.')
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/

const readInstant = (text: string): number => (INSTANT.test(text) ? Date.parse(text) : Number.NaN)
