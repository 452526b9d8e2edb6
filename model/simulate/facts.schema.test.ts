import { describe, expect, test } from 'vitest'
import { definitionOf, toProduct } from '../samples.test-data.ts'
import { parseFacts } from './facts.schema.ts'
import { toKnownProducts } from './known-products.ts'
import { toCatalogs } from './play.test-data.ts'

const products = [
  definitionOf('d1/ds1', ['raw/rd1', 'other/closes']),
  definitionOf('d1/hourly', [], { every: 'hour' }),
  definitionOf('raw/rd1', []),
]
const vendor = { every: 'business-day', calendar: 'equities', timezone: 'America/New_York' } as const
const externals = [{ product: toProduct('d1/vendor'), description: '', mappings: [], ...vendor }]
const known = toKnownProducts(toCatalogs({ products, externals }, '2026-11-20'))
const parse = (...lines: string[]) => parseFacts(lines.join('\n'), { known })

const said = (...lines: string[]): string[] => {
  const parsed = parse(...lines)
  return parsed.kind === 'invalid'
    ? parsed.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
    : []
}

const line = (change: object = {}): string =>
  JSON.stringify({ at: '2026-11-20T17:05:00-05:00', product: 'raw/rd1', cycle: '2026-11-20', ...change })

describe('a sound line', () => {
  test('is an event, revision 1 and its id filled in, its time in UTC', () => {
    expect(parse(line())).toEqual({
      kind: 'valid',
      facts: [
        {
          ...{ kind: 'event', line: 1, atMs: Date.parse('2026-11-20T22:05:00Z') },
          arrival: {
            ...{ eventId: 'raw/rd1/2026-11-20/r1', product: 'raw/rd1', key: '2026-11-20', revision: 1, location: null },
            ...{ correlationId: 'raw/rd1/2026-11-20/r1', occurredAt: '2026-11-20T22:05:00.000Z' },
          },
        },
      ],
    })
  })

  test('may say how a run ends; empty lines, a byte order mark and CRLF are nothing', () => {
    const run = '{"at":"2026-11-20T22:00Z","run":"d1/ds1","cycle":"2026-11-20","result":"FAILED"}'
    expect(parse(`\uFEFF${run}\r`, '', '  ', line({ revision: 3, id: 'mine' }))).toMatchObject({
      kind: 'valid',
      facts: [
        { kind: 'run', line: 1, product: 'd1/ds1', result: 'FAILED' },
        { kind: 'event', line: 4, arrival: { eventId: 'mine', revision: 3 } },
      ],
    })
  })

  test('may be of a product that no file defines but somebody waits for', () => {
    expect(said(line({ product: 'other/closes', cycle: '2026-11-20' }))).toEqual([])
  })

  test('may come before the first date, after the last, and twice', () => {
    expect(said(line({ at: '2026-10-01T00:00:00Z' }), line(), line(), line({ at: '2031-10-01T00:00:00Z' }))).toEqual([])
  })

  test('may be of a day on which the product has no cycle: it is unmatched, as in production', () => {
    expect(said(line({ cycle: '2026-11-21' }))).toEqual([])
    expect(said(line({ product: 'd1/vendor', cycle: '2026-11-26' }))).toEqual([])
  })
})

describe('a wrong line is told by line and column', () => {
  test.each([
    ['no JSON', '{"at": "2026-11-20T17:05:00Z",}', /^1:31: no JSON: /],
    ['cut off', '{"at": ', /^1:8: no JSON: /],
    ['no braces', 'nope', /^1:1: no JSON: /],
    ['a list', '[]', /^1:1: a line is one event or run in braces/],
    ['an unknown key', line({ revison: 2 }), /^1:76: unknown key "revison"; did you mean "revision"\?$/],
    ['no offset', line({ at: '2026-11-20T17:05:00' }), /^1:7: at: "2026-11-20T17:05:00" has no offset; end it with Z/],
    ['a date alone', line({ at: '2026-11-20' }), /^1:7: at: "2026-11-20" is no time such as/],
    ['a date that does not exist', line({ at: '2026-02-30T00:00:00Z' }), /^1:7: at: .* is no time that exists$/],
    ['a number for a text', line({ cycle: 202611 }), /^1:63: cycle: is no text; write a cycle key/],
    ['no product id', line({ product: 'rd1' }), /^1:45: product: "rd1" is not written <domain>\/<product>/],
    [
      'an unknown product',
      line({ product: 'raw/rd2' }),
      /^1:45: product: there is no product "raw\/rd2"; did you mean "raw\/rd1"\?$/,
    ],
    ['no cycle key', line({ cycle: '2026-13' }), /^1:63: cycle: "2026-13" is no cycle key; it is one such as/],
    [
      'the wrong granularity',
      line({ cycle: '2026-11' }),
      /^1:63: cycle: raw\/rd1 has no cycle 2026-11: its cycles are named by day$/,
    ],
    [
      'a cycle of another age',
      line({ product: 'd1/hourly', cycle: '1066-10-14T09Z' }),
      /^1:65: cycle: "1066-10-14T09Z" is no cycle key; .* of the years 1900 to 2199/,
    ],
    [
      'a run of a cycle that is none',
      line({ product: undefined, run: 'd1/ds1', cycle: '2026-11-21', result: 'FAILED' }),
      /^1:\d+: cycle: d1\/ds1 has no cycle 2026-11-21: not a business day of weekdays/,
    ],
    [
      'a run of an external',
      line({ product: undefined, run: 'd1/vendor', result: 'FAILED' }),
      /^1:\d+: run: d1\/vendor has no runs to simulate/,
    ],
    ['a revision of 0', line({ revision: 0 }), /^1:87: revision: is a whole number from 1 to /],
    [
      'a run of what has none',
      line({ product: undefined, run: 'other/closes', result: 'FAILED' }),
      /^1:\d+: run: other\/closes has no runs/,
    ],
    [
      'an unknown end',
      line({ product: undefined, run: 'd1/ds1', result: 'FAILD' }),
      /^1:\d+: result: "FAILD" is no end of a run; did you mean "FAILED"\?$/,
    ],
  ])('%s', (_, text, message) => {
    expect(said(text)).toEqual([expect.stringMatching(message)])
  })

  test('all of them at once, also several of one line', () => {
    const both = line({ product: 'rd1', at: '2027-01-01' })
    expect(said(line(), both, '{', line({ cycle: 'x' })).map((text) => text.replace(/^(\d+):.*/, '$1'))).toEqual([
      '2',
      '2',
      '3',
      '4',
    ])
  })

  test('what is missing, each with an example', () => {
    expect(said('{}')).toEqual(
      ['at', 'product', 'cycle'].map((key) => expect.stringMatching(`^1:1: ${key}: is missing; write a`)),
    )
  })

  test('an id that stands for two events', () => {
    expect(said(line({ id: 'a' }), line({ id: 'a', revision: 2 }))).toEqual([
      expect.stringMatching(/^2:\d+: id: "a" is the id of another event already, in line 1$/),
    ])
  })

  test('a run of a product that is driven by events of the file', () => {
    const run = '{"at":"2026-11-20T22:00Z","run":"raw/rd1","cycle":"2026-11-20","result":"FAILED"}'
    expect(said(run, line())).toEqual([
      expect.stringMatching(/^1:33: run: raw\/rd1 is driven by the events of this file/),
    ])
  })
})
