// Whether the match rules can be followed: each cycle of a consumer, for two years, is asked what it would wait for.
// In: the definitions as they will be, their calendars, a first date. Out: faults in words, per consumer and upstream.
// Never: a rule that on some day waits for what cannot come, and says nothing.
import { toCadence } from '../model/calendar/cadence.ts'
import { addDays, keysOver } from '../model/calendar/dates.ts'
import { hasCycle, type Timetable } from '../model/calendar/cycles.ts'
import { type Edge, toEdge, toKeys, wantedOf } from '../model/calendar/leaf.ts'
import { upstreamsIn } from '../model/calendar/match.ts'
import { PERIODS, type ProductDefinition, type UpstreamDefinition } from '../model/definition.ts'
import type { CycleKey } from '../model/ids.ts'
import { toStableJson } from './stable-json.ts'

export interface RuleFault {
  upstream: UpstreamDefinition
  message: string
  /** Said, but allowed: the author asked for it. */
  isNote: boolean
}

const LOOKED_AT_DAYS = 730
/** Hours repeat from day to day, so some weeks show all there is, holidays left out. */
const HOURS_LOOKED_AT_DAYS = 21
/** Each arrival is written down with the state of all of them, and a history has its limits. */
export const MOST_EXPECTED = 250
/** A bridge asks for each of them in Temporal, and all within one visibility time-out of the queue. */
const MOST_CONCERNED = 250

export interface RuleGround {
  timetable: Timetable
  /** By calendar, dates that a file closes against the rules: they may be known for an hour only. */
  adHoc: ReadonlyMap<string, ReadonlySet<string>>
  today: string
}

/** What a rule comes to, whatever its products are called: of a thousand most edges are alike but for their names. */
interface Weight {
  /** How many upstream cycles one cycle waits for, at most. */
  expected: number
  isSound: boolean
}

export function createRuleCheck({ timetable, adHoc, today }: RuleGround) {
  const weighed = new Map<string, Weight>()
  return (consumer: ProductDefinition): RuleFault[] => {
    const faults: RuleFault[] = []
    const expected: Expected[] = []
    for (const upstream of upstreamsIn(consumer.dependsOn)) {
      const edge = toEdge(timetable, consumer, upstream)
      const { every, calendar, timezone, onNonBusinessDay } = consumer
      const alike = toStableJson([every, calendar, timezone, onNonBusinessDay, edge.upstream, ruleOf(upstream)])
      const known = weighed.get(alike)
      const found = known?.isSound ? { expected: known.expected, fault: null } : weigh(edge, { adHoc, today })
      weighed.set(alike, { expected: found.expected, isSound: found.fault === null })
      expected.push({ upstream, count: found.expected })
      if (found.fault) faults.push(found.fault)
    }
    const tooMany = whyTooMany(expected)
    return tooMany ? [...faults, tooMany] : faults
  }
}

const ruleOf = ({ product: _, ...rule }: UpstreamDefinition): Omit<UpstreamDefinition, 'product'> => rule

interface Expected {
  upstream: UpstreamDefinition
  count: number
}

/** One history holds them all; the dependency that brings most is told. */
function whyTooMany(expected: Expected[]): RuleFault | null {
  const sum = expected.reduce((total, { count }) => total + count, 0)
  const [most] = expected.toSorted((one, other) => other.count - one.count)
  if (!most || sum <= MOST_EXPECTED) return null
  const { upstream, count } = most
  const share = count === sum ? '' : `, ${count} of them of ${upstream.product}`
  const message = `each cycle would wait for up to ${sum} upstream cycles at once${share}; at most ${MOST_EXPECTED}: put a product in between`
  return { upstream, message, isNote: false }
}

function weigh(
  edge: Edge,
  { adHoc, today }: Pick<RuleGround, 'adHoc' | 'today'>,
): { expected: number; fault: RuleFault | null } {
  const { dependency: upstream, consumer } = edge
  const misfit = whyMisfit(edge)
  if (misfit) return { expected: 0, fault: { upstream, message: misfit, isNote: false } }
  const keys = cyclesFrom(edge, today)
  const looksAt = keys.map((key) => toKeys(wantedOf(edge, key), edge))
  const expected = Math.max(0, ...looksAt.map((found) => found.length))
  const concerned = mostOften(looksAt.flatMap((found) => found.map(({ key }) => key)))
  if (concerned > MOST_CONCERNED) {
    const message = `each event of ${upstream.product} would concern ${concerned} cycles of ${consumer.product} or more; at most ${MOST_CONCERNED}: look back on less, or put a product in between`
    return { expected, fault: { upstream, message, isNote: false } }
  }
  return { expected, fault: neverOf(edge, keys, adHoc.get(edge.upstream.calendar) ?? new Set()) }
}

function mostOften(keys: CycleKey[]): number {
  const counts = new Map<CycleKey, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return Math.max(0, ...counts.values())
}

/** Cycles that would wait for what does not exist. */
function neverOf(edge: Edge, keys: CycleKey[], adHoc: ReadonlySet<string>): RuleFault | null {
  const { dependency: upstream, consumer } = edge
  const { ifNone, match } = upstream
  if (ifNone === 'run-without' || ifNone === 'skip-cycle' || match?.kind === 'self-previous') return null
  // What a calendar does not say yet may be there: it is extended year by year.
  const lacking = keys.flatMap((key) => {
    const wanted = wantedOf(edge, key)
    if (wanted.kind !== 'none' || wanted.isUnknown) return []
    return [{ key, why: wanted.why, isAdHoc: adHoc.has(wanted.target ?? '') }]
  })
  const first = lacking.find(({ isAdHoc }) => !isAdHoc) ?? lacking[0]
  if (!first) return null
  const share = lacking.length === keys.length ? 'each of its cycles' : `${lacking.length} of ${keys.length} cycles`
  const choice = match?.kind === 'latest-within' ? 'run-without, skip-cycle' : 'previous, run-without, skip-cycle'
  const advice = ifNone === 'wait' ? '' : `; say what then: ifNone: ${choice}, or wait`
  const message = `${share} of ${consumer.product} would wait for ever, such as ${first.key}: ${first.why}${advice}`
  // To wait where nothing can ever come is no wish. A closure that everybody has to live with must not be refused.
  const isNote = first.isAdHoc || (ifNone === 'wait' && lacking.length < keys.length)
  return { upstream, message, isNote }
}

function cyclesFrom({ calendars, consumer }: Edge, today: string): CycleKey[] {
  const { period } = toCadence(consumer.every)
  const days = period === 'hour' ? HOURS_LOOKED_AT_DAYS : LOOKED_AT_DAYS
  return keysOver(period, today, addDays(today, days)).filter((key) => hasCycle(calendars, consumer, key))
}

/** Periods that the rule cannot bring together. */
function whyMisfit({ consumer, upstream, dependency: { product, match } }: Edge): string | null {
  const [own, theirs] = [toCadence(consumer.every).period, toCadence(upstream.every).period]
  const finer = PERIODS.indexOf(theirs) - PERIODS.indexOf(own)
  const both = `${product} refreshes every ${upstream.every}, ${consumer.product} every ${consumer.every}`
  switch (match?.kind) {
    case undefined: {
      if (finer === 0) return null
      const advice = finer < 0 ? 'every-of-period or last-of-period' : 'covering'
      return `${both}, so no key is the same; write cycle: ${advice}`
    }
    case 'every-of-period':
    case 'last-of-period':
      return finer < 0
        ? null
        : `${both}, so its period holds no finer cycles; leave the rule out, or write cycle: covering`
    case 'covering':
      return finer > 0
        ? null
        : `${both}, so no cycle of it covers several; leave the rule out, or write cycle: last-of-period`
    case 'business-days-before':
    case 'calendar-days-before':
      return theirs === 'hour' ? `${both}: days before name no hour; write latestWithin` : null
    default:
      return null
  }
}
