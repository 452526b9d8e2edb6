// What a cycle waits for, in lines: each dependency of its definition with the cycles it expects, and why these.
// In: the condition frozen at opening, with what has arrived. Out: text. Never: a decision; an input that is not told.
import { type Condition, conditionOf } from '../model/cycle/condition.ts'
import type { CycleInput, DependencyStatus } from '../model/cycle/cycle.ts'

/** `dependencies`: where they stand; of a cycle that is not open, as it would begin. */
export function inputLines(
  input: Pick<CycleInput, 'condition' | 'expected'>,
  dependencies: DependencyStatus[],
): string[] {
  const condition = conditionOf(input)
  const parts = condition.kind === 'at-least' && condition.n === condition.of.length ? condition.of : [condition]
  return partsOf(parts, dependencies)
}

/** Many cycles of one upstream are told together. */
function partsOf(parts: Condition[], dependencies: DependencyStatus[]): string[] {
  const places = parts.flatMap((part) => (part.kind === 'cycle' ? [part.at] : []))
  return places.length === parts.length
    ? lines(places, dependencies)
    : parts.flatMap((part) => linesOf(part, dependencies))
}

function linesOf(part: Condition, dependencies: DependencyStatus[]): string[] {
  switch (part.kind) {
    case 'cycle':
      return [...lines([part.at], dependencies), ...(part.ifSkipped ? [`  if skipped: ${part.ifSkipped}`] : [])]
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

const NONE_WORDS = { wait: 'it waits for ever', 'run-without': 'it runs without', 'skip-cycle': 'it is skipped' }

/** Of one upstream so many are told one by one. */
const LISTED = 6

/** Those that have arrived or are blocked first of all: the rest waits alike. */
function lines(places: number[], dependencies: DependencyStatus[]): string[] {
  const found = places.flatMap((at) => dependencies[at] ?? [])
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
function firstNotSkipped(places: number[], dependencies: DependencyStatus[]): string[] {
  const skipped = places.findIndex((at) => dependencies[at]?.blocker?.state !== 'SKIPPED')
  const shown = places.slice(0, Math.max(skipped, 0) + 1).flatMap((at) => dependencies[at] ?? [])
  const [first, ...others] = shown.map(lineOf)
  return [
    `${first ?? ''}, if skipped: the one before`,
    ...others.map((other) => indented(`instead of it ${other.trim()}`)),
  ]
}

function lineOf({ product, key, why, state, arrival, arrivedAtMs, blocker }: DependencyStatus): string {
  const reason = why === undefined ? '' : ` (${why})`
  const when = arrivedAtMs === null ? '' : ` at ${new Date(arrivedAtMs).toISOString()}, revision ${arrival?.revision}`
  const there = blocker?.isUnopened ? '' : `${blocker?.state} there, `
  const blocked = blocker ? `: ${there}${blocker.reason.replaceAll(/\s+/g, ' ').trim()}` : ''
  return `${STATE_WORDS[state]} ${product}/${key}${reason}${when}${blocked}`
}

const STATE_WORDS = { WAITING: 'waits for', ARRIVED: 'has      ', WAIVED: 'without  ' }

const indented = (line: string): string => `  ${line}`
