import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ExternalDefinition } from '../definition.ts'
import { isLocation, MAX_EVENT_ID, MAX_REVISION } from '../event-values.ts'
import { CALENDARS, toProduct } from '../samples.test-data.ts'
import { toCalendars } from './calendars.ts'
import { mapExternal } from './external.ts'

const calendars = toCalendars(CALENDARS)
const closes: ExternalDefinition = {
  ...{ product: toProduct('d1/vendor-closes'), description: '', every: 'business-day', calendar: 'weekdays' },
  timezone: 'America/New_York',
  mappings: [
    {
      ...{ source: 'aws.s3', detailType: 'Object Created', cycle: '{date}' },
      where: { 'detail.bucket.name': 'example-landing', 'detail.object.key': 'closes/{date}/sp500.csv' },
      location: 's3://example-landing/closes/{date}/',
    },
  ],
}
const created = (key: string, id = 'e-1', sequencer = '0A') => ({
  ...{ source: 'aws.s3', detailType: 'Object Created', account: '222222222222', time: '2026-11-20T22:00:00Z', id },
  detail: { bucket: { name: 'example-landing' }, object: { key, sequencer } },
})
const map = (event: ReturnType<typeof created>) => mapExternal(calendars, [closes], event)

test('an object names its cycle; told twice it is one event, made anew another', () => {
  const first = map(created('closes/2026-11-20/sp500.csv'))
  expect(first).toMatchObject({
    kind: 'mapped',
    arrivals: [{ product: 'd1/vendor-closes', key: '2026-11-20', location: 's3://example-landing/closes/2026-11-20/' }],
  })
  expect(map(created('closes/2026-11-20/sp500.csv', 'e-2'))).toEqual(first)
  expect(map(created('closes/2026-11-20/sp500.csv', 'e-3', '0B'))).not.toEqual(first)
})

test.each([
  ['other/2026-11-20.csv', 'detail.object.key is "other/2026-11-20.csv"; expected "closes/{date}/sp500.csv"'],
  ['closes/2026-02-30/sp500.csv', '"2026-02-30" names no day'],
])('%s is unmatched, with the reason', (key, reason) => {
  expect(map(created(key))).toMatchObject({ kind: 'unmatched', reason: expect.stringContaining(reason) })
})

test('one of a day without a cycle is an arrival all the same: somebody may wait for it', () => {
  expect(map(created('closes/2026-11-21/sp500.csv'))).toMatchObject({ arrivals: [{ key: '2026-11-21' }] })
})

const meaning = (pattern: string, key: string) => {
  const [mapping] = closes.mappings
  const where = { 'detail.object.key': pattern }
  const external = { ...closes, mappings: mapping ? [{ ...mapping, where }] : [] }
  return mapExternal(calendars, [external], created(key))
}

test('a key that was made to be tried for long is answered at once', () => {
  const hostile = `x/${'-'.repeat(1_000)}`
  expect(meaning('x/{*}-{*}-{*}-{*}_{date}.csv', hostile).kind).toBe('unmatched')
  expect(meaning('x/{*}-{*}_{date}.csv', hostile).kind).toBe('unmatched')
})

test('what says two things of one part is unmatched; parts of a date make a date', () => {
  expect(meaning('{date}/{date}.csv', '2026-11-19/2026-11-20.csv').kind).toBe('unmatched')
  expect(meaning('{date}/{yyyymmdd}.csv', '2026-11-20/20261119.csv').kind).toBe('unmatched')
  expect(meaning('{date}/{yyyymmdd}.csv', '2026-11-20/20261120.csv')).toMatchObject({
    arrivals: [{ key: '2026-11-20' }],
  })
  expect(meaning('{year}/{month}/{day}/{*}', '2026/11/20/x')).toMatchObject({ arrivals: [{ key: '2026-11-20' }] })
})

test('whatever the event, it is answered', () => {
  const detail = fc.dictionary(fc.constantFrom('bucket', 'object', '__proto__', 'x'), fc.jsonValue())
  fc.assert(
    fc.property(
      detail,
      fc.constantFrom('2026-11-20T22:00:00Z', 'noon'),
      fc.constantFrom('aws.s3', 'x'),
      (detail, time, source) => {
        const event = { source, detailType: 'Object Created', account: '', time, id: 'e', detail }
        const mapped = mapExternal(calendars, [closes], event as ReturnType<typeof created>)
        expect(['mapped', 'unmatched', 'not-external']).toContain(mapped.kind)
      },
    ),
  )
})

test('what is mapped is what a cycle takes: its revision, id and location are within bounds', () => {
  const mapped = map(created('closes/2026-11-20/sp500.csv'))
  const [arrival] = mapped.kind === 'mapped' ? mapped.arrivals : []
  expect(arrival?.revision).toBe(Date.parse('2026-11-20T22:00:00Z') / 1_000)
  expect(arrival?.revision).toBeLessThanOrEqual(MAX_REVISION)
  expect(arrival?.eventId.length).toBeLessThanOrEqual(MAX_EVENT_ID)
  expect(isLocation(arrival?.location ?? '')).toBe(true)
})
