// One queue by stand-ins of SQS and S3: what is asked of them, and which error a person sees.
import { expect, test } from 'vitest'
import { deployStack } from './deploy-stack.ts'
import type { Place } from './resource-type.ts'
import { readTemplate } from './template.ts'

const template = readTemplate('small', {
  Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q' } } },
})

interface Command {
  constructor: { name: string }
  input: Record<string, unknown>
}

const toPlace = (sqs: (command: Command) => object, s3: (command: Command) => object): Place =>
  ({
    ...{ account: '444444444444', region: 'us-east-1' },
    sqs: { send: async (command: Command) => sqs(command) },
    s3: { send: async (command: Command) => s3(command) },
  }) as unknown as Place

const refuse = (message: string): never => {
  throw new Error(message)
}

test('a record that cannot be written does not hide why the deployment failed', async () => {
  const place = toPlace(
    () => refuse('no right to queues'),
    ({ constructor }) => (constructor.name === 'ListObjectsV2Command' ? {} : refuse('no right to buckets')),
  )
  const failure: unknown = await deployStack(template, place, {}).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(AggregateError)
  const { message, cause, errors } = failure as AggregateError
  expect(message).toMatch(/no right to queues.*could not be written down either: Error: no right to buckets/)
  expect(errors).toHaveLength(2)
  expect(cause).toBe(errors[0])
})

test('an attribute that the template drops gets its default again', async () => {
  const asked: Record<string, unknown>[] = []
  const place = toPlace(
    ({ constructor, input }) => {
      if (constructor.name === 'GetQueueAttributesCommand')
        return { Attributes: { VisibilityTimeout: '300', MessageRetentionPeriod: '345600' } }
      if (constructor.name === 'SetQueueAttributesCommand') asked.push(input)
      return { QueueUrl: 'http://sqs/q' }
    },
    () => ({}),
  )
  await deployStack(template, place, {})
  expect(asked).toMatchObject([{ Attributes: { VisibilityTimeout: '30' } }])
  expect(asked[0]?.['Attributes']).not.toHaveProperty('MessageRetentionPeriod')
})
