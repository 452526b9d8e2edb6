import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkDomainFile, checkProductFile, domainFile, productFile } from './definition.schema.ts'
import { parseDurationMs } from './definition-parts.schema.ts'

const nothing = (): undefined => undefined
const DOMAIN = {
  domain: 'd1',
  sluice: 1,
  account: '222222222222',
  owner: { team: 'wealth-data', email: 'wealth-data@example.com' },
  calendar: 'weekdays',
  timezone: 'America/New_York',
}
const PRODUCT = { product: 'd1/ds3', every: 'day', run: { glue: 'd1-ds3' } }
const messagesOf = (change: Record<string, unknown>): string[] => {
  const checked = checkProductFile({ ...PRODUCT, ...change }, nothing)
  return checked.kind === 'invalid' ? checked.findings.map(({ message }) => message) : []
}

test('the shortest product: three keys, and the defaults of all others', () => {
  expect(checkProductFile(PRODUCT, nothing)).toEqual({
    kind: 'valid',
    file: {
      ...PRODUCT,
      visibility: 'domain',
      dependsOn: [],
      run: { glue: 'd1-ds3', arguments: {}, timeout: '8h', attempts: 1, retryAfter: '5m' },
    },
  })
})

test('the shortest domain needs no location', () => {
  expect(checkDomainFile(DOMAIN, nothing)).toEqual({ kind: 'valid', file: DOMAIN })
})

describe('findings', () => {
  test('are all of them, each with its path and what of it is meant', () => {
    const value = { product: 'd1/ds3', evry: 'day', run: { attempts: 'three', arguments: { book: 'eq' } } }
    const checked = checkProductFile(value, nothing)
    expect(checked.kind === 'invalid' && checked.findings.map(({ path, on }) => [path.join('.'), on])).toEqual([
      ['run', 'value'],
      ['run.arguments.book', 'key'],
      ['run.attempts', 'value'],
      ['evry', 'key'],
    ])
  })

  test.each([null, undefined, 'text', 7, true, [], [PRODUCT]])('%j is no document, without an exception', (value) => {
    expect(checkProductFile(value, nothing).kind).toBe('invalid')
    expect(checkDomainFile(value, nothing).kind).toBe('invalid')
  })

  test('say what was typed, where that differs from the value', () => {
    const checked = checkProductFile({ ...PRODUCT, product: 10 }, () => '012')
    expect(checked).toMatchObject({
      findings: [{ message: 'product: 012 is a number in YAML; quote it: product: "012"' }],
    })
  })

  test('a product with too many upstreams is told what to do instead', () => {
    const dependsOn = Array.from({ length: 201 }, (_none, at) => `d1/u${at}`)
    expect(messagesOf({ dependsOn })).toEqual(['dependsOn: has more than 200 upstreams; put a product in between'])
    expect(messagesOf({ dependsOn: dependsOn.slice(1) })).toEqual([])
  })

  test.each([1e17, -1e17, 0, 21])('never a sentence of the library: attempts %d', (attempts) => {
    const messages = messagesOf({ run: { glue: 'd1-ds3', attempts } })
    expect(new Set(messages)).toEqual(new Set(['run.attempts: at least 1, at most 20']))
  })
})

describe('limits, each value the last that is taken and the first that is not', () => {
  const name = 'x'.repeat(63)
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['name', { product: `${name}/${name}` }, { product: `${name}/${name}x` }],
    ['description', { description: 'x'.repeat(2_000) }, { description: 'x'.repeat(2_001) }],
    ['job', { run: { glue: 'x'.repeat(255) } }, { run: { glue: 'x'.repeat(256) } }],
    ['shortest timeout', { run: { glue: 'x', timeout: '60s' } }, { run: { glue: 'x', timeout: '59s' } }],
    ['longest timeout', { run: { glue: 'x', timeout: '7d' } }, { run: { glue: 'x', timeout: '169h' } }],
    ['attempts', { run: { glue: 'x', attempts: 20 } }, { run: { glue: 'x', attempts: 21 } }],
    ['pause', { run: { glue: 'x', retryAfter: '24h' } }, { run: { glue: 'x', retryAfter: '86401s' } }],
    ['days of a wall time', { availableBy: '06:00 +99d' }, { availableBy: '06:00 +100d' }],
  ])('%s', (_, fits, exceeds) => {
    expect(messagesOf(fits)).toEqual([])
    expect(messagesOf(exceeds)).toHaveLength(1)
  })
})

test.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['0s', undefined],
  ['05m', undefined],
  ['5', undefined],
  ['5 m', undefined],
  ['5w', undefined],
  ['-5m', undefined],
  ['1234567s', undefined],
  ['5m\n', undefined],
])('the duration %j is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test('every key of the grammar is described, for editors and the reference page', () => {
  const undescribed = (schema: z.ZodType, path: string): string[] => {
    const inner =
      schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema
    const below = inner instanceof z.ZodObject ? Object.entries(inner.shape as Record<string, z.ZodType>) : []
    const isBare = path !== '' && !schema.meta()?.description && !inner.meta()?.description
    return [...(isBare ? [path] : []), ...below.flatMap(([key, child]) => undescribed(child, `${path}.${key}`))]
  }
  expect([domainFile, productFile].flatMap((schema) => undescribed(schema, ''))).toEqual([])
})
