// In: a target, a name, a pattern. Out: a queue of that name behind a rule on the account's default bus, until it is closed.
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, DeleteQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

export interface DefaultBusQueue {
  /** The events of one receive, which waits so long for the first. */
  receive(waitSeconds: number): Promise<unknown[]>
  close(): Promise<void>
}

export async function openDefaultBusQueue(target: Target, name: string, pattern: object): Promise<DefaultBusQueue> {
  const bridge = new EventBridgeClient(target.options())
  const sqs = new SQSClient(target.options())
  const arn = `arn:aws:sqs:${target.region}:${target.account}:${name}`
  const rule = new PutRuleCommand({ Name: name, EventPattern: JSON.stringify(pattern) })
  const { RuleArn } = await asStage('PutRule', bridge.send(rule))
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arn,
    Condition: { ArnEquals: { 'aws:SourceArn': RuleArn } },
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy } }))
  const targets = new PutTargetsCommand({ Rule: name, Targets: [{ Id: 'queue', Arn: arn }] })
  await asStage('PutTargets', bridge.send(targets))
  return {
    async receive(WaitTimeSeconds) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }))
      return Messages.map(({ Body }) => JSON.parse(Body ?? 'null') as unknown)
    },
    async close() {
      await bridge.send(new RemoveTargetsCommand({ Rule: name, Ids: ['queue'] }))
      await bridge.send(new DeleteRuleCommand({ Name: name }))
      await sqs.send(new DeleteQueueCommand({ QueueUrl }))
      for (const client of [bridge, sqs]) client.destroy()
    },
  }
}
