// The leaves of an event pattern, pure. In: one matcher of a pattern. Out: a test of one event value, or why AWS refuses it.
// Never: converts types; "5" is not 5.

import { BlockList, isIP } from 'node:net'
import { isRecord } from '../input.ts'
import { PatternProblem } from './pattern-problem.ts'
import { compileWildcard } from './wildcard.ts'

/** A value of an event that is no object and no array. */
export type Leaf = string | number | boolean | null

export type Matcher = { kind: 'value'; test: (leaf: Leaf) => boolean } | { kind: 'exists'; wanted: boolean }

export function compileMatcher(source: unknown, path: string): Matcher {
  if (!isRecord(source)) {
    if (Array.isArray(source)) throw new PatternProblem(`Nested arrays are not allowed at "${path}"`)
    if (typeof source === 'number') requireRange(source, path)
    return { kind: 'value', test: (leaf) => leaf === source }
  }
  const [name, argument] = requireSingle(source, path)
  if (name === 'exists') {
    if (typeof argument !== 'boolean')
      throw new PatternProblem(`exists match pattern must be true or false at "${path}"`)
    return { kind: 'exists', wanted: argument }
  }
  if (name === 'anything-but') return { kind: 'value', test: compileAnythingBut(argument, path) }
  if (name === 'numeric') return { kind: 'value', test: compileNumeric(argument, path) }
  if (name === 'cidr') return { kind: 'value', test: compileCidr(argument, path) }
  return { kind: 'value', test: compileTextMatch(name, argument, path) }
}

type Test = (leaf: Leaf) => boolean

/** prefix, suffix, equals-ignore-case, wildcard: alone and within anything-but. */
function compileTextMatch(name: string, argument: unknown, path: string): Test {
  switch (name) {
    case 'prefix':
      return compileEnd(name, argument, path, (value, text) => value.startsWith(text))
    case 'suffix':
      return compileEnd(name, argument, path, (value, text) => value.endsWith(text))
    case 'equals-ignore-case': {
      const text = requireText(name, argument, path).toLowerCase()
      return (leaf) => typeof leaf === 'string' && leaf.toLowerCase() === text
    }
    case 'wildcard': {
      const isMatch = compileWildcard(requireText(name, argument, path), path)
      return (leaf) => typeof leaf === 'string' && isMatch(leaf)
    }
    default:
      throw new PatternProblem(`Unrecognized match type ${name} at "${path}"`)
  }
}

function compileEnd(
  name: string,
  argument: unknown,
  path: string,
  test: (value: string, text: string) => boolean,
): Test {
  if (!isRecord(argument)) {
    const text = requireText(name, argument, path)
    return (leaf) => typeof leaf === 'string' && test(leaf, text)
  }
  const [inner, value] = requireSingle(argument, path)
  if (inner !== 'equals-ignore-case') throw new PatternProblem(`Unsupported ${inner} in ${name} at "${path}"`)
  const text = requireText(`${name} equals-ignore-case`, value, path).toLowerCase()
  return (leaf) => typeof leaf === 'string' && test(leaf.toLowerCase(), text)
}

function compileAnythingBut(argument: unknown, path: string): Test {
  if (isRecord(argument)) {
    const [name, value] = requireSingle(argument, path)
    const values = Array.isArray(value) ? value : [value]
    if (values.length === 0) throw new PatternProblem(`Empty arrays are not allowed at "${path}"`)
    const tests = values.map((item) => compileTextMatch(name, requireText(name, item, path), path))
    return (leaf) => !tests.some((test) => test(leaf))
  }
  const values = Array.isArray(argument) ? argument : [argument]
  const isOneType = ['string', 'number'].some((type) => values.every((value) => typeof value === type))
  if (values.length === 0 || !isOneType) {
    throw new PatternProblem(`anything-but at "${path}" must be strings only or numbers only`)
  }
  return (leaf) => !values.includes(leaf)
}

function compileNumeric(argument: unknown, path: string): Test {
  const bad = new PatternProblem(
    `numeric at "${path}" must be ["=", n], one comparison, or a range such as [">", 0, "<=", 5]`,
  )
  if (!Array.isArray(argument)) throw bad
  const comparisons: { operator: string; bound: number }[] = []
  for (let index = 0; index < argument.length; index += 2) {
    const [operator, bound] = argument.slice(index, index + 2) as [unknown, unknown]
    if (typeof operator !== 'string' || !['=', '<', '<=', '>', '>='].includes(operator) || typeof bound !== 'number')
      throw bad
    comparisons.push({ operator, bound: requireRange(bound, path) })
  }
  const [first, second] = comparisons
  if (!first || comparisons.length > 2) throw bad
  if (second && !(first.operator.startsWith('>') && second.operator.startsWith('<') && first.bound < second.bound))
    throw bad
  return (leaf) =>
    typeof leaf === 'number' && comparisons.every(({ operator, bound }) => compare(leaf, operator, bound))
}

function compare(value: number, operator: string, bound: number): boolean {
  switch (operator) {
    case '=':
      return value === bound
    case '<':
      return value < bound
    case '<=':
      return value <= bound
    case '>':
      return value > bound
    default:
      return value >= bound
  }
}

function compileCidr(argument: unknown, path: string): Test {
  const [address = '', bits = ''] = requireText('cidr', argument, path).split('/')
  const version = isIP(address)
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
    throw new PatternProblem(`Malformed CIDR at "${path}"`)
  }
  const list = new BlockList()
  list.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6')
  return (leaf) => {
    const found = typeof leaf === 'string' ? isIP(leaf) : 0
    return found === version && list.check(leaf as string, found === 4 ? 'ipv4' : 'ipv6')
  }
}

function requireSingle(source: Record<string, unknown>, path: string): [string, unknown] {
  const entries = Object.entries(source)
  const [first] = entries
  if (first === undefined || entries.length > 1) {
    throw new PatternProblem(`Only one key allowed in a match expression at "${path}"`)
  }
  return first
}

function requireText(name: string, argument: unknown, path: string): string {
  if (typeof argument === 'string') return argument
  throw new PatternProblem(`${name} match pattern must be a string at "${path}"`)
}

/** EventBridge compares numbers of that range only. */
function requireRange(value: number, path: string): number {
  if (Math.abs(value) <= 5e9) return value
  throw new PatternProblem(`The number at "${path}" must be between -5.0e9 and +5.0e9`)
}
