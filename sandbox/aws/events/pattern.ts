// Event patterns, pure. In: a pattern's text, and events. Out: whether an event matches; or the reason AWS refuses the pattern.
// The meaning is that of AWS's own matcher (aws/event-ruler). Never: lets two fields match in different elements of an array.

import { type EventFields, joinMemberships, type Membership, toEventFields } from './event-fields.ts'
import { compileMatcher, isOperator, type Matcher } from './matchers.ts'
import { PatternProblem } from './pattern-problem.ts'
import { isWrittenObject, parseWrittenJson, type Written, type WrittenObject } from './written-json.ts'

export type PatternReading =
  | { kind: 'ok'; isMatch: (event: Record<string, unknown>) => boolean }
  | { kind: 'refused'; reason: string }

/** One way to match: by path, the matchers of which one must hold. */
type Branch = ReadonlyMap<string, Matcher[]>

/** eb-create-pattern-operators: no more combinations of `$or`. */
const branchLimit = 1000

/** Compiles a pattern once, for many events. */
export function parsePattern(text: string): PatternReading {
  try {
    const source = parseJson(text)
    if (!isWrittenObject(source)) throw new PatternProblem('Filter is not an object')
    const branches = compileObject(source, '', [new Map()], false).map(toSorted)
    return {
      kind: 'ok',
      isMatch(event) {
        const fields = toEventFields(event)
        return branches.some((branch) => isBranchMatch(branch, fields, new Map()))
      },
    }
  } catch (cause) {
    if (!(cause instanceof PatternProblem)) throw cause
    return { kind: 'refused', reason: cause.message }
  }
}

/** Adds the object's fields to every branch so far; `$or` multiplies the branches. A later matcher of the same path replaces an earlier one. */
function compileObject({ pairs }: WrittenObject, path: string, from: Branch[], isInOr: boolean): Branch[] {
  if (pairs.length === 0) throw new PatternProblem(`Empty objects are not allowed${at(path)}`)
  let branches = from
  for (const [name, inner] of pairs) {
    const place = path === '' ? name : `${path}.${name}`
    if (name === '$or') {
      const before = branches
      branches = requireAlternatives(inner, path).flatMap((alternative) =>
        compileObject(alternative, path, before, true),
      )
      if (branches.length > branchLimit)
        throw new PatternProblem(`$or makes more than ${branchLimit} combinations${at(path)}`)
    } else if (isInOr && isOperator(name)) {
      throw new PatternProblem(`${name} is Ruler reserved fieldName which cannot be used inside $or.`)
    } else if (isWrittenObject(inner)) {
      branches = compileObject(inner, place, branches, isInOr)
    } else if (Array.isArray(inner)) {
      const matchers = compileLeaf(inner, place)
      branches = branches.map((branch) => new Map([...branch, [place, matchers]]))
    } else {
      throw new PatternProblem(`"${name}" must be an object or an array`)
    }
  }
  return branches
}

/** The matcher's README lets `$or` be a field's name where it is no list of objects; its compiler does not. */
function requireAlternatives(source: Written, path: string): WrittenObject[] {
  if (!Array.isArray(source)) throw new PatternProblem(`It must be an Array followed with $or${at(path)}`)
  const alternatives = source.filter(isWrittenObject)
  if (alternatives.length < source.length)
    throw new PatternProblem(`Only JSON object is allowed in array of $or relationship${at(path)}`)
  if (source.length < 2) throw new PatternProblem(`There must have at least 2 Objects in $or relationship${at(path)}`)
  return alternatives
}

function compileLeaf(sources: Written[], path: string): Matcher[] {
  if (sources.length === 0) throw new PatternProblem(`Empty arrays are not allowed${at(path)}`)
  return sources.map((source) => compileMatcher(source, path))
}

/** The order counts where `exists: false` meets arrays: only elements that earlier fields chose are looked at. */
function toSorted(branch: Branch): [string, Matcher[]][] {
  return [...branch].toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function isBranchMatch([next, ...rest]: [string, Matcher[]][], fields: EventFields, membership: Membership): boolean {
  if (next === undefined) return true
  const [path, matchers] = next
  const found = (fields.get(path) ?? []).flatMap((field) => {
    const joined = joinMemberships(membership, field.membership)
    return joined === undefined ? [] : [{ value: field.value, joined }]
  })
  const isAbsentMatch = found.length === 0 && matchers.some(({ kind }) => kind === 'absent')
  if (isAbsentMatch) return isBranchMatch(rest, fields, membership)
  return found.some(
    ({ value, joined }) =>
      matchers.some((matcher) => matcher.kind === 'value' && matcher.test(value)) &&
      isBranchMatch(rest, fields, joined),
  )
}

function at(path: string): string {
  return path === '' ? '' : ` at "${path}"`
}

function parseJson(text: string): Written {
  try {
    return parseWrittenJson(text)
  } catch (cause) {
    throw new PatternProblem(`Not JSON: ${(cause as Error).message}`)
  }
}
