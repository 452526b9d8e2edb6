// Which resource types the sandbox makes. In: a resource of a template. Out: what its type has to do here.
// Never: a type or a property that nothing acts on.
import { bucket, bucketPolicy, glueJob, identityPolicy, role } from './data-types.ts'
import { eventBus, eventBusPolicy, eventRule } from './event-types.ts'
import { queue, queuePolicy } from './queue-types.ts'
import type { ResourceType } from './resource-type.ts'
import type { Resource } from './template.ts'

const TYPES: Record<string, ResourceType> = {
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::EventBusPolicy': eventBusPolicy,
  'AWS::Events::Rule': eventRule,
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
  'AWS::Glue::Job': glueJob,
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::IAM::Role': role,
  'AWS::IAM::Policy': identityPolicy,
}

/** `where` is stack and logical id, for messages. */
export function requireType(type: string, where: string): ResourceType {
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (known) return known
  throw new Error(`${where}: the sandbox does not make a resource of type ${type}.`)
}

export function requireKnown(stack: string, { logicalId, type, properties }: Resource): void {
  const { used, accepted = [] } = requireType(type, `${stack}/${logicalId}`).properties
  const other = Object.keys(properties).find((name) => ![...used, ...accepted].includes(name))
  if (other === undefined) return
  throw new Error(`${stack}/${logicalId}: the sandbox does not know the property ${other} of ${type}.`)
}
