// Which operation a request asks for. In: method, target, subresources. Out: the operation's AWS name, known or not.

import type { IncomingMessage } from 'node:http'
import { parseTarget, type Target } from './request.ts'

const operations: Record<string, string> = {
  'GET service': 'ListBuckets',
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'DELETE bucket': 'DeleteBucket',
  'GET bucket': 'ListObjects',
  'GET bucket list-type': 'ListObjectsV2',
  'GET bucket versions': 'ListObjectVersions',
  'GET bucket versioning': 'GetBucketVersioning',
  'PUT bucket versioning': 'PutBucketVersioning',
  'GET bucket notification': 'GetBucketNotificationConfiguration',
  'PUT bucket notification': 'PutBucketNotificationConfiguration',
  'GET bucket location': 'GetBucketLocation',
  'GET bucket uploads': 'ListMultipartUploads',
  'POST bucket delete': 'DeleteObjects',
  'PUT object': 'PutObject',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
  'POST object uploads': 'CreateMultipartUpload',
  'PUT object partNumber,uploadId': 'UploadPart',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
  'GET object uploadId': 'ListParts',
}

/** Query parameters that refine an operation and never choose another one. */
const refining = new Set(
  (
    'prefix delimiter max-keys start-after continuation-token encoding-type fetch-owner marker key-marker ' +
    'version-id-marker versionId x-id max-buckets bucket-region'
  ).split(' '),
)

/** The operation's name as AWS documents it; for one that the table lacks, a name built the way AWS builds them. */
export function nameOperation(incoming: IncomingMessage): string {
  const target = parseTarget(incoming.url ?? '/')
  const method = incoming.method ?? 'GET'
  const level = target.bucket === undefined ? 'service' : target.key === undefined ? 'bucket' : 'object'
  const subresources = listSubresources(target)
  const name = operations[[method, level, subresources.join(',')].join(' ').trim()]
  if (incoming.headers['x-amz-copy-source'] !== undefined) {
    if (name === 'PutObject') return 'CopyObject'
    if (name === 'UploadPart') return 'UploadPartCopy'
  }
  return name ?? buildName(method, level, subresources)
}

function listSubresources(target: Target): string[] {
  const isSubresource = (name: string) =>
    !refining.has(name) && !name.toLowerCase().startsWith('x-amz-') && !name.startsWith('response-')
  return [...new Set(target.query.keys())].filter(isSubresource).sort()
}

function buildName(method: string, level: string, subresources: string[]): string {
  const verb = method.charAt(0) + method.slice(1).toLowerCase()
  const words = [level, ...subresources].flatMap((part) => part.split(/[^A-Za-z0-9]+/))
  return verb + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
