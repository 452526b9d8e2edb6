// `every:` as a rule: which period a cycle key names, and on which of its dates the cycle is.
// In: the words of a definition. Out: the rule, or undefined for other words. Never: a calendar; cycles.ts brings it.
import type { Every, Period } from '../definition.ts'
import { didYouMean } from '../nearest.ts'

export interface Cadence {
  period: Period
  /** `last-day`: also when no business is done; `business-day`: only business days are counted. */
  on: 'each' | 'last-day' | 'business-day'
  /** Which business day of the period; -1 = the last; only with `business-day`. */
  nth: number
}

/** Words that mean the same as the canonical ones. */
const SYNONYMS: Record<string, Every> = {
  'week-end': 'week',
  'month-end': 'month',
  'quarter-end': 'quarter',
  'last-business-day': 'month-end(business)',
}

/** No month has more business days. */
const MOST_BUSINESS_DAYS = 23

/** What an author may write, for messages and editors. */
export const EVERY_WORDS: readonly string[] = [
  'hour',
  'day',
  'business-day',
  'week',
  'month',
  'quarter',
  'month-end',
  'quarter-end',
  'week-end(business)',
  'month-end(business)',
  'quarter-end(business)',
  'last-business-day',
  'nth-business-day(3)',
]

/** The canonical words; undefined for anything else. */
export function parseEvery(text: string): Every | undefined {
  const every = SYNONYMS[text] ?? text
  return cadenceOf(every) ? (every as Every) : undefined
}

/** What is wrong with the words of an author, and what would be right; undefined when they say how often. */
export function whyNoEvery(text: string): string | undefined {
  if (parseEvery(text)) return undefined
  const said = `"${text}" says not how often`
  if (/^nth-business-day\b/.test(text)) return `${said}; nth-business-day(n) counts from 1 to ${MOST_BUSINESS_DAYS}`
  return `${said}${didYouMean(text, EVERY_WORDS) || `; known: ${EVERY_WORDS.join(', ')}`}`
}

/** @throws RangeError for words of a newer version of Sluice. */
export function toCadence(every: Every): Cadence {
  const cadence = cadenceOf(every)
  if (!cadence) throw new RangeError(`"every: ${every}" is not known to this version of Sluice.`)
  return cadence
}

/** Each is read once: whoever asks for a cycle asks for this first. */
const known = new Map<string, Cadence>()

function cadenceOf(text: string): Cadence | undefined {
  const found = known.get(text) ?? readCadence(text)
  if (found) known.set(text, found)
  return found
}

function readCadence(text: string): Cadence | undefined {
  switch (text) {
    case 'hour':
    case 'day':
      return { period: text, on: 'each', nth: 0 }
    case 'business-day':
      return { period: 'day', on: 'business-day', nth: -1 }
    case 'week':
    case 'month':
    case 'quarter':
      return { period: text, on: 'last-day', nth: 0 }
    default:
      return namedClose(text)
  }
}

function namedClose(text: string): Cadence | undefined {
  const [, period] = /^(week|month|quarter)-end\(business\)$/.exec(text) ?? []
  if (period) return { period: period as Period, on: 'business-day', nth: -1 }
  const [, nth] = /^nth-business-day\(([1-9]\d?)\)$/.exec(text) ?? []
  return nth && Number(nth) <= MOST_BUSINESS_DAYS
    ? { period: 'month', on: 'business-day', nth: Number(nth) }
    : undefined
}
