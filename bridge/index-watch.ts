// Holds the routing index of one domain and keeps it fresh from the catalog bucket.
// Never: asks PostgreSQL; loses the index it has because the bucket does not answer.
import type { RoutingIndex } from '../model/calendar/routing.ts'

export interface IndexWatch {
  current(): RoutingIndex
  /** Reads the catalog again if it changed. @throws when the bucket does not answer. */
  reload(): Promise<void>
}

export interface IndexSource {
  /** Undefined when nothing changed since `etag`. */
  load(etag: string | undefined): Promise<{ index: RoutingIndex; etag: string } | undefined>
}

/** Loads once, so that nothing is routed by an index that is not there. */
export async function watchIndex(source: IndexSource): Promise<IndexWatch> {
  const first = await source.load(undefined)
  if (!first) throw new Error('The catalog answered "unchanged" to the first read.')
  let held = first
  let reading: Promise<void> | undefined
  const read = async (): Promise<void> => {
    held = (await source.load(held.etag)) ?? held
  }
  return {
    current: () => held.index,
    // Batches that meet an unknown product at the same time share one read.
    reload: () => {
      reading ??= read().finally(() => {
        reading = undefined
      })
      return reading
    },
  }
}
