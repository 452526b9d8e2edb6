// When an upstream cycle may be expected, and why never. In: calendars, what is known of its product, a key, the time. Out: instants
// and words. Never: a guess: of fewer cycles than make a habit nothing is said.
import { Temporal } from 'temporal-polyfill'
import type { Schedule } from '../definition.ts'
import type { Expectation } from '../explain/blocker-tree.ts'
import type { ProductFacts } from '../explain/standing.ts'
import { type CycleKey, periodOf } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { isNotYet } from './backfill-range.ts'
import { type Calendars, dayOf } from './calendars.ts'
import { dueMsOn, placeCycle } from './cycles.ts'
import { hourMs } from './dates.ts'

/** Of fewer cycles nothing is usual. */
export const FEWEST_CYCLES = 5

export function toExpectation(
  calendars: Calendars,
  facts: ProductFacts | undefined,
  { key, nowMs }: { key: CycleKey; nowMs: number },
): Expectation {
  const what = facts?.isProduct ? 'product' : facts?.isExternal ? 'external' : 'unknown'
  const schedule = toSchedule(calendars, facts)
  if (!schedule) return { what, usualMs: null, dueMs: null, notScheduled: null, canOpen: what === 'product' }
  const placed = placeCycle(calendars, schedule, key)
  if (placed.kind === 'none') {
    const notScheduled = placed.isUncovered ? null : whyNotScheduled(calendars, schedule, key)
    return { what, usualMs: null, dueMs: null, notScheduled, canOpen: false }
  }
  const dueMs = dueMsOn(schedule, key, placed.dueDate)
  const usual = toUsual(facts)
  const usualMs = usual && toUsualMs(schedule, usual.seconds, { key, businessDate: placed.businessDate })
  return { what, usualMs, dueMs, notScheduled: null, canOpen: !isNotYet(dueMs, nowMs) }
}

/** Null where its calendar is not known here. */
function toSchedule(calendars: Calendars, facts: ProductFacts | undefined): Schedule | null {
  const schedule = facts?.schedule
  return schedule?.every && calendars.has(schedule.calendar) ? schedule : null
}

/** `2026-11-26 is Thanksgiving Day in us-equities`; undefined where there is such a cycle. */
export function whyNotScheduled(calendars: Calendars, schedule: Schedule, key: CycleKey): string | null {
  const placed = placeCycle(calendars, schedule, key)
  if (placed.kind === 'due') return null
  const calendar = calendars.get(schedule.calendar)
  const isDay = periodOf(key) === 'day' && toCadence(schedule.every).period === 'day'
  if (!isDay || placed.isUncovered || !calendar) return placed.reason
  const { rule } = dayOf(calendar, key)
  return rule.endsWith('day') && !rule.includes(' ')
    ? `${key} is a ${rule}, when ${schedule.calendar} is closed`
    : `${key} is ${rule} in ${schedule.calendar}`
}

/** The middle one of its last cycles, where they are enough. */
export const toUsual = (facts: ProductFacts | undefined): { seconds: number; cycles: number } | null =>
  facts && facts.seconds !== null && facts.cycles >= FEWEST_CYCLES
    ? { seconds: facts.seconds, cycles: facts.cycles }
    : null

function toUsualMs(
  { timezone }: Schedule,
  seconds: number,
  { key, businessDate }: { key: CycleKey; businessDate: string },
): number {
  if (periodOf(key) === 'hour') return hourMs(key) + seconds * 1_000
  const wall = Temporal.PlainDate.from(businessDate)
    .toPlainDateTime()
    .add({ seconds: Math.round(seconds) })
  return wall.toZonedDateTime(timezone).epochMilliseconds
}

/** `usually 17:42 America/New_York (the middle of its last 14)`, or that there is no history to go by. */
export function usualWords(facts: ProductFacts | undefined, key: CycleKey): string {
  const usual = toUsual(facts)
  const cycles = facts?.cycles ?? 0
  if (!usual) return `no history yet (${cycles} cycle${cycles === 1 ? '' : 's'})`
  return `usually ${timeWords(usual.seconds, facts?.schedule?.timezone ?? '', key)} (the middle of its last ${usual.cycles})`
}

const DAY_SECONDS = 86_400

function timeWords(seconds: number, zone: string, key: CycleKey): string {
  if (periodOf(key) === 'hour') return `${Math.round(seconds / 60)} min after its hour began`
  const days = Math.floor(seconds / DAY_SECONDS)
  const minutes = Math.floor((seconds - days * DAY_SECONDS) / 60)
  const clock = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
  return `${clock}${days === 0 ? '' : ` ${days > 0 ? '+' : ''}${days}d`} ${zone}`
}
