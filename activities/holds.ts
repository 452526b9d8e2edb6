// Who holds a product, asked right before a Glue run is started. In: the domain's catalog object. Out: the hold, or null.
// Never: an answer from memory alone: the bucket is asked each time, and mostly says that nothing changed.
import type { LoadedCatalog } from '../catalog/load.ts'
import type { Held } from '../model/cycle/cycle.ts'
import type { ProductId } from '../model/ids.ts'

type Load = (etag: string | undefined) => Promise<LoadedCatalog>

/** @throws while the bucket does not answer: a try to start is then repeated, as Glue itself could not read its script. */
export function createHolds(load: Load): (product: ProductId) => Promise<Held | null> {
  let known: { etag: string; holds: Record<string, Held> } | undefined
  return async (product) => {
    // "Unchanged" is about what was asked with; an older answer, slow to come, may have replaced it meanwhile.
    const asked = known
    const loaded = await load(asked?.etag)
    const now = loaded.kind === 'loaded' ? { etag: loaded.etag, holds: loaded.catalog.holds ?? {} } : asked
    known = now
    return now?.holds[product] ?? null
  }
}
