// What each stack made, as CloudFormation remembers it. In: an account and region. Out: a list for each of its stacks.
// Kept as objects of a bucket there, so that it is forgotten when the sandbox is, together with what it tells of.
// Never: what a stack found there already.
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import path from 'node:path'
import type { MadeResource } from './leftovers.ts'
import { findUnless, type Place, toBucketPlace } from './resource-type.ts'

/** By stack. */
export async function readRecords(place: Place): Promise<Map<string, MadeResource[]>> {
  const Bucket = toBucketName(place)
  const listed = await findUnless(place.s3.send(new ListObjectsV2Command({ Bucket })), 'NoSuchBucket')
  const keys = (listed?.Contents ?? []).flatMap(({ Key }) => Key ?? [])
  const records = keys.map(
    async (key): Promise<[string, MadeResource[]]> => [
      path.basename(key, '.json'),
      await readRecord(place.s3, Bucket, key),
    ],
  )
  return new Map(await Promise.all(records))
}

async function readRecord(s3: S3Client, Bucket: string, Key: string): Promise<MadeResource[]> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  return JSON.parse((await Body?.transformToString()) ?? '[]') as MadeResource[]
}

export async function writeRecord(place: Place, stack: string, made: MadeResource[]): Promise<void> {
  const Bucket = toBucketName(place)
  const creating = place.s3.send(new CreateBucketCommand({ Bucket, ...toBucketPlace(place.region) }))
  await findUnless(creating, 'BucketAlreadyOwnedByYou')
  await place.s3.send(new PutObjectCommand({ Bucket, Key: `${stack}.json`, Body: JSON.stringify(made) }))
}

const toBucketName = ({ account, region }: Place): string => `cloudformation-stacks-${account}-${region}`
