// Multipart uploads. In: parts, in any order. Out: one object whose ETag ends in the number of its parts.
// Never: makes an object of parts that the client did not name. The sandbox keeps no checksum for such an object:
// the parts' checksums are verified as they come, one for the whole object when it is given.

import { createHash, randomBytes } from 'node:crypto'
import { AwsError } from '../service.ts'
import { checksumAlgorithms, computeChecksum } from './checksums.ts'
import { requireWriteConditions } from './conditions.ts'
import type { Notifier } from './notify.ts'
import { announceCreated, factsOf, findLatest, keptHeaders, md5Hex, versionHeader } from './objects.ts'
import { headerOf, requireKey, type S3Operation, type S3Request } from './request.ts'
import type { Bucket, Store, Upload } from './store.ts'
import { malformed, parseXml, recordsOf, textsOf, toXml } from './xml.ts'

const minPartBytes = 5 * 1024 ** 2

export function multipartOperations(store: Store, notifier: Notifier): Record<string, S3Operation> {
  return {
    CreateMultipartUpload(request) {
      const bucket = store.requireBucket(request.bucket)
      const key = requireKey(request)
      const id = randomBytes(32).toString('base64url')
      bucket.uploads.set(id, { id, key, ...keptHeaders(request.headers), parts: new Map() })
      const body = toXml('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: id })
      return { status: 200, headers: echoedChecksumSettings(request), body, facts: { uploadId: id } }
    },
    UploadPart(request) {
      const { upload } = requireUpload(store, request)
      const number = Number(request.query.get('partNumber'))
      if (!Number.isInteger(number) || number < 1 || number > 10_000) {
        throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
      }
      const etag = md5Hex(request.body)
      upload.parts.set(number, { body: request.body, etag })
      const { checksum } = request
      const headers = {
        etag: `"${etag}"`,
        ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.base64 }),
      }
      return { status: 200, headers, facts: { uploadId: upload.id, partNumber: number, size: request.body.length } }
    },
    CompleteMultipartUpload(request) {
      const { bucket, upload } = requireUpload(store, request)
      requireWriteConditions(request.headers, findLatest(bucket, upload.key))
      const parts = chooseParts(upload, parsePartList(request.body))
      const body = Buffer.concat(parts.map((part) => part.body))
      requireWholeChecksum(request, body)
      const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex')))
      const etag = `${createHash('md5').update(digests).digest('hex')}-${parts.length}`
      const { key, headers, metadata } = upload
      const stored = store.putObject(bucket, key, { body, etag, headers, metadata, checksum: undefined })
      bucket.uploads.delete(upload.id)
      announceCreated(notifier, request, { name: 's3:ObjectCreated:CompleteMultipartUpload', bucket, key, stored })
      return {
        status: 200,
        headers: versionHeader(bucket, stored),
        body: toXml('CompleteMultipartUploadResult', {
          Location: `/${bucket.name}/${key}`,
          Bucket: bucket.name,
          Key: key,
          ETag: `"${etag}"`,
        }),
        facts: factsOf(bucket, stored),
      }
    },
    AbortMultipartUpload(request) {
      const { bucket, upload } = requireUpload(store, request)
      bucket.uploads.delete(upload.id)
      return { status: 204 }
    },
  }
}

function requireUpload(store: Store, request: S3Request): { bucket: Bucket; upload: Upload } {
  const bucket = store.requireBucket(request.bucket)
  const key = requireKey(request)
  const upload = bucket.uploads.get(request.query.get('uploadId') ?? '')
  if (upload && upload.key === key) return { bucket, upload }
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.'
  throw new AwsError('NoSuchUpload', message, 404)
}

function parsePartList(body: Buffer): { number: number; etag: string }[] {
  const wanted = recordsOf(parseXml(body, 'CompleteMultipartUpload').Part).map((part) => ({
    number: Number(textsOf(part.PartNumber)[0]),
    etag: (textsOf(part.ETag)[0] ?? '').replaceAll('"', ''),
  }))
  if (wanted.length === 0) throw malformed()
  if (wanted.some(({ number }, index) => number <= (wanted[index - 1]?.number ?? 0))) {
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.')
  }
  return wanted
}

function chooseParts(upload: Upload, wanted: { number: number; etag: string }[]): { body: Buffer; etag: string }[] {
  return wanted.map(({ number, etag }, index) => {
    const part = upload.parts.get(number)
    if (part === undefined || part.etag !== etag) {
      const message = 'One or more of the specified parts could not be found.'
      throw new AwsError('InvalidPart', message, 400, { UploadId: upload.id, PartNumber: number, ETag: etag })
    }
    if (index < wanted.length - 1 && part.body.length < minPartBytes) {
      const message = 'Your proposed upload is smaller than the minimum allowed size'
      throw new AwsError('EntityTooSmall', message, 400, { PartNumber: number, ProposedSize: part.body.length })
    }
    return part
  })
}

/** Only a checksum of type FULL_OBJECT speaks of the bytes; a COMPOSITE one is of the parts' checksums. */
function requireWholeChecksum({ headers }: S3Request, body: Buffer): void {
  if (headerOf(headers, 'x-amz-checksum-type') !== 'FULL_OBJECT') return
  for (const algorithm of checksumAlgorithms) {
    const given = headerOf(headers, `x-amz-checksum-${algorithm}`)
    if (given !== undefined && given !== computeChecksum(algorithm, body)) {
      const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`
      throw new AwsError('BadDigest', message)
    }
  }
}

function echoedChecksumSettings({ headers }: S3Request): Record<string, string> {
  const names = ['x-amz-checksum-algorithm', 'x-amz-checksum-type']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headerOf(headers, name)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}
