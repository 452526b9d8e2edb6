// Which versions of their definitions open cycles carry, as the mirror has it. In: products and their present versions.
// Out: cycles, or how many; the versions in force. Never: a cycle whose run is known to have ended; the last word: the cycle itself has that.
import type { Postgres } from '../clients/postgres.ts'
import type { CycleId, ProductId } from '../model/ids.ts'
import { hasRun, isUnbegun } from './conditions.ts'

export interface PresentVersion {
  product: ProductId
  version: number
}

/** Cycles of the product that wait by an older version than this, oldest key first. */
export async function listOlderUnbegun(db: Postgres, { product, version }: PresentVersion): Promise<CycleId[]> {
  const rows = await db.rows<{ cycle: CycleId }>(
    `select cycle from data_product_status
     where product = $1 and definition_version < $2 and ${hasRun()} and ${isUnbegun()} order by cycle_key`,
    [product, version],
  )
  return rows.map(({ cycle }) => cycle)
}

/** The versions in force of these products: a removed product has none. */
export const listPresent = (db: Postgres, products: ProductId[]): Promise<PresentVersion[]> =>
  db.rows<PresentVersion>(
    `select product, version from data_product where product = any ($1) and superseded_at is null order by product`,
    [products],
  )

export interface CarriedVersion {
  product: ProductId
  version: number
  cycles: number
  /** Those of them that have not begun. */
  unbegun: number
}

/** How many open cycles go on with older versions than these. */
export const countOlder = (db: Postgres, present: PresentVersion[]): Promise<CarriedVersion[]> =>
  db.rows<CarriedVersion>(
    `select product, definition_version as version, count(*)::integer as cycles,
       (count(*) filter (where ${isUnbegun()}))::integer as unbegun
     from data_product_status join unnest($1::text[], $2::integer[]) as present (product, version) using (product)
     where definition_version < present.version and ${hasRun()}
     group by product, definition_version order by product, definition_version`,
    [present.map(({ product }) => product), present.map(({ version }) => version)],
  )
