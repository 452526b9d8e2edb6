// What AWS's own matcher, aws/event-ruler 1.7.3, answers at the edges of the pattern language: each row was put to it.
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { askPattern } from './eventbridge-client.ts'

/** Matchers and values as JSON is written: 5 and 5e0 are two texts. */
type Row = [id: string, says: string, matchers: string, matching: string[], other: string[]]

const numbers: Row[] = [
  [
    'eb-160',
    'an integer, however written, is one number',
    '5',
    ['5', '5.0', '5e0', '50e-1', '[1, 5.0]'],
    ['"5"', '50'],
  ],
  ['eb-161', 'a decimal, however written, is one number', '0.30', ['0.3', '3e-1', '0.30000000000000004'], ['0.300002']],
  ['eb-162', 'minus zero is zero', '0', ['-0', '0.0', '-1e-7'], ['0.000002']],
  [
    'eb-163',
    'the seventh digit after the point does not count',
    '100000.123456',
    ['100000.1234564'],
    ['100000.123458'],
  ],
  [
    'eb-164',
    'near the limit fewer digits count: a double has no more',
    '5000000000',
    ['4999999999.999999'],
    ['4999999999.9', '5000000001'],
  ],
  ['eb-165', 'anything-but a number sees numbers so too', '{"anything-but": 5}', ['5.000002', '"5"'], ['5e0', '5.0']],
  [
    'eb-166',
    'numeric [a, b] of decimals',
    '{"numeric": [">=", 0.1, "<=", 0.3]}',
    ['0.1', '3e-1'],
    ['0.4', '0.09', 'null'],
  ],
]

const anyCase: Row[] = [
  ['eb-170', 'equals-ignore-case beyond ASCII', '{"equals-ignore-case": "é"}', ['"É"', '"é"'], ['"e"', '"e\\u0301"']],
  ['eb-171', 'ß is ß or SS, not capital ẞ', '{"equals-ignore-case": "ß"}', ['"ß"', '"SS"'], ['"ss"', '"ẞ"']],
  ['eb-172', 'SS is not ß: the pattern decides', '{"equals-ignore-case": "SS"}', ['"ss"', '"sS"'], ['"ß"']],
  ['eb-173', 'ς is Σ, not σ', '{"equals-ignore-case": "ς"}', ['"ς"', '"Σ"'], ['"σ"']],
  ['eb-174', 'dotless ı is I', '{"equals-ignore-case": "ı"}', ['"ı"', '"I"'], ['"i"']],
  ['eb-175', 'prefix in any case beyond ASCII', '{"prefix": {"equals-ignore-case": "ÉT"}}', ['"étude"'], ['"etude"']],
  [
    'eb-176',
    'suffix in any case beyond ASCII',
    '{"suffix": {"equals-ignore-case": "ß"}}',
    ['"gruSS"', '"gruß"'],
    ['"grus"'],
  ],
  [
    'eb-177',
    'beyond the basic plane equals-ignore-case matches nothing',
    '{"equals-ignore-case": "\\ud801\\udc00"}',
    [],
    ['"\\ud801\\udc00"', '"\\ud801\\udc28"'],
  ],
  ['eb-178', 'anything-but in any case', '{"anything-but": {"equals-ignore-case": "É"}}', ['"e"', '5'], ['"é"', '"É"']],
]

const addresses: Row[] = [
  ['eb-180', 'an IPv4 address has leading zeros or not', '"10.0.0.1"', ['"010.0.0.1"', '"10.0.0.01"'], ['"10.1"', '1']],
  [
    'eb-181',
    'an IPv6 address is one, however spelt',
    '"2001:db8::1"',
    ['"2001:DB8::1"', '"2001:0db8:0:0:0:0:0:1"'],
    ['"2001:db8::2"'],
  ],
  ['eb-182', 'exactly compares texts, not addresses', '{"exactly": "10.0.0.1"}', ['"10.0.0.1"'], ['"010.0.0.1"']],
  ['eb-183', 'cidr by any address of its network', '{"cidr": "10.0.0.5/24"}', ['"010.0.0.1"'], ['"10.0.1.0"']],
  ['eb-184', 'cidr sees no dotted quad within IPv6', '{"cidr": "::/32"}', ['"::1"'], ['"::ffff:10.0.0.1"']],
]

const texts: Row[] = [
  ['eb-185', 'an empty prefix is any text', '{"prefix": ""}', ['""', '"a"'], ['5', 'null']],
  ['eb-186', 'an empty suffix is any text', '{"suffix": ""}', ['""', '"a"'], ['5', 'null']],
  ['eb-187', 'an empty wildcard is the empty text', '{"wildcard": ""}', ['""'], ['"a"']],
  ['eb-188', 'a star may be nothing at both ends', '{"wildcard": "*a*"}', ['"a"', '"ba"', '"ab"'], ['""', '"b"']],
  ['eb-189', 'a star beside a star that is a text', '{"wildcard": "*\\\\*"}', ['"*"', '"a*"'], ['"a"', '""']],
  ['eb-190', 'null is not the empty text', 'null', ['null', '[1, null]'], ['""', '"null"', '[]', '{}']],
  ['eb-191', 'anything-but the empty text', '{"anything-but": ""}', ['null', '" "', '5'], ['""', '[]', '{}']],
  ['eb-192', 'anything-but of each in an array', '{"anything-but": ["a", "b"]}', ['["a", "c"]'], ['["a", "b"]']],
  ['eb-193', 'two matchers, one of them absence', '{"exists": false}, "a"', ['"a"', '{}', '[]'], ['"b"']],
]

const eventOf = (x: string) =>
  `{"id": "1", "account": "1", "source": "s", "time": "2026-11-20T00:00:00Z", "region": "r", "resources": [],
    "detail-type": "t", "detail": {"x": ${x}}}`

const toClaim = ([id, says, matchers, matching, other]: Row): Claim => ({
  id,
  says,
  source: 'ruler: 1.7.3, run',
  async holds(target) {
    const ask = (x: string) => askPattern(target, `{"detail": {"x": [${matchers}]}}`, eventOf(x))
    for (const x of matching) expect([x, await ask(x)]).toEqual([x, true])
    for (const x of other) expect([x, await ask(x)]).toEqual([x, false])
  },
})

/** Of a pattern's whole detail, because a name stands in it twice. */
const twice: [id: string, says: string, detail: string, matching: string[], other: string[]][] = [
  ['eb-195', 'a field named twice, as a leaf and as an object, is both', '"x": ["b"], "x": {"y": ["a"]}', [], ['"b"']],
  [
    'eb-196',
    'two $or side by side must both hold',
    '"$or": [{"x": ["a"]}, {"x": ["b"]}], "$or": [{"x": [{"exists": true}]}, {"y": ["b"]}]',
    ['"a"', '"c"'],
    ['[]'],
  ],
]

const toTwiceClaim = ([id, says, detail, matching, other]: (typeof twice)[number]): Claim => ({
  id,
  says,
  source: 'ruler: 1.7.3, run',
  async holds(target) {
    const ask = (x: string) => askPattern(target, `{"detail": {${detail}}}`, eventOf(x))
    for (const x of matching) expect([x, await ask(x)]).toEqual([x, true])
    for (const x of other) expect([x, await ask(x)]).toEqual([x, false])
  },
})

putClaims([...numbers, ...anyCase, ...addresses, ...texts].map(toClaim).concat(twice.map(toTwiceClaim)))
