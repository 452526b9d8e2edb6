// Event patterns, pure. In: a pattern's text, and events. Out: whether an event matches; or the reason AWS refuses the pattern.
// Never: lets two fields of one pattern match in different elements of an array.

import { isRecord } from '../input.ts'
import { compileMatcher, type Leaf, type Matcher } from './matchers.ts'
import { PatternProblem } from './pattern-problem.ts'

export type PatternReading =
  | { kind: 'ok'; isMatch: (event: Record<string, unknown>) => boolean }
  | { kind: 'refused'; reason: string }

/** Compiles a pattern once, for many events. */
export function parsePattern(text: string): PatternReading {
  try {
    const source = parseJson(text)
    if (!isRecord(source)) throw new PatternProblem('Filter is not an object')
    const test = compileObject(source, '')
    return { kind: 'ok', isMatch: (event) => test(event) }
  } catch (cause) {
    if (!(cause instanceof PatternProblem)) throw cause
    return { kind: 'refused', reason: cause.message }
  }
}

/** A test of the value at one place of the event; `undefined` when nothing is there. */
type Test = (value: unknown) => boolean

function compileObject(source: Record<string, unknown>, path: string): Test {
  const entries = Object.entries(source)
  if (entries.length === 0)
    throw new PatternProblem(path === '' ? 'Empty pattern' : `Empty objects are not allowed at "${path}"`)
  const tests = entries.map(([name, inner]) => {
    if (name === '$or') return compileAlternatives(inner, path)
    const test = compileField(inner, path === '' ? name : `${path}.${name}`)
    return (value: unknown) => test(isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined)
  })
  const isAll: Test = (value) => tests.every((test) => test(value))
  // An array of objects stands for each of its elements; an empty one for nothing at all.
  return (value) => (Array.isArray(value) && value.length > 0 ? flatten(value).some(isAll) : isAll(value))
}

function compileField(source: unknown, path: string): Test {
  if (Array.isArray(source)) return compileLeaf(source, path)
  if (isRecord(source)) return compileObject(source, path)
  throw new PatternProblem(`"${path}" must be an object or an array`)
}

/** Each alternative is a pattern of its own at this place; the fields beside `$or` must hold as well. */
function compileAlternatives(source: unknown, path: string): Test {
  const place = path === '' ? '$or' : `${path}.$or`
  if (!Array.isArray(source) || source.length < 2)
    throw new PatternProblem(`"${place}" must be an array of two or more objects`)
  const tests = source.map((alternative) => {
    if (!isRecord(alternative)) throw new PatternProblem(`"${place}" must be an array of two or more objects`)
    return compileObject(alternative, path)
  })
  return (value) => tests.some((test) => test(value))
}

function compileLeaf(sources: unknown[], path: string): Test {
  if (sources.length === 0) throw new PatternProblem(`Empty arrays are not allowed at "${path}"`)
  const matchers = sources.map((source) => compileMatcher(source, path))
  return (value) => {
    const leaves = leavesOf(value)
    return matchers.some((matcher) => isMatch(matcher, leaves))
  }
}

/** `exists` sees leaves only: an object and an empty array are as good as absent. */
function isMatch(matcher: Matcher, leaves: Leaf[]): boolean {
  return matcher.kind === 'exists' ? leaves.length > 0 === matcher.wanted : leaves.some(matcher.test)
}

function leavesOf(value: unknown): Leaf[] {
  if (value === undefined) return []
  const values = Array.isArray(value) ? flatten(value) : [value]
  return values.filter((item): item is Leaf => !isRecord(item))
}

function flatten(values: unknown[]): unknown[] {
  return values.flat(Number.POSITIVE_INFINITY)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PatternProblem(`Not JSON: ${(cause as Error).message}`)
  }
}
