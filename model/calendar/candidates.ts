// Which cycles of a consumer may look at an upstream cycle: a superset, of which leaf.ts says which do.
// In: the edge, the upstream's key. Out: keys of the consumer, due or not. Never: too few; a property test in match.test.ts
// holds the two directions inverse.
import type { MatchRule } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { type Calendars, requireCalendar } from './calendars.ts'
import { cycleAfter } from './cycles.ts'
import { addBusinessDays, addDays, datesOf, keysOver } from './dates.ts'
import { type Edge, ifNoneOf, MOST_SKIPPED } from './leaf.ts'

/** A superset of the consumer's keys that may look at this upstream cycle, due or not. */
export function candidateKeys(edge: Edge, upstreamKey: CycleKey): CycleKey[] {
  const { consumer, upstream, dependency } = edge
  const rule = dependency.match
  const own = toCadence(consumer.every).period
  if (rule === undefined && ifNoneOf(dependency) !== 'previous') return [upstreamKey]
  if (rule?.kind === 'self-previous') return [cycleAfter(edge.calendars, consumer, upstreamKey) ?? []].flat()
  const { first, last } = datesOf(upstreamKey)
  // Dates of a zone's hours may differ from those of UTC by one.
  const margin = own === 'hour' || toCadence(upstream.every).period === 'hour' ? 1 : 0
  const to = latestDate(edge, rule, reachOf(edge, upstreamKey, last))
  return keysOver(own, addDays(first, -margin), addDays(to, margin))
}

/** At the end of what a calendar covers: so far a key may still be the one before. */
const MOST_CLOSED_DAYS = 31

/** Until when the upstream's key is still the one before. */
function reachOf({ calendars, upstream, dependency }: Edge, key: CycleKey, last: string): string {
  if (ifNoneOf(dependency) !== 'previous') return last
  let at = key
  for (let steps = 0; steps <= MOST_SKIPPED; steps += 1) {
    const next = cycleAfter(calendars, upstream, at)
    if (next === undefined) return addDays(datesOf(at).last, MOST_CLOSED_DAYS)
    at = next
  }
  return datesOf(at).last
}

/** Until which date cycles of the consumer look back on an upstream date. */
function latestDate({ calendars, consumer }: Edge, rule: MatchRule | undefined, last: string): string {
  switch (rule?.kind) {
    case 'business-days-before':
      return businessDaysAfter(calendars, consumer.calendar, { date: last, n: rule.n + 1 })
    case 'calendar-days-before':
      return addDays(last, rule.n)
    case 'latest-within':
      return addDays(last, rule.days)
    default:
      return last
  }
}

/** Not beyond what the calendar covers: there is no cycle. */
function businessDaysAfter(calendars: Calendars, calendar: string, from: { date: string; n: number }): string {
  const { to } = requireCalendar(calendars, calendar)
  try {
    return addBusinessDays(calendars, calendar, from)
  } catch (error) {
    if (error instanceof RangeError) return to
    throw error
  }
}
