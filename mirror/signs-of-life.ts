// In: a domain, or none for the mesh. Out: when its roles last wrote anything: what doctor says of one that is silent.
import type { Postgres } from '../clients/postgres.ts'
import type { Domain } from '../model/ids.ts'

export interface SignsOfLife {
  /** ISO instants. A worker wrote a cycle's status; null = never. */
  statusAt: string | null
  /** An event was written down, by a cycle or by the bridge; null = never. */
  eventAt: string | null
}

export const readSignsOfLife = (db: Postgres, domain?: Domain): Promise<SignsOfLife | undefined> =>
  db.one<SignsOfLife>(
    `select (select max(updated_at) from data_product_status where $1::text is null or domain = $1) as "statusAt",
       (select max(first_seen_at) from event_ledger where $1::text is null or domain = $1) as "eventAt"`,
    [domain ?? null],
  )
