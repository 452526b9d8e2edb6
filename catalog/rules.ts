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

export interface RuleGround {
  timetable: Timetable
  /** By calendar, dates that a file closes against the rules: they may be known for an hour only. */
  adHoc: ReadonlyMap<string, ReadonlySet<string>>
  today: string
}

/** Remembers where it found nothing: of a thousand products most edges are alike but for their names. */
export function createRuleCheck({ timetable, adHoc, today }: RuleGround) {
  const sound = new Set<string>()
  return (consumer: ProductDefinition): RuleFault[] =>
    upstreamsIn(consumer.dependsOn).flatMap((upstream) => {
      const edge = toEdge(timetable, consumer, upstream)
      const { every, calendar, timezone, onNonBusinessDay } = consumer
      const alike = toStableJson([every, calendar, timezone, onNonBusinessDay, edge.upstream, ruleOf(upstream)])
      if (sound.has(alike)) return []
      const found = faultOf(edge, { adHoc, today })
      if (!found) sound.add(alike)
      return found ?? []
    })
}

const ruleOf = ({ product: _, ...rule }: UpstreamDefinition): Omit<UpstreamDefinition, 'product'> => rule

function faultOf(edge: Edge, { adHoc, today }: Pick<RuleGround, 'adHoc' | 'today'>): RuleFault | null {
  const { dependency: upstream } = edge
  const misfit = whyMisfit(edge)
  if (misfit) return { upstream, message: misfit, isNote: false }
  const keys = cyclesFrom(edge, today)
  const most = Math.max(0, ...keys.map((key) => toKeys(wantedOf(edge, key), edge).length))
  if (most > MOST_EXPECTED) {
    const message = `would wait for ${most} cycles of ${upstream.product} at once; at most ${MOST_EXPECTED}: put a product in between`
    return { upstream, message, isNote: false }
  }
  return neverOf(edge, keys, adHoc.get(edge.upstream.calendar) ?? new Set())
}

/** Cycles that would wait for what does not exist. */
function neverOf(edge: Edge, keys: CycleKey[], adHoc: ReadonlySet<string>): RuleFault | null {
  const { dependency: upstream, consumer } = edge
  const { ifNone, match } = upstream
  if (ifNone === 'run-without' || ifNone === 'skip-cycle' || match?.kind === 'self-previous') return null
  const lacking = keys.flatMap((key) => {
    const wanted = wantedOf(edge, key)
    return wanted.kind === 'none' ? [{ key, why: wanted.why, isAdHoc: adHoc.has(wanted.target ?? '') }] : []
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
