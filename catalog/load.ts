// How bridges and schedulers learn the definitions: from the catalog bucket, with the database down too.
// In: the bucket, a domain, the etag of what is known. Out: the parsed catalog, or that nothing changed.
import type { S3Client } from '@aws-sdk/client-s3'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { parseDomainCatalog } from '../model/domain-catalog.schema.ts'
import type { Domain } from '../model/ids.ts'
import { readObject, toDomainObject } from './bucket.ts'

export type LoadedCatalog = { kind: 'unchanged' } | { kind: 'loaded'; catalog: DomainCatalog; etag: string }

/** What a domain's roles know of the mesh; `unchanged` when the object still has this etag. No database needed. */
export async function loadDomainCatalog(
  s3: S3Client,
  bucket: string,
  domain: Domain | string,
  etag?: string,
): Promise<LoadedCatalog> {
  const key = toDomainObject(domain)
  const found = await readObject({ s3, bucket }, key, etag)
  if (found.kind === 'unchanged') return found
  if (found.kind === 'missing') {
    throw new Error(
      `Domain "${domain}" has no catalog: there is no s3://${bucket}/${key}. Run \`sluice apply\` for it first.`,
    )
  }
  const parsed = parseDomainCatalog(found.text)
  if (parsed.kind === 'valid') return { kind: 'loaded', catalog: parsed.catalog, etag: found.etag }
  const faults = parsed.faults.slice(0, 5).join('; ')
  throw new Error(`s3://${bucket}/${key} is no catalog that this Sluice reads (${faults}). Run \`sluice apply\` again.`)
}
