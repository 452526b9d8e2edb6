// The catalog bucket: immutable product versions, and one object per domain that its roles boot from.
// Never: overwrites a product version; overwrites a domain object that somebody changed since it was read, or by an older one.
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import type { Domain } from '../model/ids.ts'
import type { VersionKey } from './rows.ts'
import { toStableJson } from './stable-json.ts'

export interface Bucket {
  s3: S3Client
  bucket: string
}

const PRODUCTS = 'products/'

export const toVersionObject = ({ product, version }: VersionKey): string => `${PRODUCTS}${product}/v${version}.json`
export const toDomainObject = (domain: Domain | string): string => `domains/${domain}.json`

/** The keys of all product versions that the bucket holds. */
export async function listVersionObjects({ s3, bucket }: Bucket): Promise<Set<string>> {
  const keys = new Set<string>()
  let token: string | undefined
  do {
    const input = { Bucket: bucket, Prefix: PRODUCTS, ContinuationToken: token }
    const page = await s3.send(new ListObjectsV2Command(input))
    for (const { Key } of page.Contents ?? []) if (Key) keys.add(Key)
    token = page.NextContinuationToken
  } while (token)
  return keys
}

/** False when it was there already, with the same content. */
export async function putVersion(to: Bucket, version: DefinitionVersion): Promise<boolean> {
  const key = toVersionObject({ product: version.definition.product, version: version.version })
  const text = toStableJson(version)
  if (await putIf(to, key, text, { IfNoneMatch: '*' })) return true
  const found = await readObject(to, key)
  if (found.kind === 'found' && found.text === text) return false
  throw new Error(
    `s3://${to.bucket}/${key} holds another version ${version.version} than the database: the two are not of one mesh. ` +
      'Name the bucket that belongs to this database, or an empty one',
  )
}

/** False when the object was up to date. */
export async function putDomainCatalog(to: Bucket, catalog: DomainCatalog): Promise<boolean> {
  const key = toDomainObject(catalog.domain.domain)
  const text = toStableJson(catalog)
  const found = await readObject(to, key)
  if (found.kind === 'found' && found.text === text) return false
  if (found.kind === 'found') requireNotNewer(found.text, catalog.revision, `s3://${to.bucket}/${key}`)
  const condition = found.kind === 'found' ? { IfMatch: found.etag } : { IfNoneMatch: '*' }
  if (await putIf(to, key, text, condition)) return true
  // The SDK repeats a write whose reply was lost: what it then meets is this very text.
  const met = await readObject(to, key)
  if (met.kind === 'found' && met.text === text) return true
  throw new Error(`s3://${to.bucket}/${key} was changed by somebody else at the same moment`)
}

/** Whoever loses the lock of the catalog while it writes, as its database fails over, may come after a later apply or hold. */
function requireNotNewer(found: string, revision: number, where: string): void {
  const there = revisionIn(found)
  if (there <= revision) return
  throw new Error(
    `${where} holds revision ${there}, and revision ${revision} was to be written: a later apply or hold was done ` +
      'meanwhile, and stands. If it is the database that is older, as after a restore, remove the object, then apply',
  )
}

/** Also of an object that a newer Sluice wrote and this one cannot parse; 0 where there is none. */
function revisionIn(text: string): number {
  try {
    const { revision } = JSON.parse(text) as { revision?: unknown }
    return typeof revision === 'number' ? revision : 0
  } catch {
    return 0
  }
}

type Condition = { IfNoneMatch: string } | { IfMatch: string }

/** False when the condition does not hold. */
async function putIf({ s3, bucket }: Bucket, key: string, text: string, condition: Condition): Promise<boolean> {
  const input = { Bucket: bucket, Key: key, Body: text, ContentType: 'application/json', ...condition }
  try {
    await s3.send(new PutObjectCommand(input))
    return true
  } catch (error) {
    if (statusOf(error) === 412) return false
    throw error
  }
}

export type Found = { kind: 'found'; text: string; etag: string } | { kind: 'missing' } | { kind: 'unchanged' }

/** The object's text, unless it still has this etag. */
export async function readObject({ s3, bucket }: Bucket, key: string, etag?: string): Promise<Found> {
  try {
    const found = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfNoneMatch: etag }))
    return { kind: 'found', text: (await found.Body?.transformToString()) ?? '', etag: found.ETag ?? '' }
  } catch (error) {
    if (statusOf(error) === 304) return { kind: 'unchanged' }
    if ((error as Error).name === 'NoSuchKey') return { kind: 'missing' }
    throw new Error(`Could not read s3://${bucket}/${key}: ${wordsOf(error)}.`, { cause: error })
  }
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

/** Connection errors come with an empty message and the truth in a code. */
export function wordsOf(error: unknown): string {
  const { name, message, code } = error as { name?: string; message?: string; code?: string }
  return [name, code, message]
    .filter((word, index, all) => word && word !== 'Error' && all.indexOf(word) === index)
    .join(': ')
}
