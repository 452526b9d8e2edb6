// Buckets and their settings. In: bucket requests. Out: answers. Only the owner configures or deletes a bucket.

import { AwsError } from '../service.ts'
import { parseRules, toRuleFields } from './notification-rules.ts'
import type { Notifier } from './notify.ts'
import { type Answer, headerOf, type S3Operation, type S3Request } from './request.ts'
import type { Bucket, Store } from './store.ts'
import { malformed, parseXml, textsOf, toXml } from './xml.ts'

export function bucketOperations(store: Store, notifier: Notifier): Record<string, S3Operation> {
  const requireOwned = (request: S3Request) => {
    const bucket = store.requireBucket(request.bucket)
    if (bucket.account === request.caller.account) return bucket
    const message = `Access Denied: the bucket ${bucket.name} belongs to account ${bucket.account}.`
    throw new AwsError('AccessDenied', message, 403)
  }

  return {
    CreateBucket(request) {
      const name = requireBucketName(request.bucket)
      const region = parseRegion(request)
      const existing = store.buckets.get(name)
      if (existing) return answerExisting(existing, request)
      store.buckets.set(name, newBucket(name, request.caller.account, region, store.clock.nowMs()))
      return { status: 200, headers: { location: `/${name}` } }
    },
    HeadBucket(request) {
      const bucket = store.requireBucket(request.bucket)
      return { status: 200, headers: { 'x-amz-bucket-region': bucket.region } }
    },
    DeleteBucket(request) {
      const bucket = requireOwned(request)
      if (bucket.versions.size > 0) {
        const message = 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'
        throw new AwsError('BucketNotEmpty', message, 409, { BucketName: bucket.name })
      }
      store.buckets.delete(bucket.name)
      return { status: 204 }
    },
    ListBuckets(request) {
      const owned = [...store.buckets.values()].filter((bucket) => bucket.account === request.caller.account)
      const Bucket = owned
        .sort((one, other) => (one.name < other.name ? -1 : 1))
        .map(({ name, createdMs, region }) => ({
          Name: name,
          CreationDate: new Date(createdMs).toISOString(),
          BucketRegion: region,
        }))
      return ok(toXml('ListAllMyBucketsResult', { Buckets: { Bucket }, Owner: { ID: request.caller.account } }))
    },
    GetBucketLocation(request) {
      const { region } = store.requireBucket(request.bucket)
      const text = region === 'us-east-1' ? '' : region
      return ok(toXml('LocationConstraint', {}).replace('></', `>${text}</`))
    },
    PutBucketVersioning(request) {
      const bucket = requireOwned(request)
      const [status] = textsOf(parseXml(request.body, 'VersioningConfiguration').Status)
      if (status !== 'Enabled' && status !== 'Suspended') throw malformed()
      bucket.versioning = status
      return { status: 200 }
    },
    GetBucketVersioning(request) {
      const { versioning } = requireOwned(request)
      const Status = versioning === 'Unversioned' ? undefined : versioning
      return ok(toXml('VersioningConfiguration', { Status }))
    },
    PutBucketNotificationConfiguration(request) {
      const bucket = requireOwned(request)
      const document = parseXml(request.body, 'NotificationConfiguration')
      const rules = parseRules(document)
      const isUntested = headerOf(request.headers, 'x-amz-skip-destination-validation')?.toLowerCase() === 'true'
      if (!isUntested) notifier.test(request, bucket, rules)
      bucket.notifications = rules
      bucket.tellsEventBridge = document.EventBridgeConfiguration !== undefined
      return { status: 200 }
    },
    GetBucketNotificationConfiguration(request) {
      const { notifications, tellsEventBridge } = requireOwned(request)
      const EventBridgeConfiguration = tellsEventBridge ? {} : undefined
      return ok(toXml('NotificationConfiguration', { ...toRuleFields(notifications), EventBridgeConfiguration }))
    },
  }
}

const ok = (body: string): Answer => ({ status: 200, body })

function newBucket(name: string, account: string, region: string, createdMs: number): Bucket {
  return {
    name,
    account,
    region,
    createdMs,
    versioning: 'Unversioned',
    notifications: [],
    tellsEventBridge: false,
    versions: new Map(),
    uploads: new Map(),
  }
}

/** IP addresses, and beginnings and ends that S3 keeps for itself. */
const reservedNames = /^(\d+\.){3}\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|\.mrap)$/

function requireBucketName(name: string | undefined): string {
  const isFormed = name !== undefined && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..')
  if (isFormed && !reservedNames.test(name)) return name
  throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name })
}

function parseRegion(request: S3Request): string {
  if (request.body.length === 0) return request.caller.region
  const [region] = textsOf(parseXml(request.body, 'CreateBucketConfiguration').LocationConstraint)
  return region ?? request.caller.region
}

/** us-east-1 answers 200 to an owner who creates its bucket again, for old times' sake; other regions refuse. */
function answerExisting(existing: Bucket, request: S3Request): Answer {
  const facts = { BucketName: existing.name }
  if (existing.account !== request.caller.account) {
    const message = 'The requested bucket name is not available. Please select a different name and try again.'
    throw new AwsError('BucketAlreadyExists', message, 409, facts)
  }
  if (existing.region === 'us-east-1') return { status: 200, headers: { location: `/${existing.name}` } }
  const message = 'Your previous request to create the named bucket succeeded and you already own it.'
  throw new AwsError('BucketAlreadyOwnedByYou', message, 409, facts)
}
