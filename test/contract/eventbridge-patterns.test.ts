// What EventBridge matches: one claim for each operator, at one leaf, through TestEventPattern.
import { TestEventPatternCommand } from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { isMatch, toEvents } from './eventbridge-client.ts'

const operators = 'eb-create-pattern-operators'
const guide = 'eb-create-pattern'
const readme = 'ruler: README'

type Row = [id: string, says: string, source: string, matchers: unknown[], matching: unknown[], other: unknown[]]

/** The matchers stand at `detail.x`; absent is what no JSON text can say, so it is asked apart. */
const leaves: Row[] = [
  ['eb-001', 'a text matches itself, in its own case', guide, ['a', 'b'], ['a', 'b'], ['A', 'ab', '', 1, null]],
  ['eb-002', 'an array matches by any of its elements', 'eb-event-patterns-arrays', ['a'], [['b', 'a']], [['b'], []]],
  ['eb-003', 'a number matches a number of the same value', readme, [300], [300, [1, 300]], [301, 300.1]],
  ['eb-004', 'a text never matches a number, nor a number a text', readme, [5, 'x'], [5, 'x'], ['5']],
  ['eb-005', 'true is neither the text nor 1', readme, [true], [true], ['true', 1, false]],
  ['eb-006', 'false is neither the text nor 0', readme, [false], [false], ['false', 0, null, '']],
  ['eb-007', 'null matches null only', 'eb-pattern-null-values-empty-strings', [null], [null], ['', 'null', 0, false]],
  [
    'eb-008',
    'the empty text matches the empty text only',
    'eb-pattern-null-values-empty-strings',
    [''],
    [''],
    [null, ' '],
  ],
  [
    'eb-009',
    'prefix matches the beginning of a text',
    operators,
    [{ prefix: 'ab' }],
    ['ab', 'abc'],
    ['aB', 'xab', 5, null],
  ],
  [
    'eb-010',
    'prefix with equals-ignore-case matches a beginning in any case',
    operators,
    [{ prefix: { 'equals-ignore-case': 'aB' } }],
    ['AB', 'abc'],
    ['a', 'xab', 5],
  ],
  [
    'eb-011',
    'suffix matches the end of a text',
    operators,
    [{ suffix: '.csv' }],
    ['x.csv', '.csv'],
    ['x.CSV', 'csv', 5],
  ],
  [
    'eb-012',
    'suffix with equals-ignore-case matches an end in any case',
    operators,
    [{ suffix: { 'equals-ignore-case': '.csv' } }],
    ['x.CSV'],
    ['x.cs', 5],
  ],
  [
    'eb-013',
    'equals-ignore-case matches the whole text in any case',
    operators,
    [{ 'equals-ignore-case': 'Ab' }],
    ['aB', 'AB'],
    ['abc', 5],
  ],
  ['eb-014', 'anything-but a text', operators, [{ 'anything-but': 'a' }], ['b', 'A', 5, null], ['a']],
  ['eb-015', 'anything-but a number', operators, [{ 'anything-but': 123 }], [124, '123'], [123]],
  ['eb-016', 'anything-but a list of texts', operators, [{ 'anything-but': ['a', 'b'] }], ['c', 'ab'], ['a', 'b']],
  ['eb-017', 'anything-but a list of numbers', operators, [{ 'anything-but': [1, 2] }], [3, '1'], [1, 2]],
  ['eb-018', 'anything-but a prefix', operators, [{ 'anything-but': { prefix: 'a' } }], ['ba', 5], ['ab', 'a']],
  ['eb-019', 'anything-but prefixes', operators, [{ 'anything-but': { prefix: ['a', 'b'] } }], ['c'], ['ax', 'b']],
  ['eb-020', 'anything-but a suffix', operators, [{ 'anything-but': { suffix: '.png' } }], ['a.csv'], ['a.png']],
  ['eb-021', 'anything-but suffixes', operators, [{ 'anything-but': { suffix: ['a', 'b'] } }], ['c'], ['xa', 'b']],
  [
    'eb-022',
    'anything-but a text in any case',
    operators,
    [{ 'anything-but': { 'equals-ignore-case': 'init' } }],
    ['run'],
    ['INIT', 'init'],
  ],
  [
    'eb-023',
    'anything-but texts in any case',
    operators,
    [{ 'anything-but': { 'equals-ignore-case': ['a', 'b'] } }],
    ['c'],
    ['A', 'b'],
  ],
  [
    'eb-024',
    'anything-but a wildcard',
    operators,
    [{ 'anything-but': { wildcard: '*/lib/*' } }],
    ['a/b'],
    ['a/lib/b', '/lib/'],
  ],
  [
    'eb-025',
    'anything-but wildcards',
    operators,
    [{ 'anything-but': { wildcard: ['*.png', 'a*'] } }],
    ['b.csv'],
    ['b.png', 'a.csv'],
  ],
  [
    'eb-026',
    'anything-but matches an array of which any element is something else',
    readme,
    [{ 'anything-but': 'a' }],
    [['a', 'b']],
    [['a', 'a'], []],
  ],
  ['eb-027', 'numeric =', operators, [{ numeric: ['=', 301.8] }], [301.8], [301.9, '301.8', null]],
  ['eb-028', 'numeric <', operators, [{ numeric: ['<', -1] }], [-1.5], [-1, 0]],
  ['eb-029', 'numeric <=', operators, [{ numeric: ['<=', 10] }], [10, -5], [10.1]],
  ['eb-030', 'numeric >', operators, [{ numeric: ['>', 0] }], [0.1], [0, -1]],
  ['eb-031', 'numeric >=', operators, [{ numeric: ['>=', 0] }], [0, 1], [-0.1]],
  ['eb-032', 'numeric (a, b]', operators, [{ numeric: ['>', 0, '<=', 5] }], [0.1, 5], [0, 5.1, '3']],
  ['eb-033', 'numeric [a, b)', operators, [{ numeric: ['>=', 0, '<', 5] }], [0, 4.9], [5, -1]],
  [
    'eb-034',
    'a number is never below or above a bound that it equals by six digits',
    operators,
    [{ numeric: ['>', 1] }],
    [1.000001],
    [1.0000001],
  ],
  [
    'eb-035',
    'numeric = holds by six digits after the point',
    operators,
    [{ numeric: ['=', 0.3] }],
    [0.30000000000000004],
    [0.300001],
  ],
  ['eb-036', 'numeric sees no number beyond 5.0e9', operators, [{ numeric: ['>', 0] }], [5e9], [5_000_000_001]],
  ['eb-037', 'numeric sees no number below -5.0e9', operators, [{ numeric: ['<', 0] }], [-5e9], [-5_000_000_001]],
  [
    'eb-038',
    'a bare number beyond that range matches as written',
    'ruler: JsonRuleCompiler',
    [111_111_111_111],
    [111_111_111_111],
    [111_111_111_112],
  ],
  [
    'eb-039',
    'cidr of IPv4',
    operators,
    [{ cidr: '10.0.0.0/24' }],
    ['10.0.0.0', '10.0.0.255'],
    ['10.0.1.0', 'x', '::1', 5],
  ],
  ['eb-040', 'cidr of IPv6', operators, [{ cidr: '2001:db8::/32' }], ['2001:db8::1'], ['2001:db9::1', '10.0.0.1']],
  ['eb-041', 'exists true: null and the empty text are there', operators, [{ exists: true }], ['a', null, 0, ''], []],
  [
    'eb-042',
    'exists true: an object and an empty array are not leaves',
    operators,
    [{ exists: true }],
    [],
    [{ a: 1 }, [], {}],
  ],
  [
    'eb-043',
    'exists false: an object and an empty array are not leaves',
    operators,
    [{ exists: false }],
    [{ a: 1 }, []],
    ['', null],
  ],
  [
    'eb-044',
    'wildcard',
    operators,
    [{ wildcard: 'dir/*.png' }],
    ['dir/a.png', 'dir/.png'],
    ['dir/a.csv', 'x/dir/a.png', 5],
  ],
  [
    'eb-045',
    'wildcards, several',
    operators,
    [{ wildcard: 'a*b*c' }],
    ['abc', 'axbxc', 'abbcbc'],
    ['ab', 'abcd', 'ac'],
  ],
  ['eb-046', 'a wildcard whose ends would overlap', operators, [{ wildcard: 'ab*ba' }], ['abba'], ['aba']],
  ['eb-047', 'a lone star is any text', operators, [{ wildcard: '*' }], ['', 'x'], [5, null]],
  ['eb-048', 'a backslash makes a star a star', operators, [{ wildcard: 'a\\*b' }], ['a*b'], ['axb']],
  ['eb-049', 'a backslash makes a backslash a backslash', operators, [{ wildcard: 'a\\\\*' }], ['a\\b', 'a\\'], ['ab']],
  ['eb-050', 'any of several matchers will do', guide, [{ prefix: 'a' }, 5, null], ['ab', 5, null], ['b', 6]],
  [
    'eb-051',
    'prefix sees each text of an array',
    'eb-event-patterns-arrays',
    [{ prefix: 'a' }],
    [['x', 'ab']],
    [['x']],
  ],
  ['eb-052', 'a text that is an address matches as a text', readme, ['10.0.0.1'], ['10.0.0.1'], ['10.0.0.2']],
  ['eb-053', 'an array within an array counts as one', 'ruler: Event', ['a'], [[['b'], ['a']]], [[['b']]]],
]

const inDetail = (detail: object) => ({ detail })

const toLeafClaim = ([id, says, source, matchers, matching, other]: Row): Claim => ({
  id,
  says,
  source,
  async holds(target) {
    for (const x of matching)
      expect([x, await isMatch(target, { detail: { x: matchers } }, { detail: { x } })]).toEqual([x, true])
    for (const x of other)
      expect([x, await isMatch(target, { detail: { x: matchers } }, { detail: { x } })]).toEqual([x, false])
  },
})

/** What JSON.stringify would not write so. */
const asWritten: Claim[] = [
  {
    id: 'eb-054',
    says: '300, 300.0 and 3.0e2 are one number, as a value and to numeric =',
    source: 'ruler: README',
    async holds(target) {
      for (const text of ['300', '300.0', '3.0e2', '0.3E+3']) {
        expect(await isMatch(target, `{"detail": {"x": [${text}]}}`, inDetail({ x: 300 }))).toBe(true)
        expect(await isMatch(target, `{"detail": {"x": [{"numeric": ["=", ${text}]}]}}`, inDetail({ x: 300 }))).toBe(
          true,
        )
      }
    },
  },
  {
    id: 'eb-055',
    says: 'of a leaf that a pattern names twice, the last one counts',
    source: 'ruler: JsonRuleCompiler',
    async holds(target) {
      const pattern = '{"detail": {"x": ["a"], "x": ["b"]}}'
      expect(await isMatch(target, pattern, inDetail({ x: 'b' }))).toBe(true)
      expect(await isMatch(target, pattern, inDetail({ x: 'a' }))).toBe(false)
    },
  },
  {
    id: 'eb-056',
    says: 'TestEventPattern answers true or false',
    source: 'model: eventbridge TestEventPatternResponse',
    async holds(target) {
      const Event = JSON.stringify({ ...envelope, account: target.account, region: target.region })
      const ask = (EventPattern: string) => toEvents(target).send(new TestEventPatternCommand({ EventPattern, Event }))
      expect((await ask('{"source": ["s"]}')).Result).toBe(true)
      expect((await ask('{"source": ["t"]}')).Result).toBe(false)
    },
  },
]

const envelope = { id: '1', source: 's', time: '2026-11-20T00:00:00Z', resources: [], 'detail-type': 't', detail: {} }

putClaims([...leaves.map(toLeafClaim), ...asWritten])
