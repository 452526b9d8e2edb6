// Who may put on a bus or into a queue of another account: principals, actions, denials, and what is no policy.
import { DescribeEventBusCommand, PutPermissionCommand, RemovePermissionCommand } from '@aws-sdk/client-eventbridge'
import { SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { busArn, put, toEntry, toEvents, toPolicy, toSqs, withBus, withQueue } from './eventbridge-client.ts'
import { mayPut, type PolicyRow, toPolicyClaim } from './policy-claim.ts'
import type { Need } from './target.ts'

const needs: Need[] = ['second-account']
const principals = 'reference_policies_elements_principal'

const rows: PolicyRow[] = [
  ['pol-001', 'principal * admits every account', principals, true, () => ({})],
  ['pol-002', 'principal AWS * admits every account', principals, true, () => ({ Principal: { AWS: '*' } })],
  [
    'pol-003',
    'a principal may be an account id',
    principals,
    true,
    ({ otherAccount }) => ({ Principal: { AWS: otherAccount } }),
  ],
  [
    'pol-004',
    'a principal may be the ARN of an account',
    principals,
    true,
    ({ otherAccount }) => ({ Principal: { AWS: `arn:aws:iam::${otherAccount}:root` } }),
  ],
  [
    'pol-005',
    'of a list of principals one is enough',
    principals,
    true,
    ({ account, otherAccount }) => ({ Principal: { AWS: [account, otherAccount] } }),
  ],
  [
    'pol-006',
    'an account that is not named is not admitted',
    principals,
    false,
    ({ account }) => ({ Principal: { AWS: account } }),
  ],
  [
    'pol-007',
    'a service as principal admits no account',
    principals,
    false,
    () => ({ Principal: { Service: 'events.amazonaws.com' } }),
  ],
  [
    'pol-008',
    'another action admits no put',
    'reference_policies_elements_action',
    false,
    () => ({ Action: 'events:PutRule' }),
  ],
  [
    'pol-009',
    'an action may have wildcards',
    'reference_policies_elements_action',
    true,
    () => ({ Action: 'events:Put*' }),
  ],
  [
    'pol-010',
    'an action is the same in any case',
    'reference_policies_elements_action',
    true,
    () => ({ Action: 'EVENTS:putevents' }),
  ],
  [
    'pol-011',
    'NotAction means every other action',
    'reference_policies_elements_notaction',
    false,
    () => ({ Action: undefined, NotAction: 'events:PutEvents' }),
  ],
]

const denials: Claim[] = [
  {
    id: 'pol-012',
    says: 'an explicit Deny wins over an Allow',
    source: 'reference_policies_evaluation-logic',
    needs,
    async holds(target) {
      expect(await mayPut(target, (allow) => [allow, { ...allow, Effect: 'Deny' }])).toBe(false)
      const other = { StringEquals: { 'events:source': 'x' } }
      expect(await mayPut(target, (allow) => [allow, { ...allow, Effect: 'Deny', Condition: other }])).toBe(true)
    },
  },
  {
    id: 'pol-013',
    says: 'an explicit Deny holds for the owner of the bus too',
    source: 'reference_policies_evaluation-logic',
    async holds(target) {
      await withBus(target, async (name) => {
        expect((await put(target, [toEntry({ EventBusName: name })])).FailedEntryCount).toBe(0)
        const deny = { Effect: 'Deny', Principal: '*', Action: 'events:PutEvents', Resource: busArn(target, name) }
        await toEvents(target).send(new PutPermissionCommand({ EventBusName: name, Policy: toPolicy(deny) }))
        const { Entries } = await put(target, [toEntry({ EventBusName: name })])
        expect(Entries?.[0]).toMatchObject({ ErrorCode: 'AccessDeniedException' })
        expect(Entries?.[0]?.ErrorMessage).toContain('explicit deny in a resource-based policy')
      })
    },
  },
  {
    id: 'pol-014',
    says: 'without a policy another account is refused, with who, what and on which bus',
    source: 'troubleshoot_access-denied',
    needs,
    async holds(target) {
      await withBus(target, async (name) => {
        const { Entries } = await put(target, [toEntry({ EventBusName: busArn(target, name) })], target.otherAccount)
        const found = Entries?.[0]?.ErrorMessage
        expect(Entries?.[0]?.ErrorCode).toBe('AccessDeniedException')
        expect(found).toContain(`::${target.otherAccount}:`)
        expect(found).toContain(`is not authorized to perform: events:PutEvents on resource: ${busArn(target, name)}`)
        expect(found).toContain('because no resource-based policy allows the events:PutEvents action')
      })
    },
  },
  {
    id: 'pol-015',
    says: 'the short form of PutPermission admits an account, and RemovePermission ends that',
    source: 'model: eventbridge PutPermissionRequest',
    needs,
    async holds(target) {
      await withBus(target, async (name) => {
        const client = toEvents(target)
        const named = { EventBusName: name, StatementId: 'other' }
        const Action = 'events:PutEvents'
        await client.send(new PutPermissionCommand({ ...named, Action, Principal: target.otherAccount }))
        const { Policy = '' } = await client.send(new DescribeEventBusCommand({ Name: name }))
        expect(JSON.parse(Policy)).toMatchObject({
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'other',
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${target.otherAccount}:root` },
              Action,
              Resource: busArn(target, name),
            },
          ],
        })
        const ask = () => put(target, [toEntry({ EventBusName: busArn(target, name) })], target.otherAccount)
        expect((await ask()).FailedEntryCount).toBe(0)
        await client.send(new RemovePermissionCommand(named))
        expect((await ask()).FailedEntryCount).toBe(1)
        await expect(client.send(new RemovePermissionCommand(named))).rejects.toMatchObject({
          name: 'ResourceNotFoundException',
        })
      })
    },
  },
  {
    id: 'pol-016',
    says: 'RemoveAllPermissions leaves the bus without a policy',
    source: 'model: eventbridge RemovePermissionRequest',
    async holds(target) {
      await withBus(target, async (EventBusName) => {
        const client = toEvents(target)
        const allow = {
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource: busArn(target, EventBusName),
        }
        await client.send(new PutPermissionCommand({ EventBusName, Policy: toPolicy(allow) }))
        await client.send(new RemovePermissionCommand({ EventBusName, RemoveAllPermissions: true }))
        expect((await client.send(new DescribeEventBusCommand({ Name: EventBusName }))).Policy).toBeUndefined()
      })
    },
  },
]

const withoutId: Claim = {
  id: 'pol-017',
  says: 'a statement of a bus policy needs no Sid',
  source: 'reference_policies_elements_sid',
  holds: (target) =>
    withBus(target, async (EventBusName) => {
      const Resource = busArn(target, EventBusName)
      const allow = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource }
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow] })
      await toEvents(target).send(new PutPermissionCommand({ EventBusName, Policy }))
    }),
}

const fromOutside: Claim = {
  id: 'pol-018',
  says: 'an account that is admitted puts straight on the bus of another one, by its ARN',
  source: 'model: eventbridge PutEventsRequestEntry EventBusName; eb-event-bus-perms',
  needs,
  holds: (target) =>
    withBus(target, async (EventBusName) => {
      const bus = busArn(target, EventBusName)
      const allow = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: bus }
      await toEvents(target).send(new PutPermissionCommand({ EventBusName, Policy: toPolicy(allow) }))
      expect(await put(target, [toEntry({ EventBusName: bus })], target.otherAccount)).toMatchObject({
        FailedEntryCount: 0,
      })
    }),
}

const wrong: [id: string, what: string, statement: object][] = [
  ['pol-060', 'an Effect that is neither Allow nor Deny', { Effect: 'Maybe' }],
  ['pol-061', 'no principal', { Principal: undefined }],
  ['pol-062', 'a principal that is no account', { Principal: { AWS: 'somebody' } }],
  ['pol-063', 'no action', { Action: undefined }],
  ['pol-064', 'Action and NotAction in one statement', { NotAction: 'events:PutRule' }],
  ['pol-065', 'a condition operator that does not exist', { Condition: { StringAlmost: { 'events:source': 'x' } } }],
  ['pol-066', 'no resource', { Resource: undefined }],
]

const malformed: Claim[] = [
  ...wrong.map(
    ([id, what, more]): Claim => ({
      id,
      says: `a bus policy is refused: ${what}`,
      source: 'eb-event-bus-perms',
      holds: (target) =>
        withBus(target, async (EventBusName) => {
          const Resource = busArn(target, EventBusName)
          const allow = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource, ...more }
          const asked = toEvents(target).send(new PutPermissionCommand({ EventBusName, Policy: toPolicy(allow) }))
          await expect(asked).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
        }),
    }),
  ),
  {
    id: 'pol-067',
    says: 'a bus policy of more than 10,240 characters is refused',
    source: 'eb-quota',
    holds: (target) =>
      withBus(target, async (EventBusName) => {
        const Resource = busArn(target, EventBusName)
        const Condition = { StringEquals: { 'events:source': 'x'.repeat(10_240) } }
        const Policy = toPolicy({ Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource, Condition })
        const asked = toEvents(target).send(new PutPermissionCommand({ EventBusName, Policy }))
        await expect(asked).rejects.toMatchObject({ name: 'PolicyLengthExceededException' })
      }),
  },
  {
    id: 'pol-068',
    says: 'a bus policy that is not JSON is refused',
    source: 'eb-event-bus-perms',
    holds: (target) =>
      withBus(target, async (EventBusName) => {
        const asked = toEvents(target).send(new PutPermissionCommand({ EventBusName, Policy: '{' }))
        await expect(asked).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
      }),
  },
]

const queues: Claim[] = [
  {
    id: 'pol-070',
    says: 'another account sends into a queue by its policy only',
    source: 'sqs-basic-examples-of-sqs-policies',
    needs,
    holds: (target) =>
      withQueue(
        target,
        async ({ url, arn }) => {
          const send = () =>
            toSqs(target, target.otherAccount).send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }))
          await expect(send()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
          const allow = {
            Effect: 'Allow',
            Principal: { AWS: target.otherAccount },
            Action: 'sqs:SendMessage',
            Resource: arn,
          }
          const Attributes = { Policy: toPolicy(allow) }
          await toSqs(target).send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }))
          await expect
            .poll(
              () =>
                send().then(
                  () => true,
                  () => false,
                ),
              { timeout: 60_000 },
            )
            .toBe(true)
        },
        () => '',
      ),
  },
  {
    id: 'pol-071',
    says: 'a queue policy that is no policy is refused',
    source: 'model: sqs InvalidAttributeValue',
    holds: (target) =>
      withQueue(target, async ({ url }) => {
        const ask = (Policy: string) =>
          toSqs(target).send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }))
        for (const policy of ['{', '{"Statement": [{"Effect": "Maybe"}]}'])
          await expect(ask(policy)).rejects.toMatchObject({ name: 'InvalidAttributeValue' })
      }),
  },
]

putClaims([...rows.map(toPolicyClaim), ...denials, withoutId, fromOutside, ...malformed, ...queues])
