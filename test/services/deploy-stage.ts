// A sandbox whose stacks are deployed again and again. In: nothing. Out: the sandbox, what a deployment did, and what the SDK
// finds in an account afterwards. Never: outlives close().
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge'
import { GetJobsCommand, GlueClient } from '@aws-sdk/client-glue'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type QueueAttributeName,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { EXAMPLE } from '../../infra/example.ts'
import { startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { deployStacks, type Stack } from '../../sandbox/cloudformation/deploy.ts'

export type DeployStage = Awaited<ReturnType<typeof openDeployStage>>

export async function openDeployStage() {
  const sandbox = await startSandbox()
  const clients: { destroy(): void }[] = []

  function clientsOf(account: string, region = EXAMPLE.region) {
    const options = clientOptions({ endpoint: sandbox.endpoint, region }, account)
    const [events, sqs] = [new EventBridgeClient(options), new SQSClient(options)]
    const [glue, s3] = [new GlueClient(options), new S3Client(options)]
    clients.push(events, sqs, glue, s3)
    return { events, sqs, glue, s3 }
  }

  /** What the deployment did but for leaving things as they are, as `logical id: change`. */
  async function deploy(stacks: Stack[]): Promise<string[]> {
    const changes = await deployStacks({ endpoint: sandbox.endpoint, stacks, parameters: { MaxConcurrentRuns: 8 } })
    return changes
      .filter(({ change }) => change !== 'unchanged')
      .map(({ logicalId, change }) => `${logicalId}: ${change}`)
      .sort()
  }

  async function namesIn(account: string, region?: string) {
    const { events, sqs, glue, s3 } = clientsOf(account, region)
    const { Jobs = [] } = await glue.send(new GetJobsCommand({}))
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}))
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    const { Rules = [] } = await events.send(new ListRulesCommand({}))
    return {
      jobs: Jobs.map(({ Name }) => Name),
      queues: QueueUrls.map((url) => url.split('/').at(-1)),
      buckets: Buckets.map(({ Name = '' }) => Name).filter((name) => !name.startsWith('cloudformation-')),
      rules: Rules.map(({ Name }) => Name),
    }
  }

  async function attributeOf(
    account: string,
    QueueName: string,
    name: QueueAttributeName,
  ): Promise<string | undefined> {
    const { sqs } = clientsOf(account)
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] }))
    return Attributes?.[name]
  }

  const policyOf = (account: string, queue: string) => attributeOf(account, queue, 'Policy')

  return {
    ...{ sandbox, clientsOf, deploy, namesIn, attributeOf, policyOf },
    async close() {
      for (const client of clients) client.destroy()
      await sandbox.close()
    },
  }
}
