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
  return parts.flatMap((part) => linesOf(part, dependencies))
}

function linesOf(part: Condition, dependencies: DependencyStatus[]): string[] {
  const line = (at: number): string => (dependencies[at] ? lineOf(dependencies[at]) : '')
  switch (part.kind) {
    case 'cycle':
      return [line(part.at) + (part.ifSkipped ? `, if skipped: ${part.ifSkipped}` : '')]
    case 'newest':
      return ['the newest of', ...part.of.toReversed().map(line).map(indented)]
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
      return [many, ...part.of.flatMap((one) => linesOf(one, dependencies)).map(indented)]
    }
  }
}

const NONE_WORDS = { wait: 'it waits for ever', 'run-without': 'it runs without', 'skip-cycle': 'it is skipped' }

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
  const blocked = blocker ? `: ${blocker.state} there, ${blocker.reason.replaceAll(/\s+/g, ' ').trim()}` : ''
  return `${STATE_WORDS[state]} ${product}/${key}${reason}${when}${blocked}`
}

const STATE_WORDS = { WAITING: 'waits for', ARRIVED: 'has      ', WAIVED: 'without  ' }

const indented = (line: string): string => `  ${line}`
