// Listings: ListObjectsV2 and ListObjectVersions. In: prefix, delimiter, where to go on. Out: pages in key order.
// Never: repeats or leaves out a key between two pages.

import { AwsError } from '../service.ts'
import { encodeKey } from './notification-rules.ts'
import type { Answer, S3Operation, S3Request } from './request.ts'
import { type Bucket, type Store, shownVersionId, type Version } from './store.ts'
import { toXml } from './xml.ts'

export function listingOperations(store: Store): Record<string, S3Operation> {
  return {
    ListObjectsV2: (request) => listObjects(store.requireBucket(request.bucket), request),
    ListObjectVersions: (request) => listVersions(store.requireBucket(request.bucket), request),
  }
}

/** One line of a listing: an entry of a key, or a common prefix that stands for all keys under it. */
interface Line {
  key: string
  kind: 'entry' | 'prefix'
  version?: Version
}

interface Query {
  prefix: string
  delimiter: string
  maxKeys: number
  encode: (text: string) => string
}

function listObjects(bucket: Bucket, request: S3Request): Answer {
  const query = parseQuery(request)
  const token = request.query.get('continuation-token') ?? undefined
  const startAfter = request.query.get('start-after') ?? undefined
  const after = token === undefined ? startAfter : decodeToken(token)
  const lines = fold(query, latestOf(bucket)).filter((line) => after === undefined || isAfter(line, after))
  const page = lines.slice(0, query.maxKeys)
  const isTruncated = query.maxKeys > 0 && lines.length > page.length
  const last = page.at(-1)
  const body = toXml('ListBucketResult', {
    Name: bucket.name,
    Prefix: query.encode(query.prefix),
    Delimiter: query.delimiter === '' ? undefined : query.encode(query.delimiter),
    StartAfter: startAfter === undefined ? undefined : query.encode(startAfter),
    EncodingType: request.query.get('encoding-type') ?? undefined,
    MaxKeys: query.maxKeys,
    KeyCount: page.length,
    IsTruncated: isTruncated,
    ContinuationToken: token,
    NextContinuationToken: isTruncated && last ? encodeToken(last.key) : undefined,
    Contents: page.filter((line) => line.kind === 'entry').map((line) => toEntry(bucket, request, query, line)),
    CommonPrefixes: toCommonPrefixes(query, page),
  })
  return { status: 200, body, facts: { prefix: query.prefix, keys: page.length } }
}

function listVersions(bucket: Bucket, request: S3Request): Answer {
  const query = parseQuery(request)
  const keyMarker = request.query.get('key-marker') ?? ''
  const versionMarker = request.query.get('version-id-marker') ?? ''
  const all = fold(
    query,
    [...bucket.versions].flatMap(([key, versions]) => versions.map((version) => ({ key, version }))),
  )
  const resumeAt = all.findIndex((line) => line.key === keyMarker && line.version?.versionId === versionMarker)
  const rest = resumeAt < 0 ? all.filter((line) => isAfter(line, keyMarker)) : all.slice(resumeAt + 1)
  const page = rest.slice(0, query.maxKeys)
  const isTruncated = query.maxKeys > 0 && rest.length > page.length
  const last = isTruncated ? page.at(-1) : undefined
  const isShown = (kind: Version['kind']) => (line: Line) => line.version?.kind === kind
  const body = toXml('ListVersionsResult', {
    Name: bucket.name,
    Prefix: query.encode(query.prefix),
    Delimiter: query.delimiter === '' ? undefined : query.encode(query.delimiter),
    KeyMarker: query.encode(keyMarker),
    VersionIdMarker: versionMarker,
    NextKeyMarker: last && query.encode(last.key),
    NextVersionIdMarker: last?.version?.versionId,
    EncodingType: request.query.get('encoding-type') ?? undefined,
    MaxKeys: query.maxKeys,
    IsTruncated: isTruncated,
    Version: page.filter(isShown('object')).map((line) => toVersionEntry(bucket, query, line)),
    DeleteMarker: page.filter(isShown('delete-marker')).map((line) => toVersionEntry(bucket, query, line)),
    CommonPrefixes: toCommonPrefixes(query, page),
  })
  return { status: 200, body, facts: { prefix: query.prefix, keys: page.length } }
}

function parseQuery({ query }: S3Request): Query {
  const maxKeys = Number(query.get('max-keys') ?? '1000')
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new AwsError('InvalidArgument', 'Provided max-keys not an integer or within integer range')
  }
  const encoding = query.get('encoding-type')
  if (encoding !== null && encoding !== 'url') {
    throw new AwsError('InvalidArgument', 'Invalid Encoding Method specified in Request')
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: Math.min(maxKeys, 1000),
    encode: encoding === 'url' ? encodeKey : (text) => text,
  }
}

const latestOf = (bucket: Bucket) =>
  [...bucket.versions].flatMap(([key, [version]]) => (version?.kind === 'object' ? [{ key, version }] : []))

/** The lines under the prefix, in the order of their UTF-8 bytes; keys beyond a delimiter become one common prefix. */
function fold({ prefix, delimiter }: Query, entries: { key: string; version: Version }[]): Line[] {
  const lines: Line[] = []
  const prefixes = new Set<string>()
  for (const { key, version } of entries) {
    if (!key.startsWith(prefix)) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut < 0) lines.push({ key, kind: 'entry', version })
    else prefixes.add(key.slice(0, cut + delimiter.length))
  }
  for (const key of prefixes) lines.push({ key, kind: 'prefix' })
  return lines.sort((one, other) => compareKeys(one.key, other.key))
}

const compareKeys = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** A common prefix comes after the mark unless the mark is that prefix; a mark within it leaves keys to stand for. */
function isAfter(line: Line, mark: string): boolean {
  if (line.kind === 'prefix' && mark !== line.key && mark.startsWith(line.key)) return true
  return compareKeys(line.key, mark) > 0
}

function toEntry(bucket: Bucket, request: S3Request, query: Query, { key, version }: Line) {
  const isOwnerWanted = request.query.get('fetch-owner') === 'true'
  return {
    Key: query.encode(key),
    ...(version?.kind === 'object' && {
      LastModified: new Date(version.modifiedMs).toISOString(),
      ETag: `"${version.etag}"`,
      ChecksumAlgorithm: version.checksum?.algorithm.toUpperCase(),
      ChecksumType: version.checksum && 'FULL_OBJECT',
      Size: version.body.length,
    }),
    Owner: isOwnerWanted ? { ID: bucket.account } : undefined,
    StorageClass: 'STANDARD',
  }
}

function toVersionEntry(bucket: Bucket, query: Query, { key, version }: Line) {
  const isObject = version?.kind === 'object'
  return {
    Key: query.encode(key),
    VersionId: version && (shownVersionId(bucket, version.versionId) ?? 'null'),
    IsLatest: bucket.versions.get(key)?.[0] === version,
    LastModified: new Date(version?.modifiedMs ?? 0).toISOString(),
    ETag: isObject ? `"${version.etag}"` : undefined,
    Size: isObject ? version.body.length : undefined,
    StorageClass: isObject ? 'STANDARD' : undefined,
    Owner: { ID: bucket.account },
  }
}

const toCommonPrefixes = (query: Query, page: Line[]) =>
  page.filter((line) => line.kind === 'prefix').map((line) => ({ Prefix: query.encode(line.key) }))

const encodeToken = (key: string) => Buffer.from(JSON.stringify({ after: key })).toString('base64url')

function decodeToken(token: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null && 'after' in parsed && typeof parsed.after === 'string') {
      return parsed.after
    }
  } catch {
    // Said below, as for any token that is not ours.
  }
  throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect')
}
