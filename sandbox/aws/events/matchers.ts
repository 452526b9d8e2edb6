// The leaves of an event pattern, pure. In: one matcher of a pattern. Out: a test of one event value, or why AWS refuses it.
// Never: converts types; "5" is not 5. The reasons are worded as AWS's own matcher words them.

import { BlockList, isIP } from 'node:net'
import { isRecord } from '../input.ts'
import type { Leaf } from './event-fields.ts'
import { compileNumber, compileNumeric, requireBound } from './numbers.ts'
import { PatternProblem } from './pattern-problem.ts'
import { compileWildcard } from './wildcard.ts'

/** `absent` holds where no leaf is; `value` asks each leaf. */
export type Matcher = { kind: 'value'; test: (leaf: Leaf) => boolean } | { kind: 'absent' }

const textOperators = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard']
const operators = new Set([...textOperators, 'exists', 'anything-but', 'numeric', 'cidr', 'exactly'])

/** A name that an alternative of `$or` must not use for a field. */
export function isOperator(name: string): boolean {
  return operators.has(name)
}

export function compileMatcher(source: unknown, path: string): Matcher {
  if (!isRecord(source)) {
    if (Array.isArray(source))
      throw new PatternProblem(`Match value must be String, number, true, false, or null at "${path}"`)
    if (typeof source === 'number') return { kind: 'value', test: compileNumber(source) }
    return { kind: 'value', test: (leaf) => leaf === source }
  }
  const [name, argument] = requireSingle(source, path)
  if (name === 'exists') {
    if (typeof argument !== 'boolean')
      throw new PatternProblem(`exists match pattern must be either true or false at "${path}"`)
    return argument ? { kind: 'value', test: () => true } : { kind: 'absent' }
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
  if (isRecord(argument)) return compileNoText(argument, path)
  const values: unknown[] = Array.isArray(argument) ? argument : [argument]
  if (values.length === 0) throw new PatternProblem(`Empty arrays are not allowed at "${path}"`)
  const isOneType = ['string', 'number'].some((type) => values.every((value) => typeof value === type))
  if (!isOneType) {
    const found = 'either all values are number or string, mixed type is not supported'
    throw new PatternProblem(`Inside anything-but list, ${found} at "${path}"`)
  }
  const tests = values.map(
    (value): Test =>
      typeof value === 'number' ? compileNumber(requireBound(value, 'anything-but', path)) : (leaf) => leaf === value,
  )
  return (leaf) => !tests.some((test) => test(leaf))
}

/** anything-but of prefixes, suffixes, wildcards or texts in any case: one, or a list of them. */
function compileNoText(argument: Record<string, unknown>, path: string): Test {
  const [name, value] = requireSingle(argument, path)
  const values: unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PatternProblem(`Empty arrays are not allowed at "${path}"`)
  const tests = values.map((item) => {
    const text = requireText(name, item, path)
    if (text === '' && (name === 'prefix' || name === 'suffix'))
      throw new PatternProblem(`Null ${name} not allowed at "${path}"`)
    return compileTextMatch(name, text, path)
  })
  return (leaf) => !tests.some((test) => test(leaf))
}

function compileCidr(argument: unknown, path: string): Test {
  const [address = '', bits = ''] = requireText('cidr', argument, path).split('/')
  const version = isIP(address)
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
    throw new PatternProblem(`Malformed CIDR, an address, one '/' and its mask bits required at "${path}"`)
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
    throw new PatternProblem(`Only one key allowed in match expression at "${path}"`)
  }
  return first
}

function requireText(name: string, argument: unknown, path: string): string {
  if (typeof argument === 'string') return argument
  throw new PatternProblem(`${name} match pattern must be a string at "${path}"`)
}
