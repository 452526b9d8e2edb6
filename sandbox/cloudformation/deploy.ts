// Deploys templates onto the sandbox through the SDK, as CloudFormation would on AWS. In: stacks, in order; parameters.
// Out: every resource as its template says, and what that changed. Never: passes over a resource type, a property or a
// function that it does not know; removes what a template no longer names (a local stack does not live that long).
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { GlueClient } from '@aws-sdk/client-glue'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { clientOptions } from './account.ts'
import { bucket, bucketPolicy, glueJob, identityPolicy, role } from './data-types.ts'
import { evaluate, type Known, type Made } from './evaluate.ts'
import { eventBus, eventBusPolicy, eventRule } from './event-types.ts'
import { queue, queuePolicy } from './queue-types.ts'
import type { Change, Place, Properties, ResourceType } from './resource-type.ts'
import { readTemplate, type Resource, type Template } from './template.ts'

export interface Stack {
  stack: string
  account: string
  region: string
  template: unknown
}

export interface DeployOrder {
  endpoint: string
  stacks: Stack[]
  /** For each stack that has a parameter of this name. */
  parameters?: Record<string, string | number>
}

export interface ResourceChange {
  stack: string
  logicalId: string
  type: string
  change: Change
}

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

export async function deployStacks({ endpoint, stacks, parameters = {} }: DeployOrder): Promise<ResourceChange[]> {
  const read = stacks.map((stack) => ({ ...stack, template: readTemplate(stack.stack, stack.template) }))
  // Before anything is made: what cannot be deployed leaves no half of it.
  for (const { template } of read) for (const resource of template.resources) requireKnown(template.stack, resource)
  const changes: ResourceChange[] = []
  for (const { account, region, template } of read) {
    const place = openPlace(endpoint, account, region)
    changes.push(...(await deployStack(template, place, parameters)))
    for (const client of [place.events, place.sqs, place.glue, place.s3]) client.destroy()
  }
  return changes
}

function requireKnown(stack: string, { logicalId, type, properties }: Resource): void {
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (!known) throw new Error(`${stack}/${logicalId}: the sandbox does not make a resource of type ${type}.`)
  const names = [...known.properties.used, ...(known.properties.accepted ?? [])]
  const other = Object.keys(properties).find((name) => !names.includes(name))
  if (other !== undefined)
    throw new Error(`${stack}/${logicalId}: the sandbox does not know the property ${other} of ${type}.`)
}

function openPlace(endpoint: string, account: string, region: string): Place {
  const options = clientOptions({ endpoint, region }, account)
  return {
    ...{ account, region },
    events: new EventBridgeClient(options),
    sqs: new SQSClient(options),
    glue: new GlueClient(options),
    s3: new S3Client(options),
  }
}

async function deployStack(template: Template, place: Place, given: Record<string, string | number>) {
  const { stack } = template
  const made = new Map<string, Made>()
  const known: Known = { stack, ...place, made, parameters: toParameters(template, given) }
  const changes: ResourceChange[] = []
  for (const { logicalId, type, properties } of template.resources) {
    const evaluated = evaluate(properties, known, logicalId) as Properties
    try {
      const answer = await (TYPES[type] as ResourceType).deploy(evaluated, place)
      made.set(logicalId, answer)
      changes.push({ stack, logicalId, type, change: answer.change })
    } catch (cause) {
      const { name, message } = cause as Error
      throw new Error(`Could not deploy ${stack}/${logicalId} (${type}): ${name}: ${message}`, { cause })
    }
  }
  return changes
}

function toParameters({ stack, parameters }: Template, given: Record<string, string | number>) {
  return new Map(
    Object.entries(parameters).map(([name, { Default }]) => {
      const value = given[name] ?? Default
      if (value === undefined) throw new Error(`Template ${stack} needs the parameter ${name}.`)
      return [name, value]
    }),
  )
}
