// What a resource type has to do here. In: evaluated properties, clients of the stack's account. Out: the resource as
// the template asks for it, and whether that changed anything. Never: accepts a property that it would not act on.
import { isDeepStrictEqual } from 'node:util'
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { GlueClient } from '@aws-sdk/client-glue'
import type { BucketLocationConstraint, S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Made } from './evaluate.ts'

export interface Place {
  account: string
  region: string
  events: EventBridgeClient
  sqs: SQSClient
  glue: GlueClient
  s3: S3Client
}

export type Change = 'created' | 'updated' | 'unchanged'

export type Properties = Record<string, unknown>

export interface ResourceType {
  /** Those that are acted on, and those that the sandbox has no counterpart for: accepted, and without effect. */
  properties: { used: string[]; accepted?: string[] }
  deploy(properties: Properties, place: Place): Promise<Made & { change: Change }>
  /** Absent where the sandbox has no counterpart. */
  presence?: {
    /** Names of what `deploy` makes: one each, but a queue policy is one for each of its queues. */
    idsOf(properties: Properties): string[]
    isThere(id: string, place: Place): Promise<boolean>
    /** Also when it is gone already. */
    remove(id: string, place: Place): Promise<unknown>
  }
}

/** The answer, or undefined when it fails with one of these errors. */
export async function findUnless<Answer>(asking: Promise<Answer>, ...names: string[]): Promise<Answer | undefined> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof Error && names.includes(error.name)) return undefined
    throw error
  }
}

/** Compared as JSON: number or text, absent or undefined make no difference. */
export const isSame = (one: unknown, other: unknown): boolean => isDeepStrictEqual(toPlain(one), toPlain(other))

const toPlain = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'number' ? String(inner) : inner)))

/** A region's buckets name it, but those of us-east-1 must not. */
export const toBucketPlace = (region: string) =>
  region === 'us-east-1'
    ? {}
    : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }

export const textOf = (properties: Properties, name: string): string => {
  const value = properties[name]
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new Error(`${name} must be given, as text: the sandbox makes up no names.`)
}
