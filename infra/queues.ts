// Queues as every stack makes them. In: a name, how long a message may be in hand. Out: the queue, messages kept 14 days.
// Never: a queue without a policy that demands encrypted transport; events or dead letters deleted with a stack.
import type { Construct } from 'constructs'
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs'
import { RemovalPolicy } from 'aws-cdk-lib/core'
import { acknowledge } from './acknowledge.ts'
import { denyInsecure, policyOf, type Statement } from './statements.ts'

const FOURTEEN_DAYS = 1_209_600

export interface QueueOrder {
  queueName: string
  visibilityTimeout?: number
  /** Absent for a dead-letter queue. */
  redrive?: { to: CfnQueue; maxReceiveCount: number }
}

export function addQueue(
  scope: Construct,
  id: string,
  { queueName, visibilityTimeout, redrive }: QueueOrder,
): CfnQueue {
  const queue = new CfnQueue(scope, id, {
    queueName,
    messageRetentionPeriod: FOURTEEN_DAYS,
    sqsManagedSseEnabled: true,
    ...(visibilityTimeout !== undefined && { visibilityTimeout }),
    ...(redrive && {
      redrivePolicy: { deadLetterTargetArn: redrive.to.attrArn, maxReceiveCount: redrive.maxReceiveCount },
    }),
  })
  queue.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
  return queue
}

export function protectQueue(scope: Construct, id: string, queue: CfnQueue, statements: Statement[] = []): void {
  new CfnQueuePolicy(scope, id, {
    queues: [queue.ref],
    policyDocument: policyOf([...statements, denyInsecure('sqs', queue.attrArn)]),
  })
}

/** Where events end that a rule could not deliver. */
export function addUndelivered(scope: Construct, queueName: string): CfnQueue {
  const queue = addQueue(scope, 'Undelivered', { queueName })
  acknowledge(queue, 'AwsSolutions-SQS3', 'It is the dead-letter queue of rules, which is not seen from the queues.')
  return queue
}
