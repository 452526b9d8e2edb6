// Buckets as every stack makes them: encrypted, private, kept when the stack goes. In: a name, who else may read.
// Never: a public bucket; a reader that is not named.
import { CfnDeletionPolicy } from 'aws-cdk-lib/core'
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { denyInsecure, policyOf, type Statement } from './statements.ts'

export interface BucketOrder {
  bucketName: string
  isVersioned?: boolean
  /** Its objects are events on the account's default bus. */
  tellsEventBridge?: boolean
  statements?: Statement[]
}

export function addBucket(scope: Construct, id: string, order: BucketOrder): CfnBucket {
  const { bucketName, isVersioned = false, tellsEventBridge = false, statements = [] } = order
  const bucket = new CfnBucket(scope, id, {
    bucketName,
    bucketEncryption: {
      serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    },
    publicAccessBlockConfiguration: {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
    ...(isVersioned && { versioningConfiguration: { status: 'Enabled' } }),
    ...(tellsEventBridge && { notificationConfiguration: { eventBridgeConfiguration: { eventBridgeEnabled: true } } }),
  })
  // A creation that is rolled back takes its empty bucket with it: the name is needed again.
  bucket.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE
  bucket.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN
  acknowledge(
    bucket,
    'AwsSolutions-S1',
    'Object access is audited by the organization trail, not by a log bucket each.',
  )
  const arns = [bucket.attrArn, `${bucket.attrArn}/*`]
  new CfnBucketPolicy(scope, `${id}Policy`, {
    bucket: bucket.ref,
    policyDocument: policyOf([...statements, denyInsecure('s3', arns)]),
  })
  return bucket
}
