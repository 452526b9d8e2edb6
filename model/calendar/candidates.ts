// Which cycles of a consumer may look at an upstream cycle: a superset, of which leaf.ts says which do.
// In: the edge, the upstream's key. Out: keys of the consumer, due or not. Never: too few; a property test in match.test.ts
// holds the two directions inverse.
import type { MatchRule } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { requireCalendar } from './calendars.ts'
import { cycleAfter } from './cycles.ts'
import { addBusinessDaysWithin, addDays, type Dates, datesOf, keysOver } from './dates.ts'
import { type Edge, ifNoneOf, MOST_DAYS_BACK, MOST_SKIPPED } from './leaf.ts'

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
  const dates = { first, last: reachOf(edge, upstreamKey, last) }
  const { from, to } = datesLookingAt(edge, rule, dates)
  return keysOver(own, addDays(from, -margin), addDays(to, margin))
}

/** Until when the upstream's key is still the one before. */
function reachOf({ calendars, upstream, dependency }: Edge, key: CycleKey, last: string): string {
  if (ifNoneOf(dependency) !== 'previous') return last
  let reach = last
  let at: CycleKey | undefined = key
  for (let steps = 0; steps <= MOST_SKIPPED; steps += 1) {
    const farthest = addDays(reach, MOST_DAYS_BACK)
    at = cycleAfter(calendars, upstream, at)
    // Beyond its calendar nobody knows whether the upstream has a cycle, and so nobody takes the one before.
    if (at === undefined)
      return earlier(farthest, later(reach, addDays(requireCalendar(calendars, upstream.calendar).to, 1)))
    if (datesOf(at).last > farthest) return farthest
    reach = datesOf(at).last
  }
  return reach
}

interface Range {
  from: string
  to: string
}

/** The dates of which cycles of the consumer look back on these dates of the upstream. */
function datesLookingAt(edge: Edge, rule: MatchRule | undefined, { first, last }: Dates): Range {
  switch (rule?.kind) {
    case 'business-days-before':
      return businessDaysAfter(edge, { first, last }, rule.n + 1)
    case 'calendar-days-before':
      return { from: first, to: addDays(last, rule.n) }
    case 'latest-within':
      return { from: first, to: addDays(last, rule.days) }
    default:
      return { from: first, to: last }
  }
}

/** Within what the calendar covers, and the day after: beyond, nobody counts back. */
function businessDaysAfter({ calendars, consumer: { calendar } }: Edge, { first, last }: Dates, n: number): Range {
  const covered = requireCalendar(calendars, calendar)
  const from = later(first, covered.from)
  try {
    const begin = later(last, covered.from)
    const found = addBusinessDaysWithin(calendars, calendar, { date: begin, n, days: MOST_DAYS_BACK })
    return { from, to: found ?? addDays(begin, MOST_DAYS_BACK) }
  } catch (error) {
    if (error instanceof RangeError) return { from, to: addDays(covered.to, 1) }
    throw error
  }
}

const earlier = (one: string, other: string): string => (one < other ? one : other)
const later = (one: string, other: string): string => (one > other ? one : other)
