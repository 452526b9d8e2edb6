// Other accounts: what a queue's policy lets them do.
import {
  AddPermissionCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  RemovePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { type ClaimedQueue, createClient, expectRefused, onQueue } from './sqs-queue.ts'

const allow = ({ target, arn, set }: ClaimedQueue, Action: string, more: object = {}) => {
  const Principal = { AWS: `arn:aws:iam::${target.otherAccount}:root` }
  const Statement = [{ Effect: 'Allow', Principal, Action, Resource: arn }, ...[more].filter((one) => 'Effect' in one)]
  return set({ Policy: JSON.stringify({ Version: '2012-10-17', Statement }) })
}

const stranger = ({ target }: ClaimedQueue) => createClient(target, target.otherAccount)

const sendAsStranger = (queue: ClaimedQueue) =>
  stranger(queue).send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'x' }))

const permit = ({ sqs, url, target }: ClaimedQueue, ...Actions: string[]) =>
  sqs.send(new AddPermissionCommand({ QueueUrl: url, Label: 'l', AWSAccountIds: [target.otherAccount], Actions }))

const claims: Omit<Claim, 'needs'>[] = [
  {
    id: 'sqs-170',
    says: 'another account may not send unless the policy says so: AccessDenied',
    source: 'sqs-customer-managed-policy-examples',
    holds: onQueue((queue) => expectRefused(sendAsStranger(queue), 'AccessDenied')),
  },
  {
    id: 'sqs-171',
    says: 'another account may do what the policy allows it, and no more',
    source: 'sqs-customer-managed-policy-examples',
    holds: onQueue(async (queue) => {
      await allow(queue, 'sqs:SendMessage')
      await sendAsStranger(queue)
      await expectRefused(queue.receive({}, stranger(queue)), 'AccessDenied')
      expect(await queue.receive()).toMatchObject([{ Body: 'x' }])
    }),
  },
  {
    id: 'sqs-172',
    says: 'an explicit deny goes before an allow',
    source: 'reference_policies_evaluation-logic',
    holds: onQueue(async (queue) => {
      const deny = { Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: queue.arn }
      const Condition = { StringEquals: { 'aws:PrincipalAccount': queue.target.otherAccount } }
      await allow(queue, 'sqs:*', { ...deny, Condition })
      await expectRefused(sendAsStranger(queue), 'AccessDenied')
    }),
  },
  {
    id: 'sqs-173',
    says: 'another account that may receive may not purge without a statement for that too',
    source: 'sqs-basic-examples-of-sqs-policies',
    holds: onQueue(async (queue) => {
      await allow(queue, 'sqs:ReceiveMessage')
      await queue.send('x')
      const [message] = await queue.receive({}, stranger(queue))
      expect(message?.Body).toBe('x')
      await expectRefused(stranger(queue).send(new PurgeQueueCommand({ QueueUrl: queue.url })), 'AccessDenied')
    }),
  },
  {
    id: 'sqs-174',
    says: 'another account finds the address by name and owner, when it may',
    source: 'API_GetQueueUrl',
    holds: onQueue(async (queue) => {
      const QueueOwnerAWSAccountId = queue.target.account
      const find = () => stranger(queue).send(new GetQueueUrlCommand({ QueueName: queue.name, QueueOwnerAWSAccountId }))
      await expect(find()).rejects.toMatchObject({ $fault: 'client' })
      await allow(queue, 'sqs:GetQueueUrl')
      expect((await find()).QueueUrl).toBe(queue.url)
    }),
  },
  {
    id: 'sqs-175',
    says: "attributes are the owner's to set, whatever the policy allows",
    source: 'sqs-overview-of-managing-access (cross-account permissions do not apply)',
    holds: onQueue(async (queue) => {
      await allow(queue, 'sqs:*')
      const set = new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { DelaySeconds: '1' } })
      await expectRefused(stranger(queue).send(set), 'AccessDenied')
    }),
  },
  {
    id: 'sqs-176',
    says: 'AddPermission lets another account act, RemovePermission ends it',
    source: 'API_AddPermission',
    holds: onQueue(async (queue) => {
      await permit(queue, 'SendMessage')
      await sendAsStranger(queue)
      await queue.sqs.send(new RemovePermissionCommand({ QueueUrl: queue.url, Label: 'l' }))
      await expectRefused(sendAsStranger(queue), 'AccessDenied')
    }),
  },
  {
    id: 'sqs-177',
    says: 'a label of a permission is used once',
    source: 'API_AddPermission',
    holds: onQueue(async (queue) => {
      await permit(queue, 'SendMessage')
      await expectRefused(permit(queue, 'SendMessage'), 'InvalidParameterValue')
    }),
  },
  {
    id: 'sqs-178',
    says: 'a permission has at most seven actions: OverLimit',
    source: 'model: sqs AddPermission (seven actions), OverLimit',
    holds: onQueue((queue) =>
      expectRefused(permit(queue, ...Array.from({ length: 8 }, () => 'SendMessage')), 'OverLimit'),
    ),
  },
  {
    id: 'sqs-179',
    says: 'removing a permission that is not there is refused with InvalidParameterValue',
    source: 'API_RemovePermission',
    holds: onQueue(({ sqs, url }) =>
      expectRefused(sqs.send(new RemovePermissionCommand({ QueueUrl: url, Label: 'absent' })), 'InvalidParameterValue'),
    ),
  },
]

putClaims(claims.map((claim) => ({ ...claim, needs: ['second-account'] })))
