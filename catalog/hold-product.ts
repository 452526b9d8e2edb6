// Holds a product, or releases it. In: a database, the catalog bucket, who asks and why. Out: rows and catalog object say so.
// Order as in apply-mesh.ts: rows first, then the bucket that the roles read; a stop between is healed by doing it again.
// Never: beside an apply; told as done before the bucket has it.
import type { Postgres, Queries } from '../clients/postgres.ts'
import type { ProductId } from '../model/ids.ts'
import { inTransaction, LONGEST_STATEMENT_MS, lockCatalog, uploadCatalogs, writeCatalogs } from './apply-mesh.ts'
import { type Bucket, wordsOf } from './bucket.ts'
import { deleteHold, insertHold, type ProductHold, selectHolds } from './holds.ts'

interface Order extends Bucket {
  db: Postgres
}

/** Written in the same transaction, such as the audit: it is there if and only if the hold is. */
type Alongside = (session: Queries, before: ProductHold | null) => Promise<void>

const nothing: Alongside = async () => undefined

/** `before`: the hold that was there; then nothing changes. */
export async function holdProduct(
  order: Order,
  hold: ProductHold,
  alongside: Alongside = nothing,
): Promise<{ before: ProductHold | null }> {
  return change(order, async (session) => {
    const before = (await selectHolds(session)).find(({ product }) => product === hold.product) ?? null
    await insertHold(session, hold)
    await alongside(session, before)
    return { before }
  })
}

/** `before`: the hold that ends by it; null: it was not held. */
export async function releaseProduct(
  order: Order,
  product: ProductId,
  alongside: Alongside = nothing,
): Promise<{ before: ProductHold | null }> {
  return change(order, async (session) => {
    const before = (await selectHolds(session)).find((one) => one.product === product) ?? null
    await deleteHold(session, product)
    await alongside(session, before)
    return { before }
  })
}

async function change<T>(order: Order, work: (session: Queries) => Promise<T>): Promise<T> {
  return order.db.session(LONGEST_STATEMENT_MS, async (session) => {
    await lockCatalog(session)
    const done = await inTransaction(session, async () => {
      const result = await work(session)
      await writeCatalogs(session)
      return result
    }).catch((error: unknown) => {
      throw (error as { code?: string }).code === '42501' ? notAllowed(error) : error
    })
    await uploadCatalogs(session, order).catch((error: unknown) => {
      throw new Error(
        `It is in the database, but could not be written to s3://${order.bucket}: ${wordsOf(error)}. ` +
          'The roles go on by what the bucket has; give the command again when it answers.',
        { cause: error },
      )
    })
    return done
  })
}

const notAllowed = (cause: unknown): Error =>
  new Error(
    'A product is held and released by who may apply definitions, and this login may not; nothing was changed. ' +
      'Cycles one by one: sluice hold <cycle>',
    { cause },
  )
