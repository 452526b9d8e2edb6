// Numbers as EventBridge compares them, pure. In: numbers of patterns and events. Out: whether they are equal, or in a range.
// Never: compares beyond -5.0e9 to 5.0e9, or beyond six digits after the point: AWS does neither.

import type { Leaf } from './event-fields.ts'
import { PatternProblem } from './pattern-problem.ts'
import type { Written } from './written-json.ts'

const limit = 5e9

/** A bare number of a pattern: equal by value within the range; beyond it (an account id, say) by what was written. */
export function compileNumber(wanted: number): (leaf: Leaf) => boolean {
  return (leaf) => typeof leaf === 'number' && (leaf === wanted || isEqual(leaf, wanted))
}

/** `["=", n]`, one comparison, or a range such as `[">", 0, "<=", 5]`. */
export function compileNumeric(argument: Written, path: string): (leaf: Leaf) => boolean {
  if (!Array.isArray(argument)) throw new PatternProblem(`Value of numeric must be an array. At "${path}"`)
  const comparisons: Comparison[] = []
  for (let index = 0; index < argument.length; index += 2) {
    comparisons.push(readComparison(argument[index], argument[index + 1], path))
  }
  requireRange(comparisons, path)
  return (leaf) =>
    typeof leaf === 'number' && Math.abs(leaf) <= limit && comparisons.every((comparison) => holds(leaf, comparison))
}

/** The bound as a number that AWS compares. */
export function requireBound(value: unknown, operator: string, path: string): number {
  if (typeof value !== 'number') throw new PatternProblem(`Value of ${operator} must be numeric at "${path}"`)
  if (Math.abs(value) <= limit) return value
  throw new PatternProblem(`Value must be between -5.0E9 and 5.0E9, inclusive at "${path}"`)
}

interface Comparison {
  operator: string
  bound: number
}

function readComparison(operator: unknown, bound: unknown, path: string): Comparison {
  if (typeof operator !== 'string') {
    throw new PatternProblem(`Invalid member in numeric match: ${JSON.stringify(operator)} at "${path}"`)
  }
  if (!['=', '<', '<=', '>', '>='].includes(operator)) {
    throw new PatternProblem(`Unrecognized numeric range operator: ${operator} at "${path}"`)
  }
  return { operator, bound: requireBound(bound, operator, path) }
}

/** From below to above, never the other way round; a lone bound has the limit on its other side. */
function requireRange(comparisons: Comparison[], path: string): void {
  const [first, second] = comparisons
  if (first === undefined) throw new PatternProblem(`Invalid member in numeric match: nothing at "${path}"`)
  if (second && (comparisons.length > 2 || !first.operator.startsWith('>')))
    throw new PatternProblem(`Too many terms in numeric range expression at "${path}"`)
  if (second && !second.operator.startsWith('<'))
    throw new PatternProblem(`Bad numeric range operator: ${second.operator} at "${path}"`)
  if (first.operator === '=') return
  const bottom = first.operator.startsWith('>') ? first.bound : -limit
  const top = first.operator.startsWith('<') ? first.bound : (second?.bound ?? limit)
  if (toComparable(bottom) >= toComparable(top)) throw new PatternProblem(`Bottom must be less than top at "${path}"`)
}

function holds(value: number, { operator, bound }: Comparison): boolean {
  const difference = toComparable(value) - toComparable(bound)
  switch (operator) {
    case '=':
      return difference === 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    default:
      return difference >= 0
  }
}

function isEqual(one: number, other: number): boolean {
  return Math.abs(one) <= limit && Math.abs(other) <= limit && toComparable(one) === toComparable(other)
}

/** As the matcher does: in binary floating point, cut off, so that near the limits fewer than six digits count. */
function toComparable(value: number): number {
  return Math.trunc(1e6 * (limit + value))
}
