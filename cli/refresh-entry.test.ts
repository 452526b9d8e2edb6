import { expect, test } from 'vitest'
import { type CycleKey, parseEventId, type ProductId } from '../model/ids.ts'
import { refreshedSchema } from '../model/refresh-event.schema.ts'
import { type HandPublication, toRefreshEntry } from './refresh-entry.ts'

const publication: HandPublication = {
  product: 'raw/rd1' as ProductId,
  key: '2026-11-20' as CycleKey,
  revision: 2,
  location: null,
  occurredAt: '2026-11-20T22:00:00.000Z',
}

const detailOf = (more: Partial<HandPublication> = {}): unknown =>
  JSON.parse(toRefreshEntry('a-bus', { ...publication, ...more }).Detail)

test('it goes onto the bus named, from the source of the product’s domain', () => {
  expect(toRefreshEntry('a-bus', publication)).toMatchObject({
    EventBusName: 'a-bus',
    Source: 'dataproduct.raw',
    DetailType: 'Data Product Refreshed',
  })
})

test('its id is the one that the product itself would give this revision, so that both count once', () => {
  const { metadata } = refreshedSchema.parse(detailOf())
  expect(parseEventId(metadata.id)).toEqual({ cycle: 'raw/rd1/2026-11-20', revision: 2 })
})

test.each([{ location: null }, { location: 's3://example/rd1/2026-11-20/' }])(
  'a bridge can read it, with a location or without: $location',
  ({ location }) => {
    const { data } = refreshedSchema.parse(detailOf({ location }))
    expect(data).toMatchObject({ domain: 'raw', product: 'raw/rd1', cycle: '2026-11-20', revision: 2 })
    expect(data.dataset?.location ?? null).toBe(location)
  },
)
