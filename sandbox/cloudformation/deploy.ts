// Deploys templates onto the sandbox through the SDK, as CloudFormation would on AWS. In: stacks, in order; parameters.
// Out: every resource as its template says (not as on AWS: a bucket or job keeps a property that its template drops), what a
// template no longer names removed, and what that changed. Never: passes over a resource type, a property or a function that
// it does not know; touches a stack that is not in the order.
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { GlueClient } from '@aws-sdk/client-glue'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { clientOptions } from './account.ts'
import { deployStack, type Given, type ResourceChange } from './deploy-stack.ts'
import type { Place } from './resource-type.ts'
import { requireKnown } from './resource-types.ts'
import { readTemplate } from './template.ts'

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
  parameters?: Given
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
