// The table of catalog objects: what the bucket is to hold, per domain.
import { type Queries, toJsonParameter } from '../clients/postgres.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { Domain } from '../model/ids.ts'
import type { CatalogDocument } from './domain-catalog.ts'

export interface CatalogRow {
  domain: Domain
  revision: number
  document: CatalogDocument
}

export const selectCatalogs = (db: Queries): Promise<CatalogRow[]> =>
  db.rows('select domain, revision, document from domain_catalog order by domain collate "C"')

export const upsertCatalogs = (db: Queries, rows: CatalogRow[]): Promise<boolean> =>
  db.changed(
    `insert into domain_catalog (domain, revision, document)
     select domain, revision, document from jsonb_to_recordset($1)
       as given (domain text, revision integer, document jsonb)
     on conflict (domain) do update set revision = excluded.revision, document = excluded.document`,
    [toJsonParameter(rows)],
  )

export const toDomainCatalog = ({ revision, document }: CatalogRow): DomainCatalog => ({ revision, ...document })
