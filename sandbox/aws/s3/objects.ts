// Objects: put, get, head, copy, delete. In: object requests. Out: answers and notifications.
// Never: answers with bytes of another version than the headers name.

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from '../service.ts'
import { requireReadConditions, requireWriteConditions } from './conditions.ts'
import type { Notifier } from './notify.ts'
import {
  type Answer,
  decodePath,
  headerOf,
  parseTarget,
  requireKey,
  type S3Operation,
  type S3Request,
} from './request.ts'
import { type Bucket, type Deletion, type Store, type StoredObject, shownVersionId } from './store.ts'
import { malformed, parseXml, recordsOf, textsOf, toXml } from './xml.ts'

export function objectOperations(store: Store, notifier: Notifier): Record<string, S3Operation> {
  function remove(request: S3Request, bucket: Bucket, key: string, versionId: string | undefined): Deletion {
    const deletion = store.deleteObject(bucket, key, versionId)
    if (deletion.kind === 'removed' || deletion.kind === 'marker-made') {
      const name = deletion.kind === 'removed' ? 's3:ObjectRemoved:Delete' : 's3:ObjectRemoved:DeleteMarkerCreated'
      notifier.announce(request, { name, bucket, key, sequencer: deletion.sequencer, versionId: deletion.versionId })
    }
    return deletion
  }

  return {
    PutObject(request) {
      const bucket = store.requireBucket(request.bucket)
      const key = requireKey(request)
      requireWriteConditions(request.headers, findLatest(bucket, key))
      const stored = store.putObject(bucket, key, {
        body: request.body,
        etag: md5Hex(request.body),
        checksum: request.checksum,
        ...keptHeaders(request.headers),
      })
      announceCreated(notifier, request, { name: 's3:ObjectCreated:Put', bucket, key, stored })
      const headers = { etag: `"${stored.etag}"`, ...versionHeader(bucket, stored), ...checksumHeaders(stored) }
      return { status: 200, headers, facts: factsOf(bucket, stored) }
    },
    GetObject: (request) => read(store, request),
    HeadObject: (request) => read(store, request),
    CopyObject(request) {
      const { bucket, key, stored, source, sourceBucket } = copy(store, request)
      announceCreated(notifier, request, { name: 's3:ObjectCreated:Copy', bucket, key, stored })
      const sourceVersion = shownVersionId(sourceBucket, source.versionId)
      return {
        status: 200,
        headers: {
          ...versionHeader(bucket, stored),
          ...(sourceVersion !== undefined && { 'x-amz-copy-source-version-id': sourceVersion }),
        },
        body: toXml('CopyObjectResult', {
          LastModified: new Date(stored.modifiedMs).toISOString(),
          ETag: `"${stored.etag}"`,
        }),
        facts: factsOf(bucket, stored),
      }
    },
    DeleteObject(request) {
      const bucket = store.requireBucket(request.bucket)
      const key = requireKey(request)
      if (request.headers['if-match'] !== undefined) requireWriteConditions(request.headers, findLatest(bucket, key))
      const deletion = remove(request, bucket, key, request.query.get('versionId') ?? undefined)
      const isMarker = deletion.kind === 'marker-made' || deletion.kind === 'marker-removed'
      const headers: Record<string, string> = isMarker ? { 'x-amz-delete-marker': 'true' } : {}
      if (deletion.versionId !== undefined) headers['x-amz-version-id'] = deletion.versionId
      return { status: 204, headers, facts: { versionId: deletion.versionId } }
    },
    DeleteObjects(request) {
      const bucket = store.requireBucket(request.bucket)
      const document = parseXml(request.body, 'Delete')
      const wanted = recordsOf(document.Object).map((item) => {
        const [key] = textsOf(item.Key)
        if (key === undefined || key === '') throw malformed()
        return { key, versionId: textsOf(item.VersionId)[0] }
      })
      if (wanted.length === 0 || wanted.length > 1000) throw malformed()
      const deleted = wanted.map(({ key, versionId }) => {
        const deletion = remove(request, bucket, key, versionId)
        return toDeletedFields(key, versionId, deletion)
      })
      const isQuiet = textsOf(document.Quiet)[0] === 'true'
      const facts = { keys: wanted.length }
      return { status: 200, body: toXml('DeleteResult', { Deleted: isQuiet ? [] : deleted }), facts }
    },
  }
}

export const md5Hex = (body: Buffer) => createHash('md5').update(body).digest('hex')

/** Tells the queues that want it of a new object. */
export function announceCreated(
  notifier: Notifier,
  request: S3Request,
  created: { name: `s3:ObjectCreated:${string}`; bucket: Bucket; key: string; stored: StoredObject },
): void {
  const { name, bucket, key, stored } = created
  notifier.announce(request, {
    name,
    bucket,
    key,
    sequencer: stored.sequencer,
    versionId: shownVersionId(bucket, stored.versionId),
    size: stored.body.length,
    etag: stored.etag,
  })
}

/** What a write keeps of its headers: metadata, and those that come back with each read. */
export function keptHeaders(headers: IncomingHttpHeaders): Pick<StoredObject, 'headers' | 'metadata'> {
  const kept: Record<string, string> = { 'content-type': headerOf(headers, 'content-type') ?? 'binary/octet-stream' }
  for (const name of ['cache-control', 'content-disposition', 'content-language', 'expires']) {
    const value = headerOf(headers, name)
    if (value !== undefined) kept[name] = value
  }
  // aws-chunked is how the body travelled, not what it is.
  const encodings = (headerOf(headers, 'content-encoding') ?? '').split(',').map((item) => item.trim())
  const encoding = encodings.filter((item) => item !== '' && item !== 'aws-chunked').join(', ')
  if (encoding !== '') kept['content-encoding'] = encoding
  const metadata: Record<string, string> = {}
  for (const name of Object.keys(headers).filter((name) => name.startsWith('x-amz-meta-'))) {
    metadata[name.slice('x-amz-meta-'.length)] = headerOf(headers, name) ?? ''
  }
  const bytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (bytes > 2048) {
    throw new AwsError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.')
  }
  return { headers: kept, metadata }
}

export function versionHeader(bucket: Bucket, stored: StoredObject): Record<string, string> {
  const versionId = shownVersionId(bucket, stored.versionId)
  return versionId === undefined ? {} : { 'x-amz-version-id': versionId }
}

/** The object a write would cover, for its conditions. */
export function findLatest(bucket: Bucket, key: string): StoredObject | undefined {
  const latest = bucket.versions.get(key)?.[0]
  return latest?.kind === 'object' ? latest : undefined
}

export function factsOf(bucket: Bucket, stored: StoredObject): Record<string, unknown> {
  return { size: stored.body.length, etag: stored.etag, versionId: shownVersionId(bucket, stored.versionId) }
}

function checksumHeaders({ checksum }: StoredObject): Record<string, string> {
  if (checksum === undefined) return {}
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.base64, 'x-amz-checksum-type': 'FULL_OBJECT' }
}

function read(store: Store, request: S3Request): Answer {
  const bucket = store.requireBucket(request.bucket)
  const found = store.requireObject(bucket, requireKey(request), request.query.get('versionId') ?? undefined)
  requireReadConditions(request.headers, found)
  const range = parseRange(headerOf(request.headers, 'range'), found.body.length)
  const body = range ? found.body.subarray(range.first, range.last + 1) : found.body
  const wantsChecksum = headerOf(request.headers, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' && !range
  const headers: Record<string, string> = {
    ...found.headers,
    ...responseOverrides(request.query),
    'content-length': String(body.length),
    'accept-ranges': 'bytes',
    etag: `"${found.etag}"`,
    'last-modified': new Date(found.modifiedMs).toUTCString(),
    ...versionHeader(bucket, found),
    ...(wantsChecksum && checksumHeaders(found)),
    ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${found.body.length}` }),
  }
  for (const [name, value] of Object.entries(found.metadata)) headers[`x-amz-meta-${name}`] = value
  return { status: range ? 206 : 200, headers, body, facts: { ...factsOf(bucket, found), size: body.length } }
}

/** One range of bytes; S3, too, answers with the whole object to a list of ranges or to nonsense. */
function parseRange(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const isSuffix = match[1] === ''
  const first = isSuffix ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const last = isSuffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (!isSuffix && match[2] !== '' && Number(match[2]) < first) return undefined
  if (first > last) {
    const headers = { 'content-range': `bytes */${size}` }
    const fields = { RangeRequested: header, ActualObjectSize: size, headers }
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, fields)
  }
  return { first, last }
}

/** `response-content-type=…` and its kin, as links for browsers carry them. */
function responseOverrides(query: URLSearchParams): Record<string, string> {
  const overrides = [...query].filter(([name]) => name.startsWith('response-'))
  return Object.fromEntries(overrides.map(([name, value]) => [name.slice('response-'.length), value]))
}

function copy(store: Store, request: S3Request) {
  const bucket = store.requireBucket(request.bucket)
  const key = requireKey(request)
  const target = parseCopySource(headerOf(request.headers, 'x-amz-copy-source') ?? '')
  const sourceBucket = store.requireBucket(target.bucket)
  const source = store.requireObject(sourceBucket, target.key ?? '', target.query.get('versionId') ?? undefined)
  requireReadConditions(request.headers, source, 'x-amz-copy-source-')
  requireWriteConditions(request.headers, findLatest(bucket, key))
  const replaces = headerOf(request.headers, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE'
  if (!replaces && sourceBucket === bucket && target.key === key && !target.query.has('versionId')) {
    const message =
      'This copy request is illegal because it is trying to copy an object to itself without changing ' +
      "the object's metadata, storage class, website redirect location or encryption attributes."
    throw new AwsError('InvalidRequest', message)
  }
  const kept = replaces ? keptHeaders(request.headers) : { headers: source.headers, metadata: source.metadata }
  // A copy of a multipart object is one piece, and gets the plain ETag.
  const content = { body: source.body, etag: md5Hex(source.body), checksum: source.checksum, ...kept }
  return { bucket, key, stored: store.putObject(bucket, key, content), source, sourceBucket }
}

/** `bucket/key?versionId=…`, with or without a first slash; the slash between may be encoded as well. */
function parseCopySource(header: string) {
  const mark = header.indexOf('?')
  const path = decodePath(mark < 0 ? header : header.slice(0, mark)).replace(/^\//, '')
  const encoded = `/${path.split('/').map(encodeURIComponent).join('/')}${mark < 0 ? '' : header.slice(mark)}`
  return parseTarget(encoded)
}

function toDeletedFields(key: string, versionId: string | undefined, deletion: Deletion) {
  const isMarker = deletion.kind === 'marker-made' || deletion.kind === 'marker-removed'
  return {
    Key: key,
    VersionId: versionId,
    DeleteMarker: isMarker ? true : undefined,
    DeleteMarkerVersionId: isMarker ? deletion.versionId : undefined,
  }
}
