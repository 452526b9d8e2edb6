// The ids everybody builds and reads: `<domain>/<product>`, `<domain>/<product>/<cycle key>`, event ids.
// Never: an id put together or taken apart elsewhere. Each pair is tested as a round trip.
import type { Period } from './definition.ts'

export type Domain = string & { readonly brand: 'Domain' }
export type ProductId = string & { readonly brand: 'ProductId' }
export type CycleKey = string & { readonly brand: 'CycleKey' }
/** Also the Temporal workflow id of the cycle. */
export type CycleId = string & { readonly brand: 'CycleId' }

export interface CycleParts {
  product: ProductId
  key: CycleKey
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Lower-case letters, digits and inner hyphens, at most 63: fits bus, queue, deployment and bucket names. */
export const isName = (text: string): boolean => NAME.test(text)

export function parseDomain(text: string): Domain | undefined {
  return isName(text) ? (text as Domain) : undefined
}

export function parseProductId(text: string): ProductId | undefined {
  const [domain, product, ...rest] = text.split('/')
  return domain && product && rest.length === 0 && isName(domain) && isName(product) ? (text as ProductId) : undefined
}

export const domainOf = (product: ProductId | CycleId): Domain => product.slice(0, product.indexOf('/')) as Domain

/** The product's name without its domain. */
export const nameOf = (product: ProductId): string => product.slice(product.indexOf('/') + 1)

export const toCycleId = (product: ProductId, key: CycleKey): CycleId => `${product}/${key}` as CycleId

/** Undefined unless the text is `<domain>/<product>/<key>`; whether the key is due is the calendar's to say. */
export function parseCycleId(text: string): CycleParts | undefined {
  const cut = text.lastIndexOf('/')
  const product = parseProductId(text.slice(0, Math.max(cut, 0)))
  const key = parseCycleKey(text.slice(cut + 1))
  return product && key ? { product, key } : undefined
}

const YEARS = /^(?:19|20|21)\d{2}-/
const DAY_KEY = /^\d{4}-\d{2}-\d{2}$/
const HOUR_KEY = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3])Z$/
const WEEK_KEY = /^(\d{4})-W(\d{2})$/
const MONTH_KEY = /^\d{4}-(?:0[1-9]|1[0-2])$/
const QUARTER_KEY = /^\d{4}-Q[1-4]$/

/** For messages about what is none. */
export const SUCH_KEYS = '2026-11-20, 2026-11-20T19Z, 2026-W47, 2026-11 or 2026-Q4, of the years 1900 to 2199'

/**
 * `2026-11-20T19Z` (always UTC), `2026-11-20`, `2026-W47` (ISO week), `2026-11`, `2026-Q4`, of a real hour, day or week
 * in the years that calendars may cover, 1900 to 2199: nobody's cycle is of another, and dates are safe to count from there.
 */
export const parseCycleKey = (text: string): CycleKey | undefined =>
  YEARS.test(text) && readPeriod(text) !== undefined ? (text as CycleKey) : undefined

/** What the key names, by its shape alone: it has been parsed, and this is asked most of all. */
export function periodOf(key: CycleKey): Period {
  switch (key.length) {
    case 10:
      return 'day'
    case 14:
      return 'hour'
    case 8:
      return 'week'
    default:
      return key[5] === 'Q' ? 'quarter' : 'month'
  }
}

function readPeriod(key: string): Period | undefined {
  if (isDay(key)) return 'day'
  const [, day, hour] = HOUR_KEY.exec(key) ?? []
  if (day && hour) return isDay(day) ? 'hour' : undefined
  const [, year, week] = WEEK_KEY.exec(key) ?? []
  if (year && week) return Number(week) >= 1 && Number(week) <= weeksIn(Number(year)) ? 'week' : undefined
  if (MONTH_KEY.test(key)) return 'month'
  return QUARTER_KEY.test(key) ? 'quarter' : undefined
}

function isDay(text: string): boolean {
  if (text.length !== 10 || !DAY_KEY.test(text)) return false
  const day = Number(text.slice(8))
  return day >= 1 && day <= daysIn(Number(text.slice(0, 4)), Number(text.slice(5, 7)))
}

/** A year has a 53rd week when it begins on a Thursday, or on a Wednesday in a leap year (ISO 8601). */
function weeksIn(year: number): number {
  const before = year - 1
  const weekday = (1 + before + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400)) % 7
  return weekday === 4 || (weekday === 3 && daysIn(year, 2) === 29) ? 53 : 52
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** The id of the n-th publication of a cycle: deterministic, so a repeated publish is the same event. */
export const toEventId = (cycle: CycleId, revision: number): string => `${cycle}/r${revision}`

/** The id of the notice that a cycle did not refresh: one for each time it came to rest without data. */
export const toNotRefreshedId = (cycle: CycleId, runNumber: number, version: number): string =>
  `${toNotRefreshedPrefix(cycle)}${runNumber}.${version}`

/** The id of the notice that this publication was taken back. */
export const toWithdrawalId = (cycle: CycleId, revision: number): string =>
  `${toNotRefreshedPrefix(cycle)}withdrawn.r${revision}`

export const isWithdrawalId = (id: string): boolean => /\/not-refreshed-withdrawn\.r\d+$/.test(id)

/** Whether a notice under this id may say that the cycle did not refresh: not one that only withdrawals have. */
export const isNotRefreshedId = (cycle: CycleId, id: string): boolean =>
  id.startsWith(toNotRefreshedPrefix(cycle)) && !id.startsWith(`${toNotRefreshedPrefix(cycle)}withdrawn.`)

/** A notice about a cycle, not a refresh of it. */
export const isNoticeId = (id: string): boolean => id.includes('/not-refreshed-')

/** With which the ids of all such notices of a cycle begin. */
export const toNotRefreshedPrefix = (cycle: CycleId): string => `${cycle}/not-refreshed-`

export function parseEventId(text: string): { cycle: CycleId; revision: number } | undefined {
  const [, cycle, revision] = /^(.+)\/r([1-9]\d{0,9})$/.exec(text) ?? []
  return cycle && parseCycleId(cycle) ? { cycle: cycle as CycleId, revision: Number(revision) } : undefined
}

/** The activity that waits for the Glue run of an attempt: unique over all runs of the cycle. */
export const toGlueActivityId = (attempt: number): string => `glue-${attempt}`
