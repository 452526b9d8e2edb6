// Whether the match rules can be followed: each cycle of a consumer, for two years, is asked what it would wait for.
// In: the definitions as they will be, their calendars, a first date. Out: faults in words, per consumer and upstream.
// Never: a rule that on some day waits for what cannot come, and says nothing.
import { toCadence } from '../model/calendar/cadence.ts'
import { addDays, keysOver } from '../model/calendar/dates.ts'
import { hasCycle, type Timetable } from '../model/calendar/cycles.ts'
import { type Edge, MOST_DAYS_BACK, toEdge, wantedOf } from '../model/calendar/leaf.ts'
import { upstreamsIn } from '../model/dependencies.ts'
import { PERIODS, type ProductDefinition, type UpstreamDefinition } from '../model/definition.ts'
import type { CycleKey } from '../model/ids.ts'
import { LOOKED_AT_DAYS, longestClosureOf } from './check-calendars.ts'
import { toStableJson } from './stable-json.ts'
import { type Availability, createJudge, type Judge, whyNone } from './verdicts.ts'

export interface RuleFault {
  upstream: UpstreamDefinition
  message: string
  /** Said, but allowed: the author asked for it. */
  isNote: boolean
}

/** Hours repeat from day to day, so some weeks show nearly all there is. */
const HOURS_LOOKED_AT_DAYS = 21
/** After them each so manieth is looked at: no whole days, so that each hour of the day is. */
const HOURS_STEP = 73
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
interface Weight extends Availability {
  /** The consumer's cycles that were looked at. */
  keys: CycleKey[]
  /** How many upstream cycles one cycle waits for, at most; above the bound the first such number. */
  expected: number
  /** How many cycles one upstream cycle concerns, at most. */
  concerned: number
}

interface Weighed {
  edge: Edge
  weight: Weight
}

export function createRuleCheck({ timetable, adHoc, today }: RuleGround) {
  const weights = new Map<string, Weight>()
  const weightOf = (edge: Edge): Weight => {
    const { every, calendar, timezone, onNonBusinessDay } = edge.consumer
    const alike = toStableJson([every, calendar, timezone, onNonBusinessDay, edge.upstream, ruleOf(edge.dependency)])
    const weight = weights.get(alike) ?? weigh(edge, { adHoc, today })
    weights.set(alike, weight)
    return weight
  }
  return (consumer: ProductDefinition): RuleFault[] => {
    const edges = upstreamsIn(consumer.dependsOn).map((upstream) => toEdge(timetable, consumer, upstream))
    const misfits = edges.flatMap((edge) => faultOf(edge, whyMisfit(edge)))
    // Without keys in common nothing more can be asked.
    if (misfits.length > 0) return misfits
    const weighed = edges.map((edge) => ({ edge, weight: weightOf(edge) }))
    const crowded = weighed.flatMap(({ edge, weight }) => faultOf(edge, whyCrowded(edge, weight)))
    const tooMany = [...crowded, ...whyTooMany(weighed)]
    // Whoever waits for too much is not asked more: it would take long.
    if (tooMany.length > 0) return tooMany
    return neverOf(consumer, weighed, createJudge(timetable, consumer, weighed))
  }
}

const ruleOf = ({ product: _, ...rule }: UpstreamDefinition): Omit<UpstreamDefinition, 'product'> => rule

const faultOf = ({ dependency: upstream }: Edge, message: string | null): RuleFault[] =>
  message === null ? [] : [{ upstream, message, isNote: false }]

/** One history holds them all; the dependency that brings most is told. */
function whyTooMany(weighed: Weighed[]): RuleFault[] {
  const sum = weighed.reduce((total, { weight }) => total + weight.expected, 0)
  const [most] = weighed.toSorted((one, other) => other.weight.expected - one.weight.expected)
  if (!most || sum <= MOST_EXPECTED) return []
  const { expected } = most.weight
  const count =
    expected > MOST_EXPECTED ? `${sum} upstream cycles at once or more` : `up to ${sum} upstream cycles at once`
  const share = expected === sum ? '' : `, ${expected} of them of ${most.edge.dependency.product}`
  return faultOf(
    most.edge,
    `each cycle would wait for ${count}${share}; at most ${MOST_EXPECTED}: put a product in between`,
  )
}

function whyCrowded({ dependency: { product }, consumer }: Edge, { concerned }: Weight): string | null {
  if (concerned <= MOST_CONCERNED) return null
  return `each event of ${product} would concern ${concerned} cycles of ${consumer.product} or more; at most ${MOST_CONCERNED}: look back on less, or put a product in between`
}

function weigh(edge: Edge, { adHoc, today }: Pick<RuleGround, 'adHoc' | 'today'>): Weight {
  const closures = adHoc.get(edge.upstream.calendar)
  const weight: Weight = {
    keys: cyclesFrom(edge, today),
    expected: 0,
    concerned: 0,
    lacking: new Map(),
    unknown: new Set(),
  }
  const counts = new Map<CycleKey, number>()
  const countAll = (upstreamKeys: CycleKey[]): void => {
    weight.expected = Math.max(weight.expected, upstreamKeys.length)
    // Such lists are long, and one is enough to refuse the rule.
    if (weight.expected > MOST_EXPECTED) return
    for (const upstreamKey of upstreamKeys) {
      const count = (counts.get(upstreamKey) ?? 0) + 1
      counts.set(upstreamKey, count)
      weight.concerned = Math.max(weight.concerned, count)
    }
  }
  for (const key of weight.keys) {
    const wanted = wantedOf(edge, key)
    if (wanted.kind !== 'none') countAll(wanted.keys)
    else if (wanted.isUnknown) weight.unknown.add(key)
    else weight.lacking.set(key, { isAdHoc: closures?.has(wanted.target ?? '') ?? false })
    if (weight.expected > MOST_EXPECTED) return weight
  }
  const seen = new Set(weight.keys)
  for (const key of cyclesOfLongestClosure(edge, today)) {
    if (seen.has(key)) continue
    if (weight.expected > MOST_EXPECTED || weight.concerned > MOST_CONCERNED) return weight
    const wanted = wantedOf(edge, key)
    if (wanted.kind !== 'none') countAll(wanted.keys)
  }
  return weight
}

function cyclesFrom({ calendars, consumer }: Edge, today: string): CycleKey[] {
  const { period } = toCadence(consumer.every)
  const whole = HOURS_LOOKED_AT_DAYS * 24
  return keysOver(period, today, addDays(today, LOOKED_AT_DAYS))
    .filter((_key, at) => period !== 'hour' || at < whole || at % HOURS_STEP === 0)
    .filter((key) => hasCycle(calendars, consumer, key))
}

/** While a calendar is closed for long, many cycles look back on the same one: also where that comes years from now. */
function cyclesOfLongestClosure({ calendars, consumer, upstream, dependency }: Edge, today: string): CycleKey[] {
  const counted = dependency.match?.kind === 'business-days-before' ? [consumer.calendar] : []
  const replaced = dependency.ifNone === 'previous' ? [upstream.calendar] : []
  const { period } = toCadence(consumer.every)
  return [...counted, ...replaced].flatMap((name) => {
    const calendar = calendars.get(name)
    const from = calendar && longestClosureOf(calendar, addDays(today, LOOKED_AT_DAYS - MOST_DAYS_BACK))
    if (!from) return []
    return keysOver(period, from, addDays(from, MOST_DAYS_BACK)).filter((key) => hasCycle(calendars, consumer, key))
  })
}

/** Cycles that would wait for what does not exist, or be skipped because of it; and upstreams that no cycle uses. */
function neverOf(consumer: ProductDefinition, weighed: Weighed[], judge: Judge): RuleFault[] {
  const waiting = weighed.flatMap((one) => whoWaitsInVain(consumer, one, judge))
  const skipped = waiting.length > 0 ? null : whySkipped(weighed, judge)
  if (skipped) return [skipped]
  const told = new Set(waiting.map(({ upstream }) => upstream))
  const unused = weighed.filter(({ edge, weight }) => !told.has(edge.dependency) && isEach(weight, weight.lacking.size))
  return [
    ...waiting,
    ...unused.map(({ edge, weight }): RuleFault => {
      const { dependency: upstream } = edge
      const such = suchAs(edge, [...weight.lacking.keys()][0])
      return {
        upstream,
        message: `each cycle of ${consumer.product} would do without ${upstream.product}${such}`,
        isNote: true,
      }
    }),
  ]
}

function whoWaitsInVain({ cutoff }: ProductDefinition, { edge, weight }: Weighed, judge: Judge): RuleFault[] {
  const { dependency: upstream, consumer } = edge
  const { ifNone, match } = upstream
  if (ifNone === 'run-without' || ifNone === 'skip-cycle' || match?.kind === 'self-previous') return []
  const waiting = [...weight.lacking].filter(([key]) => judge(key).inVain.has(upstream))
  const [first] = waiting.find(([, { isAdHoc }]) => !isAdHoc) ?? waiting[0] ?? []
  if (!first) return []
  const isAdHoc = waiting.every(([, one]) => one.isAdHoc)
  const isAll = isEach(weight, waiting.length)
  const share = isAll ? 'each cycle' : `${waiting.length} of ${weight.keys.length} cycles`
  const wait = cutoff ? 'wait until the cutoff in vain' : 'wait for ever'
  const choice = match?.kind === 'latest-within' ? 'run-without, skip-cycle' : 'previous, run-without, skip-cycle'
  const advice = ifNone === 'wait' ? '' : `; say what then: ifNone: ${choice}, or wait`
  const message = `${share} of ${consumer.product} would ${wait}${suchAs(edge, first)}${advice}`
  // To wait where nothing can ever come is no wish. A closure that everybody has to live with must not be refused.
  return [{ upstream, message, isNote: isAdHoc || (ifNone === 'wait' && !isAll) }]
}

/** It may take several upstreams together to skip each cycle; the one that skips most is told. */
function whySkipped(weighed: Weighed[], judge: Judge): RuleFault | null {
  const skipping = weighed.filter(({ edge }) => edge.dependency.ifNone === 'skip-cycle')
  const [most] = skipping.toSorted((one, other) => other.weight.lacking.size - one.weight.lacking.size)
  if (!most) return null
  const { edge, weight } = most
  const lacking = new Set(skipping.flatMap((one) => [...one.weight.lacking.keys()]))
  const unknown = new Set(skipping.flatMap((one) => [...one.weight.unknown]).filter((key) => !lacking.has(key)))
  if (!isEach({ keys: weight.keys, unknown }, lacking.size)) return null
  if (![...lacking].every((key) => judge(key).isSkipped)) return null
  const message = `each cycle of ${edge.consumer.product} would be skipped${suchAs(edge, [...weight.lacking.keys()][0])}`
  return { upstream: edge.dependency, message, isNote: false }
}

/** As far as is known; of a few days before a calendar ends nothing follows. */
const isEach = ({ keys, unknown }: Pick<Weight, 'keys' | 'unknown'>, count: number): boolean =>
  count === keys.length - unknown.size && count * 2 > keys.length

const suchAs = (edge: Edge, key: CycleKey | undefined): string => (key ? `, such as ${key}: ${whyNone(edge, key)}` : '')

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
