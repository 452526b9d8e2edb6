// The products that are held, as rows. In: who holds or releases one. Out: the row, which goes into the catalog object of its
// domain with everything else. Never: a product that is no product; a second hold over the first.
import type { Queries } from '../clients/postgres.ts'
import type { Held } from '../model/cycle/cycle.ts'
import { domainOf, type ProductId } from '../model/ids.ts'

export interface ProductHold extends Held {
  product: ProductId
}

export const selectHolds = (db: Queries): Promise<ProductHold[]> =>
  db.rows<ProductHold>(
    `select product, actor, reason, (extract(epoch from since) * 1000)::bigint::double precision as "sinceMs", 'product' as of
     from product_hold order by product collate "C"`,
  )

/** False when it was held already. */
export const insertHold = (db: Queries, { product, actor, reason, sinceMs }: ProductHold): Promise<boolean> =>
  db.changed(
    `insert into product_hold (product, domain, actor, reason, since)
     values ($1, $2, $3, $4, to_timestamp($5::double precision / 1000)) on conflict do nothing`,
    [product, domainOf(product), actor, reason, sinceMs],
  )

/** False when it was not held. */
export const deleteHold = (db: Queries, product: ProductId): Promise<boolean> =>
  db.changed('delete from product_hold where product = $1', [product])
