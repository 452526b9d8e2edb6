// Event patterns against events: what matches, what does not, what AWS refuses.

import { describe, expect, test } from 'vitest'
import { parsePattern } from './pattern.ts'

function isMatch(pattern: unknown, event: Record<string, unknown>): boolean {
  const reading = parsePattern(JSON.stringify(pattern))
  if (reading.kind === 'refused') throw new Error(reading.reason)
  return reading.isMatch(event)
}

/** The pattern's leaf for `detail.x`, tested against a value there. */
const isLeafMatch = (matchers: unknown[], x: unknown) => isMatch({ detail: { x: matchers } }, { detail: { x } })

const cases: [title: string, matchers: unknown[], matching: unknown[], other: unknown[]][] = [
  ['exact text', ['a', 'b'], ['a', 'b', ['c', 'a']], ['A', 'ab', '', null, 1, [], { a: 'a' }]],
  ['exact number', [5], [5, 5.0, [1, 5]], ['5', 5.1, true, null]],
  ['exact boolean', [true], [true], ['true', false, 1]],
  ['null', [null], [null, [null]], ['', 'null', 0, false, [], undefined]],
  ['the empty text', [''], [''], [null, ' ', undefined]],
  ['prefix', [{ prefix: 'ab' }], ['ab', 'abc', ['x', 'abx']], ['aB', 'xab', 5, null]],
  ['prefix in any case', [{ prefix: { 'equals-ignore-case': 'aB' } }], ['AB', 'abc'], ['a', 'xab']],
  ['suffix', [{ suffix: '.csv' }], ['x.csv', '.csv'], ['x.CSV', 'csv', 5]],
  ['suffix in any case', [{ suffix: { 'equals-ignore-case': '.csv' } }], ['x.CSV'], ['x.cs']],
  ['equals-ignore-case', [{ 'equals-ignore-case': 'Ab' }], ['aB', 'AB'], ['abc', 5]],
  ['anything-but a text', [{ 'anything-but': 'a' }], ['b', 'A', 5, null, ['a', 'b']], ['a', undefined, []]],
  ['anything-but numbers', [{ 'anything-but': [1, 2] }], [3, '1'], [1, 2]],
  ['anything-but a prefix', [{ 'anything-but': { prefix: ['a', 'b'] } }], ['c', 5], ['ax', 'b']],
  ['anything-but a suffix', [{ 'anything-but': { suffix: 'a' } }], ['ab'], ['ba']],
  ['anything-but in any case', [{ 'anything-but': { 'equals-ignore-case': ['a', 'b'] } }], ['c'], ['A', 'b']],
  ['anything-but a wildcard', [{ 'anything-but': { wildcard: '*/x/*' } }], ['a/y/b'], ['a/x/b']],
  ['a number equal', [{ numeric: ['=', 5] }], [5, 5.0], ['5', 6]],
  ['a number in a range', [{ numeric: ['>', 0, '<=', 5] }], [0.1, 5], [0, 5.1, '3', null]],
  ['a number below', [{ numeric: ['<', -1] }], [-1.5], [-1, 0]],
  ['an IPv4 range', [{ cidr: '10.0.0.0/24' }], ['10.0.0.255'], ['10.0.1.0', 'x', '::1']],
  ['an IPv6 range', [{ cidr: '2001:db8::/32' }], ['2001:db8::1'], ['2001:db9::1', '10.0.0.1']],
  ['present', [{ exists: true }], ['a', null, 0, '', ['a']], [undefined, [], { a: 1 }]],
  ['absent', [{ exists: false }], [undefined, [], { a: 1 }], ['a', null, '']],
  ['a wildcard', [{ wildcard: 'a*b*c' }], ['abc', 'axbxc', 'abbcbc'], ['ab', 'abcd', 'xabc', 'ac']],
  ['a wildcard whose ends overlap', [{ wildcard: 'ab*ba' }], ['abba', 'abxba'], ['aba']],
  ['an escaped star', [{ wildcard: 'a\\*b*\\\\' }], ['a*b\\', 'a*bx\\'], ['axb\\', 'a*b']],
  ['a lone star', [{ wildcard: '*' }], ['', 'x'], [5, null, undefined]],
  ['any of several matchers', [{ prefix: 'a' }, 5, null], ['ab', 5, null], ['b', 6]],
]

describe.each(cases)('%s', (_title, matchers, matching, other) => {
  test.each(matching.map((value) => [value]))('matches %j', (value) => {
    expect(isLeafMatch(matchers, value)).toBe(true)
  })
  test.each(other.map((value) => [value]))('does not match %j', (value) => {
    expect(isLeafMatch(matchers, value)).toBe(false)
  })
})

test('all fields must match, and a missing object matches nothing but absence', () => {
  const pattern = { source: ['s'], detail: { a: { b: [1] } } }
  expect(isMatch(pattern, { source: 's', detail: { a: { b: 1, c: 2 } } })).toBe(true)
  expect(isMatch(pattern, { source: 't', detail: { a: { b: 1 } } })).toBe(false)
  expect(isMatch(pattern, { source: 's', detail: {} })).toBe(false)
  expect(isMatch({ detail: { a: { b: [{ exists: false }] } } }, { detail: {} })).toBe(true)
})

test('two fields must match in the same element of an array of objects, however deep it nests', () => {
  const pattern = { detail: { items: { name: ['x'], size: [2] } } }
  const items = (...list: unknown[]) => ({ detail: { items: list } })
  expect(isMatch(pattern, items({ name: 'y', size: 1 }, { name: 'x', size: 2 }))).toBe(true)
  expect(isMatch(pattern, items([[{ name: 'x', size: 2 }]]))).toBe(true)
  expect(isMatch(pattern, items({ name: 'x', size: 1 }, { name: 'y', size: 2 }))).toBe(false)
})

test('$or needs one of its patterns, and the fields beside it', () => {
  const pattern = { source: ['s'], $or: [{ detail: { a: [1] } }, { detail: { b: [{ exists: true }] } }] }
  expect(isMatch(pattern, { source: 's', detail: { a: 1 } })).toBe(true)
  expect(isMatch(pattern, { source: 's', detail: { b: 'x' } })).toBe(true)
  expect(isMatch(pattern, { source: 's', detail: { a: 2 } })).toBe(false)
  expect(isMatch(pattern, { source: 't', detail: { a: 1 } })).toBe(false)
})

test('a field named like a member of Object.prototype is absent unless the event has it', () => {
  expect(isMatch({ detail: { constructor: [{ exists: false }] } }, { detail: {} })).toBe(true)
  const reading = parsePattern('{"detail": {"__proto__": ["x"]}}')
  expect(reading.kind === 'ok' && reading.isMatch({ detail: JSON.parse('{"__proto__": "x"}') })).toBe(true)
})

test.each([
  ['not JSON', '{'],
  ['no object', '[]'],
  ['nothing in it', '{}'],
  ['an empty object', '{"detail": {}}'],
  ['an empty array', '{"source": []}'],
  ['a bare value', '{"source": "s"}'],
  ['a nested array', '{"source": [["s"]]}'],
  ['an unknown matcher', '{"source": [{"like": "s"}]}'],
  ['two matchers in one object', '{"source": [{"prefix": "a", "suffix": "b"}]}'],
  ['exists without a boolean', '{"source": [{"exists": "true"}]}'],
  ['a prefix that is a number', '{"source": [{"prefix": 1}]}'],
  ['anything-but of mixed types', '{"source": [{"anything-but": ["a", 1]}]}'],
  ['anything-but of nothing', '{"source": [{"anything-but": []}]}'],
  ['anything-but an unknown matcher', '{"source": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}'],
  ['a numeric text', '{"source": [{"numeric": ["=", "1"]}]}'],
  ['a numeric range upside down', '{"source": [{"numeric": [">", 5, "<", 1]}]}'],
  ['a numeric range in the wrong order', '{"source": [{"numeric": ["<", 5, ">", 1]}]}'],
  ['a number beyond the range', '{"source": [{"numeric": [">", 6000000000]}]}'],
  ['a malformed CIDR', '{"source": [{"cidr": "10.0.0.0/33"}]}'],
  ['two stars in a row', '{"source": [{"wildcard": "a**"}]}'],
  ['an escape of nothing special', '{"source": [{"wildcard": "a\\\\b"}]}'],
  ['a lone alternative', '{"$or": [{"source": ["s"]}]}'],
  ['an alternative that is no object', '{"$or": [{"source": ["s"]}, "t"]}'],
])('a pattern with %s is refused', (_title, text) => {
  expect(parsePattern(text)).toMatchObject({ kind: 'refused', reason: expect.any(String) })
})
