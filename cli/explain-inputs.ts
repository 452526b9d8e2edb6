// What a cycle waits for, in lines: each dependency of its definition with the cycles it expects, and why these.
// In: the condition frozen at opening, with what has arrived. Out: text. Never: a decision; an input that is not told.
import { toOneLine } from '../model/cycle/asker.ts'
import { type Condition, conditionOf, isSkipped } from '../model/cycle/condition.ts'
import type { Cycle, CycleInput, Delivery, DependencyStatus } from '../model/cycle/cycle.ts'
import type { DependencyState } from '../model/states.ts'

/** Where the inputs stand, and in which words. */
export interface Told {
  dependencies: DependencyStatus[]
  words: Record<DependencyState, string>
  nowMs: number
  /** What is remembered of their events; absent: nothing. */
  heard?: Heard[]
}

/** An event of an input, and when it came. */
export interface Heard extends Pick<Delivery, 'upstream' | 'upstreamKey' | 'revision' | 'outcome'> {
  /** ISO instant. */
  at: string
}

export const toHeard = ({ deliveries }: Pick<Cycle, 'deliveries'>): Heard[] =>
  deliveries.map((one) => ({ ...one, at: toIso(one.atMs) }))

export const OPEN_WORDS = { WAITING: 'waits for', ARRIVED: 'has      ', WAIVED: 'without  ' }
/** Of a cycle that is over, what it never had may be an alternative that it did not need. */
export const PAST_WORDS = { WAITING: 'never had', ARRIVED: 'had      ', WAIVED: 'without  ' }

/** Of a cycle that is not open: as it would begin. */
export function inputLines(input: Pick<CycleInput, 'condition' | 'expected'>, dependencies: Told): string[] {
  const condition = conditionOf(input)
  const parts = condition.kind === 'at-least' && condition.n === condition.of.length ? condition.of : [condition]
  return partsOf(parts, dependencies)
}

/** Many cycles of one upstream are told together. */
function partsOf(parts: Condition[], dependencies: Told): string[] {
  const cycles = parts.filter((part) => part.kind === 'cycle')
  const [first] = cycles
  const isAlike = cycles.length === parts.length && cycles.every(({ ifSkipped }) => ifSkipped === first?.ifSkipped)
  if (!isAlike) return parts.flatMap((part) => linesOf(part, dependencies))
  return cycleLines(
    cycles.map(({ at }) => at),
    dependencies,
    first?.ifSkipped,
  )
}

function linesOf(part: Condition, dependencies: Told): string[] {
  switch (part.kind) {
    case 'cycle':
      return cycleLines([part.at], dependencies, part.ifSkipped)
    case 'newest':
      return ['the newest of', ...lines(part.of.toReversed(), dependencies).map(indented)]
    case 'first-not-skipped':
      return firstNotSkipped(part.of, dependencies)
    case 'optional':
      return [
        `until ${new Date(part.afterMs).toISOString()}, then without`,
        ...linesOf(part.of, dependencies).map(indented),
      ]
    case 'none':
      return [`no cycle of ${part.product}, so ${NONE_WORDS[part.then]}: ${part.why}`]
    case 'at-least': {
      const many = part.n === part.of.length ? `all ${part.n} of` : `at least ${part.n} of`
      return [many, ...partsOf(part.of, dependencies).map(indented)]
    }
  }
}

type IfSkipped = Extract<Condition, { kind: 'cycle' }>['ifSkipped']

/** Of what may be gone without, what was skipped is not waited for. */
function cycleLines(places: number[], told: Told, ifSkipped: IfSkipped): string[] {
  if (!ifSkipped) return lines(places, told)
  const isGone = (at: number): boolean => ifSkipped === 'run-without' && isSkipped(told.dependencies, at, told.nowMs)
  const words = { ...told.words, WAITING: told.words.WAIVED }
  const left = places.filter((at) => !isGone(at))
  const gone = lines(places.filter(isGone), { ...told, words })
  return [...gone, ...lines(left, told), ...(left.length > 0 ? [`  if skipped: ${ifSkipped}`] : [])]
}

const NONE_WORDS = { wait: 'it waits for ever', 'run-without': 'it runs without', 'skip-cycle': 'it is skipped' }

/** Of one upstream so many are told one by one. */
const LISTED = 6

/** Those that have arrived or are blocked first of all: the rest waits alike. */
function lines(places: number[], told: Told): string[] {
  const { dependencies } = told
  const found = places.flatMap((at) => dependencies[at] ?? [])
  const lineOf = toLineOf(told)
  return [...Map.groupBy(found, ({ product }) => product).values()].flatMap((ofOne) => {
    if (ofOne.length <= LISTED) return ofOne.map(lineOf)
    const waiting = ofOne.filter(({ state, blocker }) => state === 'WAITING' && !blocker)
    const arrived = ofOne.filter(({ state }) => state === 'ARRIVED')
    const blocked = ofOne.filter(({ blocker }) => blocker !== null)
    const shown = [...blocked, ...waiting].slice(0, LISTED)
    const [first] = ofOne
    const keys = ofOne.map(({ key }) => key).toSorted()
    const head = `${first?.product}: ${arrived.length} of ${ofOne.length} have arrived, ${keys[0]} to ${keys.at(-1)} (${first?.why ?? 'the same'})`
    const left = blocked.length + waiting.length - shown.length
    return [head, ...shown.map(lineOf).map(indented), ...(left > 0 ? [`  … and ${left} more`] : [])]
  })
}

/** Those before matter only once the upstream has skipped one. */
function firstNotSkipped(places: number[], told: Told): string[] {
  const { dependencies, nowMs } = told
  const notSkipped = places.findIndex((at) => !isSkipped(dependencies, at, nowMs))
  const shown = places.slice(0, notSkipped < 0 ? places.length : notSkipped + 1).flatMap((at) => dependencies[at] ?? [])
  const [first, ...others] = shown.map(toLineOf(told))
  return [
    `${first ?? ''}, if skipped: the one before`,
    ...others.map((other) => indented(`instead of it ${other.trim()}`)),
  ]
}

const toLineOf =
  ({ words, heard = [] }: Told) =>
  (input: DependencyStatus): string => {
    const { product, key, why, state, blocker } = input
    const reason = why === undefined ? '' : ` (${why})`
    const when = toWhen(input, heard)
    const isTakenBack = blocker?.withdraws !== undefined
    const said = isTakenBack ? `revision ${blocker.withdraws} was taken back, ` : `${blocker?.state} there, `
    const there = blocker?.isUnopened ? '' : said
    const blocked = blocker ? `: ${there}${toOneLine(blocker.reason)}` : ''
    return `${words[state]} ${product}/${key}${reason}${when}${blocked}`
  }

/** An input keeps the time at which it first arrived, whatever has corrected it since. */
function toWhen({ product, key, arrival, arrivedAtMs }: DependencyStatus, heard: Heard[]): string {
  if (arrivedAtMs === null) return ''
  const ofInput = heard.filter(({ upstream, upstreamKey }) => upstream === product && upstreamKey === key)
  const first = ofInput.findLast(({ outcome }) => outcome === 'satisfied')
  const isCorrected = first
    ? first.revision !== arrival?.revision
    : arrival !== null && Date.parse(arrival.occurredAt) > arrivedAtMs
  const revision = `revision ${arrival?.revision}`
  if (!isCorrected) return ` at ${toIso(arrivedAtMs)}, ${revision}`
  const own = ofInput.findLast((one) => one.outcome === 'correction' && one.revision === arrival?.revision)
  const itself = `${own ? ` at ${own.at}` : ''}, ${revision}`
  return first ? ` at ${toIso(arrivedAtMs)}, revision ${first.revision}; corrected${itself}` : itself
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()

const indented = (line: string): string => `  ${line}`
