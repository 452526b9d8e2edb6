// The definitions of a domain, as its roles read them. In: a connection. Out: the catalog object of now. Never: from the database.
import { loadDomainCatalog } from '../catalog/load.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { Connection } from './connection.ts'

/** @throws when the bucket does not answer, or nothing was ever applied for the domain. */
export async function readCatalog(
  { aws, settings }: Pick<Connection, 'aws' | 'settings'>,
  domain: string,
): Promise<DomainCatalog> {
  const loaded = await loadDomainCatalog((await aws()).s3, settings.SLUICE_CATALOG_BUCKET, domain)
  if (loaded.kind === 'loaded') return loaded.catalog
  throw new Error(`The catalog of ${domain} answered "unchanged" to a read without an etag.`)
}
