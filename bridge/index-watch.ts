// Holds the routing index of one domain and keeps it fresh from the catalog bucket.
// Never: asks PostgreSQL; loses the index it has because the bucket does not answer.
import type { RoutingIndex } from '../model/calendar/routing.ts'
import { joinLooks } from '../model/joining-looks.ts'

export interface IndexWatch {
  current(): RoutingIndex
  /** Reads the catalog again if it changed, by a read that begins after this call. @throws when the bucket does not answer. */
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
  // Joins no read under way, which may have been answered before the apply whose first event makes somebody ask.
  const read = joinLooks(async () => {
    held = (await source.load(held.etag)) ?? held
  })
  return {
    current: () => held.index,
    // Batches that meet an unknown product at the same time share the next read.
    reload: () => read(held.index.catalog.domain.domain, 0),
  }
}
