// What happens to objects, and how EventBridge carries it. In: an object's event. Out: the event for the default bus.
// Never: encodes the key, as the messages to queues do. Pure.

import type { S3Request } from './request.ts'
import type { Bucket } from './store.ts'

export interface ObjectEvent {
  /** With the `s3:` that filters carry and records do not. */
  name: `s3:${string}`
  bucket: Bucket
  key: string
  sequencer: string
  versionId?: string
  size?: number
  etag?: string
}

export function toBusEvent(request: S3Request, event: ObjectEvent) {
  const { bucket, key, name, size, etag, versionId, sequencer } = event
  const isCreation = name.startsWith('s3:ObjectCreated:')
  return {
    source: 'aws.s3',
    detailType: isCreation ? 'Object Created' : 'Object Deleted',
    resources: [`arn:aws:s3:::${bucket.name}`],
    detail: {
      version: '0',
      bucket: { name: bucket.name },
      object: { key, size, etag, 'version-id': versionId, sequencer },
      'request-id': request.requestId,
      requester: request.caller.account,
      'source-ip-address': request.sourceIp,
      reason: reasons[name] ?? 'DeleteObject',
      ...(!isCreation && { 'deletion-type': toDeletionType(name) }),
    },
  }
}

const reasons: Record<string, string> = {
  's3:ObjectCreated:Put': 'PutObject',
  's3:ObjectCreated:Copy': 'CopyObject',
  's3:ObjectCreated:CompleteMultipartUpload': 'CompleteMultipartUpload',
}

const toDeletionType = (name: string) =>
  name === 's3:ObjectRemoved:Delete' ? 'Permanently Deleted' : 'Delete Marker Created'
