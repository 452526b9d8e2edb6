// The leaves of an event pattern, pure. In: one matcher of a pattern. Out: a test of one event value, or why AWS refuses it.
// Never: converts types; "5" is not 5. The reasons are worded as AWS's own matcher words them.

import { compileCidr, toAddress } from './addresses.ts'
import { toAnyCase } from './any-case.ts'
import type { Leaf } from './event-fields.ts'
import { compileNumber, compileNumeric, requireBound } from './numbers.ts'
import { PatternProblem } from './pattern-problem.ts'
import { compileWildcard } from './wildcard.ts'
import { isWrittenObject, type Written, type WrittenObject } from './written-json.ts'

/** `absent` holds where no leaf is; `value` asks each leaf. */
export type Matcher = { kind: 'value'; test: (leaf: Leaf) => boolean } | { kind: 'absent' }

const textOperators = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard']
const operators = new Set([...textOperators, 'exists', 'anything-but', 'numeric', 'cidr', 'exactly'])

/** A name that an alternative of `$or` must not use for a field. */
export function isOperator(name: string): boolean {
  return operators.has(name)
}

export function compileMatcher(source: Written, path: string): Matcher {
  if (!isWrittenObject(source)) {
    if (Array.isArray(source))
      throw new PatternProblem(`Match value must be String, number, true, false, or null at "${path}"`)
    if (typeof source === 'number') return { kind: 'value', test: compileNumber(source) }
    return { kind: 'value', test: compileExact(source) }
  }
  const [name, argument] = requireSingle(source, path)
  if (name === 'exists') {
    if (typeof argument !== 'boolean')
      throw new PatternProblem(`exists match pattern must be either true or false at "${path}"`)
    return argument ? { kind: 'value', test: () => true } : { kind: 'absent' }
  }
  if (name === 'anything-but') return { kind: 'value', test: compileAnythingBut(argument, path) }
  if (name === 'numeric') return { kind: 'value', test: compileNumeric(argument, path) }
  if (name === 'cidr') return { kind: 'value', test: compileCidr(requireText('cidr', argument, path), path) }
  if (name === 'exactly') {
    const text = requireText('exact', argument, path)
    return { kind: 'value', test: (leaf) => leaf === text }
  }
  return { kind: 'value', test: compileTextMatch(name, argument, path) }
}

type Test = (leaf: Leaf) => boolean

/** A text that is an address is that address, however it is spelt. */
function compileExact(source: Leaf): Test {
  const address = typeof source === 'string' ? toAddress(source) : undefined
  if (address === undefined) return (leaf) => leaf === source
  return (leaf) => typeof leaf === 'string' && toAddress(leaf) === address
}

/** prefix, suffix, equals-ignore-case, wildcard: alone and within anything-but. */
function compileTextMatch(name: string, argument: Written, path: string): Test {
  switch (name) {
    case 'prefix':
    case 'suffix':
      return compileEnd(name, argument, path)
    case 'equals-ignore-case': {
      const expression = toAnyCase(requireText(name, argument, path), 'whole')
      return (leaf) => typeof leaf === 'string' && expression.test(leaf)
    }
    case 'wildcard': {
      const isMatch = compileWildcard(requireText(name, argument, path), path)
      return (leaf) => typeof leaf === 'string' && isMatch(leaf)
    }
    default:
      throw new PatternProblem(`Unrecognized match type ${name} at "${path}"`)
  }
}

function compileEnd(name: 'prefix' | 'suffix', argument: Written, path: string): Test {
  if (!isWrittenObject(argument)) {
    const text = requireText(name, argument, path)
    return (leaf) => typeof leaf === 'string' && (name === 'prefix' ? leaf.startsWith(text) : leaf.endsWith(text))
  }
  const [inner, value] = requireSingle(argument, path)
  if (inner !== 'equals-ignore-case') throw new PatternProblem(`Unsupported ${inner} in ${name} at "${path}"`)
  const text = requireText(`${name} equals-ignore-case`, value, path)
  const expression = toAnyCase(text, name === 'prefix' ? 'beginning' : 'end')
  return (leaf) => typeof leaf === 'string' && expression.test(leaf)
}

function compileAnythingBut(argument: Written, path: string): Test {
  if (isWrittenObject(argument)) return compileNoText(argument, path)
  const values = Array.isArray(argument) ? argument : [argument]
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
function compileNoText(argument: WrittenObject, path: string): Test {
  const [name, value] = requireSingle(argument, path)
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PatternProblem(`Empty arrays are not allowed at "${path}"`)
  const tests = values.map((item) => {
    const text = requireText(name, item, path)
    if (text === '' && (name === 'prefix' || name === 'suffix'))
      throw new PatternProblem(`Null ${name} not allowed at "${path}"`)
    return compileTextMatch(name, text, path)
  })
  return (leaf) => !tests.some((test) => test(leaf))
}

function requireSingle({ pairs }: WrittenObject, path: string): [string, Written] {
  const [first] = pairs
  if (first === undefined || pairs.length > 1) {
    throw new PatternProblem(`Only one key allowed in match expression at "${path}"`)
  }
  return first
}

function requireText(name: string, argument: Written, path: string): string {
  if (typeof argument === 'string') return argument
  throw new PatternProblem(`${name} match pattern must be a string at "${path}"`)
}
