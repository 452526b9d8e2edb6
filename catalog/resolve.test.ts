import { describe, expect, test } from 'vitest'
import { checkProductFile, type ProductFile } from '../model/definition.schema.ts'
import { parseWallTime } from '../model/calendar/wall-time.ts'
import type { DomainDefinition, WallTime } from '../model/definition.ts'
import type { Domain } from '../model/ids.ts'
import { faultsBetweenKeys, isSurelyBefore, toDomainDefinition, toProductDefinition } from './resolve.ts'
import { domainText, parse } from './samples.test-data.ts'

const domain: DomainDefinition = {
  domain: 'd1' as Domain,
  account: '222222222222',
  owner: { team: 'wealth-data', email: 'wealth-data@example.com' },
  calendar: 'weekdays',
  timezone: 'America/New_York',
  location: 's3://example-d1-products/',
}

function fileOf(change: Record<string, unknown>): ProductFile {
  const checked = checkProductFile(
    { product: 'd1/ds3', every: 'day', run: { glue: 'job' }, ...change },
    () => undefined,
  )
  if (checked.kind === 'invalid') throw new Error(checked.findings.map(({ message }) => message).join('\n'))
  return checked.file
}
const resolve = (change: Record<string, unknown>, of = domain) => toProductDefinition(fileOf(change), of, 'day')

test('the document of a domain, every field; without a location it has none', () => {
  const [placed] = parse({ a: domainText() }).domains
  expect(placed && toDomainDefinition(placed.file)).toEqual(domain)
  const [bare] = parse({ a: domainText('d1', [/location.*\n/.exec(domainText())?.[0] ?? '', '']) }).domains
  expect(bare && toDomainDefinition(bare.file).location).toBeNull()
})

describe('a product', () => {
  test('of three lines takes the defaults of its domain and of the grammar', () => {
    expect(resolve({})).toEqual({
      product: 'd1/ds3',
      description: '',
      owner: domain.owner,
      visibility: 'domain',
      calendar: 'weekdays',
      timezone: 'America/New_York',
      every: 'day',
      notBefore: null,
      availableBy: null,
      cutoff: null,
      dependsOn: [],
      run: { glue: 'job', arguments: {}, timeoutMinutes: 480, attempts: 1, retryAfterMs: 300_000 },
      publish: { location: 's3://example-d1-products/ds3/' },
    })
  })

  test('that says everything keeps its own words', () => {
    const own = {
      description: 'x',
      visibility: 'mesh',
      owner: { team: 'risk', email: 'risk@example.com' },
      timezone: 'Europe/London',
      catchUp: 'none',
      notBefore: '17:00',
      availableBy: '06:00 +1bd',
      cutoff: { at: '02:00 +1d', then: 'run-without' },
      dependsOn: ['d1/ds1', { product: 'raw/rd2' }],
      run: { glue: 'job', arguments: { '--book': 'eq' }, timeout: '90s', attempts: 3, retryAfter: '30s' },
      publish: { location: 's3://elsewhere/x/' },
    }
    expect(resolve(own)).toMatchObject({
      ...own,
      notBefore: { time: '17:00', days: 0, unit: 'day' },
      availableBy: { time: '06:00', days: 1, unit: 'business-day' },
      cutoff: { at: { time: '02:00', days: 1, unit: 'day' }, then: 'run-without' },
      dependsOn: [{ product: 'd1/ds1' }, { product: 'raw/rd2' }],
      // Glue counts in minutes, so part of one is a whole one.
      run: { glue: 'job', arguments: { '--book': 'eq' }, timeoutMinutes: 2, attempts: 3, retryAfterMs: 30_000 },
    })
  })

  test('keeps of its retries what is said, and nothing where nothing is', () => {
    const runOf = (retry: object) => resolve({ run: { glue: 'job', retry } }).run.retry
    expect(runOf({ infrastructure: { attempts: 5, after: '1m', atMost: '30m' }, timeout: { attempts: 1 } })).toEqual({
      infrastructure: { attempts: 5, afterMs: 60_000, atMostMs: 1_800_000 },
      timeout: { attempts: 1 },
    })
    expect(resolve({ run: { glue: 'job', retry: { throttled: {} } } }).run).not.toHaveProperty('retry')
  })

  test('whose pause begins above its cap contradicts itself', () => {
    const faultsOf = (retry: object) => faultsBetweenKeys(fileOf({ run: { glue: 'job', retry } }), domain)
    expect(faultsOf({ throttled: { after: '10m', atMost: '5m' } })).toEqual([
      {
        path: ['run', 'retry', 'throttled', 'atMost'],
        message: 'run.retry.throttled.atMost 5m is shorter than its after 10m',
      },
    ])
    expect(faultsOf({ throttled: { after: '10m', atMost: '10m' }, timeout: { atMost: '1s' } })).toEqual([])
  })

  test('with publish: false publishes nothing, also where the domain has no location', () => {
    expect(resolve({ publish: false }, { ...domain, location: null }).publish).toBeNull()
    expect(faultsBetweenKeys(fileOf({ publish: false }), { ...domain, location: null })).toEqual([])
  })

  test('is plain JSON', () => {
    const definition = resolve({ notBefore: '17:00', dependsOn: ['d1/ds1'] })
    expect(JSON.parse(JSON.stringify(definition))).toStrictEqual(definition)
  })
})

test.each([
  ['16:59', '17:00', true],
  ['17:00', '17:00', false],
  ['17:01', '17:00', false],
  ['06:00 +1d', '17:00', false],
  ['06:00 +1bd', '17:00 +1d', false],
  ['06:00 +1bd', '17:00 +3d', false],
  ['06:00 +1d', '17:00 +1d', true],
  ['06:00 +1d', '05:00 +1bd', false],
  ['06:00 +1d', '07:00 +1bd', true],
  ['06:00 +1d', '05:00 +2bd', true],
  ['06:00 +1bd', '05:00 +2bd', true],
])('%s is surely before %s, whatever the calendar: %s', (end, start, isBefore) => {
  expect(isSurelyBefore(parseWallTime(end) as WallTime, parseWallTime(start) as WallTime)).toBe(isBefore)
})
