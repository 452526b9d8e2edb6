// What producers of other versions may say. In: a raw cycle, what of its complete event (DESIGN §2) is otherwise. Out: an entry
// of PutEvents. Never: a change of what is compulsory: that is poison (rows-poison.test.ts).
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { toRawEntry } from './walks.ts'

type Fields = Record<string, unknown>
export interface Detail {
  metadata: Fields
  data: Fields
}

export type Change = (detail: Detail) => Detail

/** Every field that an event of this version may have. */
function toComplete(product: string, key: string): Detail {
  const [domain, name] = product.split('/')
  const at = new Date().toISOString()
  return {
    metadata: {
      ...{ id: `${product}/${key}/r1`, schemaVersion: '1.0', occurredAt: at, publishedAt: at },
      ...{ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', correlationId: `batch of ${key}` },
      causationIds: [`vendor/closes/${key}/r1`],
      producer: { account: '111111111111', region: 'us-east-1', component: 'sluice', version: '0.1.0' },
    },
    data: {
      ...{
        domain,
        product: name,
        cycle: key,
        calendar: 'weekdays',
        revision: 1,
        kind: 'initial',
        definitionVersion: 1,
      },
      ...{ attempt: 1, executor: 'glue', externalRunId: 'jr_1' },
      dataset: { namespace: 's3://example-raw', name, location: `s3://example-raw/${name}/${key}/`, format: 'parquet' },
      builtFrom: [{ product: 'vendor/closes', cycle: key, revision: 1 }],
      builtWithout: ['vendor/notes'],
      ...{ stats: { rows: 5105 }, quality: { status: 'passed', checks: [] } },
    },
  }
}

/** Dotted paths of what an event may do without. */
export const OPTIONAL = [
  ...['publishedAt', 'traceparent', 'correlationId', 'causationIds', 'producer'].map((name) => `metadata.${name}`),
  ...['calendar', 'kind', 'definitionVersion', 'attempt', 'executor', 'externalRunId'].map((name) => `data.${name}`),
  ...['dataset', 'dataset.location', 'builtFrom', 'builtWithout', 'stats', 'quality'].map((name) => `data.${name}`),
]

/** Undefined leaves it out. */
const setAt = (of: Fields, [name = '', ...rest]: string[], value: unknown): Fields => ({
  ...of,
  [name]: rest.length > 0 ? setAt((of[name] ?? {}) as Fields, rest, value) : value,
})

/** What lies within another goes first, so that nothing is made anew. */
const setAll =
  (paths: readonly string[], value: unknown): Change =>
  (detail) =>
    paths
      .toReversed()
      .reduce<Fields>((of, path) => setAt(of, path.split('.'), value), { ...detail }) as unknown as Detail

export const without = (...paths: string[]): Change => setAll(paths, undefined)
export const withNull = (...paths: string[]): Change => setAll(paths, null)
export const inVersion = (schemaVersion: string): Change => setAll(['metadata.schemaVersion'], schemaVersion)

/** At every level, of every type, also under names that mean something elsewhere. */
export const withUnknown: Change = (detail) => {
  const unknown = { x: [{ y: null }], notes: 'new', constructor: 1, withdraws: 1, state: 'ERROR' }
  const within = (of: Fields, name: string): Fields => ({ ...(of[name] as Fields), ...unknown })
  const { metadata, data } = detail
  const builtFrom = (data['builtFrom'] as Fields[]).map((input) => ({ ...input, ...unknown }))
  return {
    ...{ ...detail, ...unknown },
    metadata: { ...metadata, ...unknown, producer: within(metadata, 'producer') },
    data: { ...data, ...unknown, dataset: within(data, 'dataset'), stats: within(data, 'stats'), builtFrom },
  }
}

export const toEntry = (product: string, key: string, change: Change): PutEventsRequestEntry => ({
  ...toRawEntry(product, key),
  Detail: JSON.stringify(change(toComplete(product, key))),
  Resources: [`arn:aws:s3:::example-raw/${key}`],
})
