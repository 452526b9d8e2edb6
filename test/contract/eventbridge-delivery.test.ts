// What becomes of an event on a bus: its envelope, one hop between buses, and where it goes when a target does not take it.
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DisableRuleCommand,
  PutPermissionCommand,
} from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import {
  busArn,
  put,
  queueArn,
  ruleArn,
  takeMessage,
  toEntry,
  toEvents,
  toPolicy,
  withBus,
  withQueue,
  withRule,
} from './eventbridge-client.ts'
import type { Target } from './target.ts'

const deadLetters = 'eb-rule-dlq'
const hop = 'eb-cross-account'
const roleOf = ({ account }: Target) => `arn:aws:iam::${account}:role/sluice-contract`

const claims: Claim[] = [
  {
    id: 'eb-400',
    says: 'a queue gets the event in its envelope: account, region and id are of AWS, the rest of who put it',
    source: 'events-structure',
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(target, (queue) =>
          withRule(target, bus, [{ Id: 'q', Arn: queue.arn }], async () => {
            const Time = new Date('2026-01-02T03:04:05Z')
            const entry = toEntry({ EventBusName: bus, Time, Resources: ['arn:x'] })
            const { Entries } = await put(target, [entry])
            const message = await takeMessage(target, queue.url)
            expect(JSON.parse(message?.Body ?? '')).toEqual({
              version: '0',
              id: Entries?.[0]?.EventId,
              'detail-type': entry.DetailType,
              source: entry.Source,
              account: target.account,
              time: '2026-01-02T03:04:05Z',
              region: target.region,
              resources: ['arn:x'],
              detail: { a: 1 },
            })
          }),
        ),
      ),
  },
  {
    id: 'eb-401',
    says: 'a disabled rule delivers nothing',
    source: 'model: eventbridge RuleState',
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(target, (queue) =>
          withRule(target, bus, [{ Id: 'q', Arn: queue.arn }], async (Name) => {
            await toEvents(target).send(new DisableRuleCommand({ EventBusName: bus, Name }))
            await target.pass(1000)
            await put(target, [toEntry({ EventBusName: bus })])
            expect(await takeMessage(target, queue.url, 1)).toBeUndefined()
          }),
        ),
      ),
  },
  {
    id: 'eb-402',
    says: 'a queue whose policy does not admit the rule: straight to the dead-letter queue, with rule, target and code',
    source: deadLetters,
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(
          target,
          (closed) =>
            withQueue(target, (dead) =>
              withRule(
                target,
                bus,
                [{ Id: 'q', Arn: closed.arn, DeadLetterConfig: { Arn: dead.arn } }],
                async (rule) => {
                  const { Entries } = await put(target, [toEntry({ EventBusName: bus })])
                  const message = await takeMessage(target, dead.url)
                  expect(JSON.parse(message?.Body ?? '')).toMatchObject({ id: Entries?.[0]?.EventId })
                  expect(message?.MessageAttributes).toMatchObject({
                    RULE_ARN: { StringValue: ruleArn(target, bus, rule) },
                    TARGET_ARN: { StringValue: closed.arn },
                    ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
                    ERROR_MESSAGE: { StringValue: expect.any(String) },
                  })
                },
              ),
            ),
          () => '',
        ),
      ),
  },
  {
    id: 'eb-403',
    says: 'a target that is not there: straight to the dead-letter queue',
    source: deadLetters,
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(target, (dead) => {
          const Arn = queueArn(target, 'sluice-contract-no-such-queue')
          return withRule(target, bus, [{ Id: 'q', Arn, DeadLetterConfig: { Arn: dead.arn } }], async () => {
            await put(target, [toEntry({ EventBusName: bus })])
            const message = await takeMessage(target, dead.url)
            expect(message?.MessageAttributes).toMatchObject({ TARGET_ARN: { StringValue: Arn } })
            expect(message?.MessageAttributes).not.toHaveProperty('RETRY_ATTEMPTS')
          })
        }),
      ),
  },
  {
    id: 'eb-404',
    says: 'a queue policy may name the one rule that it admits, by aws:SourceArn',
    source: 'eb-use-resource-based',
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(
          target,
          (queue) =>
            withRule(target, bus, [{ Id: 'q', Arn: queue.arn }], async () => {
              await put(target, [toEntry({ EventBusName: bus })])
              expect(await takeMessage(target, queue.url)).toBeDefined()
            }),
          (Resource) =>
            toPolicy({
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource,
              Condition: {
                ArnLike: { 'aws:SourceArn': ruleArn(target, bus, '*') },
                StringEquals: { 'aws:SourceAccount': target.account },
              },
            }),
        ),
      ),
  },
  {
    id: 'eb-410',
    says: "an event that came by another bus's rule goes to queues, but not on to a third bus, silently",
    source: hop,
    holds: (target) =>
      withChain(target, async ({ first, second, inbox, beyond }) => {
        await put(target, [toEntry({ EventBusName: first })])
        expect(await takeMessage(target, inbox)).toBeDefined()
        expect(await takeMessage(target, beyond, 2)).toBeUndefined()
        await put(target, [toEntry({ EventBusName: second })])
        expect(await takeMessage(target, beyond)).toBeDefined()
      }),
  },
  {
    id: 'eb-411',
    says: 'a bus that does not admit the account of the rule: dead-lettered with NO_PERMISSIONS',
    source: hop,
    needs: ['second-account'],
    holds: (target) =>
      withOtherBus(target, (other) =>
        withBus(target, (bus) =>
          withQueue(target, (dead) =>
            withRule(target, bus, [{ ...toBus(target, other), DeadLetterConfig: { Arn: dead.arn } }], async () => {
              await put(target, [toEntry({ EventBusName: bus })])
              const message = await takeMessage(target, dead.url)
              expect(message?.MessageAttributes).toMatchObject({
                ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
                TARGET_ARN: { StringValue: busArn(target, other, target.otherAccount) },
              })
            }),
          ),
        ),
      ),
  },
  {
    id: 'eb-412',
    says: 'a bus may refuse what rules forward and admit direct puts, by events:eventBusInvocation',
    source: 'eb-use-conditions',
    holds: (target) =>
      withBus(target, (direct) =>
        withBus(target, (bus) =>
          withQueue(target, (dead) => {
            const to = {
              Id: 'b',
              Arn: busArn(target, direct),
              RoleArn: roleOf(target),
              DeadLetterConfig: { Arn: dead.arn },
            }
            return withRule(target, bus, [to], async () => {
              const Policy = toPolicy({
                Effect: 'Deny',
                Principal: '*',
                Action: 'events:PutEvents',
                Resource: busArn(target, direct),
                Condition: { Bool: { 'events:eventBusInvocation': 'true' } },
              })
              await toEvents(target).send(new PutPermissionCommand({ EventBusName: direct, Policy }))
              expect((await put(target, [toEntry({ EventBusName: direct })])).FailedEntryCount).toBe(0)
              await put(target, [toEntry({ EventBusName: bus })])
              expect(await takeMessage(target, dead.url)).toBeDefined()
            })
          }),
        ),
      ),
  },
]

interface Chain {
  first: string
  second: string
  inbox: string
  beyond: string
}

/** First bus to second bus; second to a queue and to a third bus, which sends to a queue beyond. */
function withChain(target: Target, use: (chain: Chain) => Promise<void>): Promise<void> {
  const toOwn = (bus: string) => ({ Id: 'b', Arn: busArn(target, bus), RoleArn: roleOf(target) })
  return withQueue(target, (inbox) =>
    withQueue(target, (beyond) =>
      withBus(target, (first) =>
        withBus(target, (second) =>
          withBus(target, (third) =>
            withRule(target, third, [{ Id: 'q', Arn: beyond.arn }], () =>
              withRule(target, second, [{ Id: 'q', Arn: inbox.arn }, toOwn(third)], () =>
                withRule(target, first, [toOwn(second)], () =>
                  use({ first, second, inbox: inbox.url, beyond: beyond.url }),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

const toBus = (target: Target, other: string) => ({
  Id: 'other',
  Arn: busArn(target, other, target.otherAccount),
  RoleArn: roleOf(target),
})

/** Lends a bus of the second account, which admits nobody. */
async function withOtherBus(target: Target, use: (bus: string) => Promise<void>): Promise<void> {
  const client = toEvents(target, target.otherAccount)
  const Name = `${target.prefix}other`
  await client.send(new CreateEventBusCommand({ Name }))
  try {
    await use(Name)
  } finally {
    await client.send(new DeleteEventBusCommand({ Name }))
  }
}

putClaims(claims)
