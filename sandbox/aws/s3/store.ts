// Buckets, objects and their versions, in memory. In: what operations write. Out: what they find, or S3's error for it.
// Never: changes a stored version in place; hands out a version of another key.

import { randomBytes } from 'node:crypto'
import { AwsError, type Clock } from '../service.ts'
import type { Checksum } from './checksums.ts'
import type { NotificationRule } from './notification-rules.ts'

export interface StoredObject {
  kind: 'object'
  versionId: string
  body: Buffer
  /** Without quotes. */
  etag: string
  /** Content-Type and the other headers that come back as they were sent. */
  headers: Record<string, string>
  metadata: Record<string, string>
  checksum: Checksum | undefined
  modifiedMs: number
  sequencer: string
}

export interface DeleteMarker {
  kind: 'delete-marker'
  versionId: string
  modifiedMs: number
  sequencer: string
}

export type Version = StoredObject | DeleteMarker

export interface Upload {
  id: string
  key: string
  headers: Record<string, string>
  metadata: Record<string, string>
  parts: Map<number, { body: Buffer; etag: string }>
}

export interface Bucket {
  name: string
  account: string
  region: string
  createdMs: number
  versioning: 'Unversioned' | 'Enabled' | 'Suspended'
  notifications: NotificationRule[]
  /** Whether its events go to the default bus of its account as well. */
  tellsEventBridge: boolean
  /** Newest version first; a key without versions is removed. */
  versions: Map<string, Version[]>
  uploads: Map<string, Upload>
}

export interface Store {
  buckets: Map<string, Bucket>
  clock: Clock
  requireBucket(name: string | undefined): Bucket
  /** The object that a reader sees: the latest one, or the version asked for. */
  requireObject(bucket: Bucket, key: string, versionId?: string): StoredObject
  putObject(
    bucket: Bucket,
    key: string,
    content: Pick<StoredObject, 'body' | 'etag' | 'headers' | 'metadata' | 'checksum'>,
  ): StoredObject
  /** Removes one version, or hides the key as its versioning state says; what was removed or made, if anything. */
  deleteObject(bucket: Bucket, key: string, versionId?: string): Deletion
}

export interface Deletion {
  kind: 'nothing' | 'removed' | 'marker-removed' | 'marker-made'
  versionId?: string
  sequencer: string
}

export function createStore(clock: Clock): Store {
  const buckets = new Map<string, Bucket>()
  const nextSequencer = createSequencer(clock)

  function add(bucket: Bucket, key: string, version: Version): void {
    const older = bucket.versions.get(key) ?? []
    // Outside of Enabled there is one version called null, and a write takes its place.
    const kept = version.versionId === 'null' ? older.filter((other) => other.versionId !== 'null') : older
    bucket.versions.set(key, [version, ...kept])
  }

  return {
    buckets,
    clock,
    requireBucket(name) {
      const bucket = name === undefined ? undefined : buckets.get(name)
      if (bucket) return bucket
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name })
    },
    requireObject,
    putObject(bucket, key, content) {
      const versionId = bucket.versioning === 'Enabled' ? newVersionId() : 'null'
      const stamp = { versionId, modifiedMs: clock.nowMs(), sequencer: nextSequencer() }
      const stored: StoredObject = { kind: 'object', ...content, ...stamp }
      add(bucket, key, stored)
      return stored
    },
    deleteObject(bucket, key, versionId) {
      const sequencer = nextSequencer()
      if (versionId !== undefined || bucket.versioning === 'Unversioned') {
        return { ...removeVersion(bucket, key, versionId ?? 'null'), sequencer }
      }
      const marker: DeleteMarker = {
        kind: 'delete-marker',
        versionId: bucket.versioning === 'Enabled' ? newVersionId() : 'null',
        modifiedMs: clock.nowMs(),
        sequencer,
      }
      add(bucket, key, marker)
      return { kind: 'marker-made', versionId: marker.versionId, sequencer }
    },
  }
}

/** The version id that answers and notifications carry: none in a bucket that never was versioned. */
export function shownVersionId(bucket: Bucket, versionId: string): string | undefined {
  return bucket.versioning === 'Unversioned' ? undefined : versionId
}

function requireObject(bucket: Bucket, key: string, versionId?: string): StoredObject {
  const versions = bucket.versions.get(key) ?? []
  const found = versionId === undefined ? versions[0] : versions.find((version) => version.versionId === versionId)
  if (found?.kind === 'object') return found
  if (found && versionId !== undefined) {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId, allow: 'DELETE' }
    throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405, {
      headers,
    })
  }
  if (versionId !== undefined && versions.length > 0) {
    const message = 'The specified version does not exist.'
    throw new AwsError('NoSuchVersion', message, 404, { Key: key, VersionId: versionId })
  }
  const headers = found && { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId }
  throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key, headers })
}

function removeVersion(bucket: Bucket, key: string, versionId: string): Omit<Deletion, 'sequencer'> {
  const versions = bucket.versions.get(key) ?? []
  const removed = versions.find((version) => version.versionId === versionId)
  const kept = versions.filter((version) => version !== removed)
  if (kept.length > 0) bucket.versions.set(key, kept)
  else bucket.versions.delete(key)
  if (removed === undefined) return { kind: 'nothing', versionId: shownVersionId(bucket, versionId) }
  const kind = removed.kind === 'object' ? 'removed' : 'marker-removed'
  return { kind, versionId: shownVersionId(bucket, versionId) }
}

const newVersionId = () => randomBytes(24).toString('base64url')

/**
 * Hex texts that rise, as S3's do per key. Their lengths differ: trailing zeros are cut, so that only a reader who
 * pads the shorter one on the right, as AWS documents, orders them rightly.
 */
function createSequencer(clock: Clock): () => string {
  let last = 0n
  return () => {
    const now = BigInt(Math.floor(clock.nowMs())) << 20n
    last = now > last ? now : last + 1n
    return last.toString(16).toUpperCase().padStart(18, '0').replace(/0+$/, '')
  }
}
