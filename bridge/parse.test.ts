// Whatever a message holds, it is read or refused with a reason: parseMessage never throws.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEY } from '../model/samples.test-data.ts'
import { parseMessage, type RefusalCode, refuse } from './parse.ts'

const metadata = {
  ...{ id: 'raw/rd1/2026-11-20/r1', schemaVersion: '1.0', occurredAt: '2026-11-20T21:59:00Z', correlationId: 'c-1' },
}
const data = { domain: 'raw', product: 'rd1', cycle: KEY, revision: 1, dataset: { location: 's3://raw/rd1/' } }
const envelope = {
  ...{ version: '0', id: 'e-1', 'detail-type': 'Data Product Refreshed', source: 'dataproduct.raw' },
  ...{ account: '111111111111', time: '2026-11-20T22:00:00Z', region: 'us-east-1', resources: [] },
  detail: { metadata, data },
}
const parse = (change: object = {}) => parseMessage(JSON.stringify({ ...envelope, ...change }))
const parseDetail = (change: { metadata?: object; data?: object }) =>
  parse({ detail: { metadata: { ...metadata, ...change.metadata }, data: { ...data, ...change.data } } })

const CODES: RefusalCode[] = [
  ...(['oversized', 'not-json', 'hazardous', 'not-an-event'] as const),
  ...(['unknown-schema', 'invalid-event'] as const),
]

describe('what is read', () => {
  test('a refresh event', () => {
    expect(parse()).toEqual({
      kind: 'refreshed',
      eventId: 'raw/rd1/2026-11-20/r1',
      sender: { source: 'dataproduct.raw', account: '111111111111' },
      arrival: {
        ...{ eventId: 'raw/rd1/2026-11-20/r1', product: 'raw/rd1', key: KEY, revision: 1 },
        ...{ location: 's3://raw/rd1/', correlationId: 'c-1', occurredAt: '2026-11-20T21:59:00.000Z' },
      },
    })
  })

  test('optional fields may be absent: no location, and the event’s own id correlates', () => {
    const parsed = parseDetail({ metadata: { correlationId: undefined }, data: { dataset: undefined } })
    expect(parsed).toMatchObject({ arrival: { location: null, correlationId: 'raw/rd1/2026-11-20/r1' } })
  })

  const INPUTS = {
    builtFrom: [{ product: 'vendor/closes', cycle: KEY, revision: 1 }],
    builtWithout: ['vendor/notes'],
  }
  const WHOLE = { metadata, data: { ...data, ...INPUTS } }
  const arrivalOf = (change: Parameters<typeof parseDetail>[0]) => {
    const parsed = parseDetail({ metadata: change.metadata ?? {}, data: { ...INPUTS, ...change.data } })
    return parsed.kind === 'refreshed' ? parsed.arrival : parsed
  }
  const ABSENT: [string, (value: null | undefined) => Parameters<typeof parseDetail>[0], object][] = [
    ['correlationId', (value) => ({ metadata: { correlationId: value } }), { correlationId: metadata.id }],
    ['dataset', (value) => ({ data: { dataset: value } }), { location: null }],
    ['dataset.location', (value) => ({ data: { dataset: { name: 'rd1', location: value } } }), { location: null }],
    ['builtFrom', (value) => ({ data: { builtFrom: value } }), { builtFrom: undefined }],
    ['builtWithout', (value) => ({ data: { builtWithout: value } }), { builtWithout: undefined }],
  ]

  test.each(ABSENT)('%s may be absent or null: one and the same', (_name, change, without) => {
    const whole = arrivalOf(WHOLE)
    for (const value of [undefined, null]) expect(arrivalOf(change(value))).toEqual({ ...whole, ...without })
  })

  test('unknown fields everywhere, and a newer minor version, are ignored', () => {
    const detail = { metadata: { ...metadata, schemaVersion: '1.7', x: [] }, data: { ...data, x: {} }, x: null }
    expect(parse({ detail, x: 1 })).toEqual(parse())
  })

  test('a notice that a product did not refresh', () => {
    const own = { ...metadata, id: 'raw/rd1/2026-11-20/not-refreshed-1.4' }
    const detail = { metadata: own, data: { ...data, state: 'ERROR', step: 'run', reason: 'no such table' } }
    expect(parse({ 'detail-type': 'Data Product Not Refreshed', detail })).toMatchObject({
      kind: 'not-refreshed',
      blocker: { product: 'raw/rd1', key: KEY, state: 'ERROR', step: 'run', reason: 'no such table' },
    })
    for (const none of [null, undefined]) {
      const brief = { metadata: own, data: { ...data, state: 'SKIPPED', step: none, reason: none } }
      expect(parse({ 'detail-type': 'Data Product Not Refreshed', detail: brief })).toMatchObject({
        blocker: { step: null, reason: '' },
      })
    }
  })

  test('a Glue state change, under EventBridge’s id', () => {
    const detail = { jobName: 'd1-ds3', jobRunId: 'jr_1', state: 'FAILED', severity: 'ERROR', message: 'no' }
    expect(parse({ 'detail-type': 'Glue Job State Change', source: 'aws.glue', detail })).toMatchObject({
      ...{ kind: 'glue-end', eventId: 'e-1', jobName: 'd1-ds3', runId: 'jr_1', state: 'FAILED' },
      sender: { source: 'aws.glue', account: '111111111111' },
    })
  })
})

describe('what is refused', () => {
  test('all that is wrong is said at once, by path', () => {
    const parsed = parseDetail({ data: { revision: 0, cycle: 'soon' }, metadata: { occurredAt: 'noon' } })
    expect(parsed).toMatchObject({ kind: 'refused', code: 'invalid-event', eventId: 'raw/rd1/2026-11-20/r1' })
    const reason = parsed.kind === 'refused' ? parsed.reason : ''
    for (const path of ['metadata.occurredAt', 'data.cycle', 'data.revision']) expect(reason).toContain(path)
  })

  test('what is larger than a notice can be, counted in bytes, one byte too many', () => {
    const fill = (bytes: number): string => {
      const rest = bytes - Buffer.byteLength(JSON.stringify({ ...envelope, pad: '' }))
      return JSON.stringify({ ...envelope, pad: 'ü'.repeat(Math.floor(rest / 2)) + 'x'.repeat(rest % 2) })
    }
    expect(parseMessage(fill(256 * 1_024)).kind).toBe('refreshed')
    expect(parseMessage(fill(256 * 1_024 + 1))).toMatchObject({ kind: 'refused', code: 'oversized' })
  })

  test('nesting deeper than any event of ours, not what is just below', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    // The message, its detail and the data are three levels already.
    expect(parseDetail({ data: { x: nested(29) } }).kind).toBe('refreshed')
    expect(parseDetail({ data: { x: nested(30) } })).toMatchObject({ code: 'hazardous' })
  })

  test('another schema major, by the event’s id; a version that is no text is just wrong', () => {
    const parsed = parseDetail({ metadata: { schemaVersion: '2.0' } })
    expect(parsed).toMatchObject({ code: 'unknown-schema', eventId: 'raw/rd1/2026-11-20/r1' })
    expect(parseDetail({ metadata: { schemaVersion: 2 } })).toMatchObject({ code: 'invalid-event' })
    const notice = { metadata: { ...metadata, schemaVersion: '2.0' }, data: 'of another shape' }
    expect(parse({ 'detail-type': 'Data Product Not Refreshed', detail: notice })).toMatchObject(parsed)
  })

  test('an id too long to be one is not taken for the event’s own', () => {
    expect(parseDetail({ metadata: { id: 'x'.repeat(301) } })).toMatchObject({ code: 'invalid-event', eventId: null })
  })

  test.each([
    ['of another upstream’s batch', 'batch-7'],
    ['of another product', 'raw/rd2/2026-11-20/r1'],
    ['of another cycle', 'raw/rd1/2026-11-19/r1'],
    ['of another revision', 'raw/rd1/2026-11-20/r2'],
    ['with the revision written otherwise', 'raw/rd1/2026-11-20/r01'],
  ])('a refresh under the id %s', (_whose, id) => {
    expect(parseDetail({ metadata: { id } })).toMatchObject({
      ...{ kind: 'refused', code: 'invalid-event', eventId: id },
      reason: `the Data Product Refreshed event is wrong: metadata.id: is "${id}"; expected "raw/rd1/2026-11-20/r1"`,
    })
  })

  test.each([
    ...['n-1', 'raw/rd1/2026-11-20/r1', 'raw/rd2/2026-11-20/not-refreshed-1.4'],
    // Of withdrawals, which say so.
    ...['r2', 'rx', 'r99999999999'].map((revision) => `raw/rd1/2026-11-20/not-refreshed-withdrawn.${revision}`),
  ])('a notice under the id %s, which is not one of its cycle’s notices', (id) => {
    const detail = { metadata: { ...metadata, id }, data: { ...data, state: 'ERROR', step: 'run' } }
    expect(parse({ 'detail-type': 'Data Product Not Refreshed', detail })).toMatchObject({
      code: 'invalid-event',
      reason: expect.stringContaining(
        `is "${id}"; expected one that begins with "raw/rd1/2026-11-20/not-refreshed-", and no withdrawal's`,
      ),
    })
  })

  test('a location that would be more than one word of a Glue argument', () => {
    const parsed = parseDetail({ data: { dataset: { location: 's3://raw/rd1/ --conf spark.x=y' } } })
    expect(parsed).toMatchObject({ code: 'invalid-event', reason: expect.stringContaining('data.dataset.location') })
  })

  test('a time that PostgreSQL has no year for; one with a wide offset is read as the instant it is', () => {
    const year0 = parseDetail({ metadata: { occurredAt: '0000-01-01T00:00:00Z' } })
    expect(year0).toMatchObject({ code: 'invalid-event', reason: expect.stringContaining('metadata.occurredAt') })
    const wide = parseDetail({ metadata: { occurredAt: '2026-11-20T10:00:00+23:00' } })
    expect(wide).toMatchObject({ arrival: { occurredAt: '2026-11-19T11:00:00.000Z' } })
  })

  test('a refusal says who sent the message, as soon as it is an event', () => {
    const sender = { source: 'dataproduct.raw', account: '111111111111' }
    expect(parse({ detail: {} })).toMatchObject({ code: 'invalid-event', sender })
    expect(parse({ account: 'me' })).not.toHaveProperty('sender')
  })

  test('of a type that is not ours it is somebody else’s, whole; whether an external means it, the index says', () => {
    const sender = { source: 'dataproduct.raw', account: '111111111111' }
    expect(parse({ 'detail-type': 'Data Product Deleted' })).toMatchObject({
      ...{ kind: 'foreign', sender },
      event: { detailType: 'Data Product Deleted', source: 'dataproduct.raw', id: 'e-1' },
    })
  })

  test('a refusal names no event when it could not be read', () => {
    expect(refuse('not-json', 'no')).toEqual({ kind: 'refused', code: 'not-json', reason: 'no', eventId: null })
  })
})

describe('whatever comes', () => {
  const expectAnswer = (body: string): void => {
    const parsed = parseMessage(body)
    if (parsed.kind !== 'refused') return
    expect(CODES).toContain(parsed.code)
    expect(parsed.reason.length).toBeGreaterThan(0)
    expect(parsed.reason.length).toBeLessThan(1_400)
  }

  test('any text is answered', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), expectAnswer), { numRuns: 2_000 })
  })

  test('any JSON is answered', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => expectAnswer(JSON.stringify(value))),
      { numRuns: 2_000 },
    )
  })

  test('an event with any one field replaced, added or left out is answered', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...pathsOf(envelope)),
        fc.oneof(fc.jsonValue(), fc.constant(undefined)),
        (path, value) => expectAnswer(JSON.stringify(replaceAt(envelope, path, value))),
      ),
      { numRuns: 3_000 },
    )
  })

  test('a whole event cut anywhere or with any character changed is answered', () => {
    const body = JSON.stringify(envelope)
    fc.assert(
      fc.property(fc.nat(body.length), fc.string({ unit: 'binary', maxLength: 3 }), (at, text) => {
        expectAnswer(body.slice(0, at))
        expectAnswer(body.slice(0, at) + text + body.slice(at + 1))
      }),
      { numRuns: 2_000 },
    )
  })

  test('what is read holds no NUL, and a real product and date', () => {
    const part = fc.oneof(fc.constantFrom('raw', 'rd1'), fc.string({ unit: 'binary', maxLength: 8 }))
    const key = fc.oneof(fc.constantFrom(KEY, '2026-02-30', '2026-W47'), fc.string({ maxLength: 12 }))
    fc.assert(
      fc.property(
        part,
        part,
        key,
        fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double()),
        (domain, product, cycle, revision) => {
          const parsed = parseDetail({ data: { domain, product, cycle, revision } })
          if (parsed.kind !== 'refreshed') return
          expect(parsed.arrival.product).toMatch(/^[a-z0-9-]+\/[a-z0-9-]+$/)
          expect(parsed.arrival.key).toMatch(/^\d{4}-\d{2}-\d{2}$/)
          expect(parsed.arrival.revision).toSatisfy((n: number) => Number.isInteger(n) && n > 0)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

type Path = string[]

function pathsOf(value: unknown, before: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [before]
  const inner = Object.entries(value).flatMap(([name, inside]) => pathsOf(inside, [...before, name]))
  return [...(before.length > 0 ? [before] : []), ...inner]
}

function replaceAt(value: unknown, [name = '', ...rest]: Path, by: unknown): unknown {
  const inside = (value as Record<string, unknown>)[name]
  return { ...(value as object), [name]: rest.length > 0 ? replaceAt(inside, rest, by) : by }
}
