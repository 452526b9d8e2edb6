// Refresh events as EventBridge puts them into a domain's queue, whole and spoilt.
// In: what a test cares about. Out: the rest filled in.
import type { NotRefreshedEvent, RefreshEvent } from '../../model/refresh-event.ts'

export const CENTRAL_ACCOUNT = '999999999999'
export const RAW_ACCOUNT = '111111111111'
export const OWN_ACCOUNT = '222222222222'
export const STRANGER = '333333333333'
export const REGION = 'us-east-1'

/** A Friday, after the close. */
export const KEY = '2026-11-20'
export const NOW_MS = Date.parse('2026-11-20T22:00:00Z')

interface Said {
  key?: string
  revision?: number
  data?: object
  metadata?: object
}

export function refreshedOf(product: string, { key = KEY, revision = 1, data, metadata }: Said = {}): object {
  const [domain, name] = product.split('/')
  const location = `s3://example-raw/${name}/${key}/`
  return {
    metadata: { ...metadataOf(`${product}/${key}/r${revision}`), ...metadata },
    data: { domain, product: name, cycle: key, revision, dataset: { location }, ...data },
  } satisfies { metadata: Partial<RefreshEvent['metadata']>; data: object }
}

export function notRefreshedOf(product: string, { key = KEY, data, metadata }: Said = {}): object {
  const [domain, name] = product.split('/')
  return {
    metadata: { ...metadataOf(`${product}/${key}/not-refreshed-1.4`), ...metadata },
    data: { domain, product: name, cycle: key, state: 'ERROR', step: 'run', reason: 'no such table', ...data },
  } satisfies { metadata: Partial<NotRefreshedEvent['metadata']>; data: object }
}

const metadataOf = (id: string) => ({
  ...{ id, schemaVersion: '1.0', occurredAt: '2026-11-20T21:59:00.000Z', publishedAt: '2026-11-20T21:59:00.000Z' },
  ...{ correlationId: `correlation of ${id}`, causationIds: [] },
})

/** The whole message around a detail. */
export const messageOf = (detail: unknown, change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    ...{ version: '0', id: '3a1d7a2e-0000-4000-8000-000000000001', 'detail-type': 'Data Product Refreshed' },
    ...{ source: 'dataproduct.raw', account: RAW_ACCOUNT, time: '2026-11-20T21:59:01Z', region: REGION },
    ...{ resources: [], detail, ...change },
  })

export const glueMessageOf = (detail: object, change: Record<string, unknown> = {}): string =>
  messageOf(detail, { 'detail-type': 'Glue Job State Change', source: 'aws.glue', account: OWN_ACCOUNT, ...change })

/** What a repair has for corrections, where no cycle of the tests was corrected after it ran: the catalog is not read. */
export const NOT_ASKED = {
  settings: { checkGlueMs: 1_000, errorWaitMs: 1_000, recordRetryMs: 1_000 },
  loadIndex: () => Promise.reject(new Error('The catalog was read')),
  nowMs: Date.now,
}
