// Buses, rules, targets and tags: what is made, described, listed by pages, and refused to be deleted.
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target as RuleTarget,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { busArn, nameNew, queueArn, ruleArn, toEvents, withBus, withRule } from './eventbridge-client.ts'
import type { Target } from './target.ts'

type Holds = (target: Target, bus: string) => Promise<void>
const claim = (id: string, says: string, shape: string, holds: Holds): Claim => ({
  id,
  says,
  source: `model: eventbridge ${shape}`,
  holds: (target) => withBus(target, (bus) => holds(target, bus)),
})
const EventPattern = '{"source": ["x"]}'
const notFound = { name: 'ResourceNotFoundException' }
const invalid = { name: 'ValidationException' }

const buses = [
  claim('eb-301', 'a bus of a name that is taken is refused', 'ResourceAlreadyExistsException', async (target, bus) => {
    const again = toEvents(target).send(new CreateEventBusCommand({ Name: bus }))
    await expect(again).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' })
  }),
  claim(
    'eb-302',
    'a bus is described with name and ARN, by either',
    'DescribeEventBusResponse',
    async (target, bus) => {
      for (const Name of [bus, busArn(target, bus)]) {
        const found = await toEvents(target).send(new DescribeEventBusCommand({ Name }))
        expect(found).toMatchObject({ Name: bus, Arn: busArn(target, bus) })
        expect(found.Policy).toBeUndefined()
      }
    },
  ),
  claim('eb-303', 'every account has a default bus', 'DescribeEventBusRequest', async (target) => {
    expect(await toEvents(target).send(new DescribeEventBusCommand({}))).toMatchObject({ Name: 'default' })
  }),
  claim('eb-304', 'the default bus cannot be deleted', 'DeleteEventBusRequest', async (target) => {
    await expect(toEvents(target).send(new DeleteEventBusCommand({ Name: 'default' }))).rejects.toMatchObject(invalid)
  }),
  claim('eb-305', 'a bus with rules cannot be deleted', 'DeleteEventBusRequest', async (target, bus) => {
    await withRule(target, bus, [], async () => {
      await expect(toEvents(target).send(new DeleteEventBusCommand({ Name: bus }))).rejects.toThrow()
    })
  }),
  claim('eb-306', 'deleting a bus that is not there succeeds', 'DeleteEventBusRequest', async (target) => {
    await toEvents(target).send(new DeleteEventBusCommand({ Name: nameNew(target) }))
  }),
  claim('eb-307', 'buses are listed by prefix, in pages', 'ListEventBusesRequest', async (target, bus) => {
    const { EventBuses } = await toEvents(target).send(new ListEventBusesCommand({ NamePrefix: bus, Limit: 1 }))
    expect(EventBuses).toMatchObject([{ Name: bus, Arn: busArn(target, bus) }])
  }),
  {
    ...claim(
      'eb-308',
      "another account's bus is not found by its name",
      'ResourceNotFoundException',
      async (target, Name) => {
        const asked = toEvents(target, target.otherAccount).send(new DescribeEventBusCommand({ Name }))
        await expect(asked).rejects.toMatchObject(notFound)
      },
    ),
    needs: ['second-account' as const],
  },
  claim('eb-309', 'the description of a bus can be changed', 'UpdateEventBusRequest', async (target, Name) => {
    await toEvents(target).send(new UpdateEventBusCommand({ Name, Description: 'other' }))
    expect(await toEvents(target).send(new DescribeEventBusCommand({ Name }))).toMatchObject({ Description: 'other' })
  }),
  claim('eb-310', 'a name of a bus has letters, digits, dots, dashes', 'EventBusName', async (target) => {
    await expect(toEvents(target).send(new CreateEventBusCommand({ Name: 'a b' }))).rejects.toMatchObject(invalid)
  }),
]

const rules = [
  claim('eb-320', 'a rule is enabled unless told, and its ARN names its bus', 'DescribeRuleResponse', (target, bus) =>
    withRule(target, bus, [], async (Name) => {
      const found = await toEvents(target).send(new DescribeRuleCommand({ EventBusName: bus, Name }))
      expect(found).toMatchObject({ Name, State: 'ENABLED', EventBusName: bus, Arn: ruleArn(target, bus, Name) })
    }),
  ),
  claim('eb-321', 'a rule is disabled and enabled', 'RuleState', (target, bus) =>
    withRule(target, bus, [], async (Name) => {
      const client = toEvents(target)
      const at = { EventBusName: bus, Name }
      await client.send(new DisableRuleCommand(at))
      expect(await client.send(new DescribeRuleCommand(at))).toMatchObject({ State: 'DISABLED' })
      await client.send(new EnableRuleCommand(at))
      expect(await client.send(new DescribeRuleCommand(at))).toMatchObject({ State: 'ENABLED' })
    }),
  ),
  claim('eb-322', 'a rule needs a pattern or a schedule', 'PutRuleRequest', async (target, EventBusName) => {
    const put = new PutRuleCommand({ EventBusName, Name: nameNew(target) })
    await expect(toEvents(target).send(put)).rejects.toMatchObject(invalid)
  }),
  claim('eb-323', 'a rule on a bus that is not there is refused', 'ResourceNotFoundException', async (target) => {
    const put = new PutRuleCommand({ EventBusName: nameNew(target), Name: 'r', EventPattern })
    await expect(toEvents(target).send(put)).rejects.toMatchObject(notFound)
  }),
  claim('eb-324', 'putting a rule again replaces its pattern and keeps its targets', 'PutRuleRequest', (target, bus) =>
    withRule(target, bus, [{ Id: 'q', Arn: queueArn(target, 'q') }], async (Name) => {
      const client = toEvents(target)
      await client.send(new PutRuleCommand({ EventBusName: bus, Name, EventPattern }))
      expect(await client.send(new DescribeRuleCommand({ EventBusName: bus, Name }))).toMatchObject({ EventPattern })
      const { Targets } = await client.send(new ListTargetsByRuleCommand({ EventBusName: bus, Rule: Name }))
      expect(Targets).toMatchObject([{ Id: 'q' }])
    }),
  ),
  claim('eb-325', 'a rule with targets cannot be deleted', 'DeleteRuleRequest', (target, bus) =>
    withRule(target, bus, [{ Id: 'q', Arn: queueArn(target, 'q') }], async (Name) => {
      const deletion = toEvents(target).send(new DeleteRuleCommand({ EventBusName: bus, Name }))
      await expect(deletion).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('targets'),
      })
    }),
  ),
  claim('eb-326', 'deleting a rule that is not there succeeds', 'DeleteRuleRequest', async (target, EventBusName) => {
    await toEvents(target).send(new DeleteRuleCommand({ EventBusName, Name: nameNew(target) }))
  }),
  claim('eb-327', 'rules are listed in pages', 'ListRulesRequest', (target, bus) =>
    withRule(target, bus, [], (one) =>
      withRule(target, bus, [], async (other) => {
        const list = (NextToken?: string) =>
          toEvents(target).send(new ListRulesCommand({ EventBusName: bus, Limit: 1, NextToken }))
        const first = await list()
        const second = await list(first.NextToken)
        const names = [...(first.Rules ?? []), ...(second.Rules ?? [])].map(({ Name }) => Name)
        expect(new Set(names)).toEqual(new Set([one, other]))
      }),
    ),
  ),
  claim('eb-328', 'rules are found by their target', 'ListRuleNamesByTargetResponse', (target, bus) =>
    withRule(target, bus, [{ Id: 'q', Arn: queueArn(target, 'q') }], (rule) =>
      withRule(target, bus, [], async () => {
        const asked = new ListRuleNamesByTargetCommand({ EventBusName: bus, TargetArn: queueArn(target, 'q') })
        expect(await toEvents(target).send(asked)).toMatchObject({ RuleNames: [rule] })
      }),
    ),
  ),
]

/** Puts one target on a rule that has none; the answer. */
const putTarget = (target: Target, bus: string, more: Partial<RuleTarget>) =>
  withRule(target, bus, [], async (Rule) => {
    const Targets = [{ Id: 'one', Arn: queueArn(target, 'q'), ...more }]
    const at = { EventBusName: bus, Rule }
    const answer = await toEvents(target).send(new PutTargetsCommand({ ...at, Targets }))
    await toEvents(target).send(new RemoveTargetsCommand({ ...at, Ids: ['one'] }))
    return answer
  })

const ranges: [id: string, says: string, policy: RuleTarget['RetryPolicy'], isTaken: boolean][] = [
  ['eb-340', 'MaximumRetryAttempts is 0 at least', { MaximumRetryAttempts: -1 }, false],
  ['eb-341', 'MaximumRetryAttempts may be 0', { MaximumRetryAttempts: 0 }, true],
  ['eb-342', 'MaximumRetryAttempts may be 185', { MaximumRetryAttempts: 185 }, true],
  ['eb-343', 'MaximumRetryAttempts is 185 at most', { MaximumRetryAttempts: 186 }, false],
  ['eb-344', 'MaximumEventAgeInSeconds is 60 at least', { MaximumEventAgeInSeconds: 59 }, false],
  ['eb-345', 'MaximumEventAgeInSeconds may be 60', { MaximumEventAgeInSeconds: 60 }, true],
  ['eb-346', 'MaximumEventAgeInSeconds is 86,400 at most', { MaximumEventAgeInSeconds: 86_401 }, false],
]

const targets = [
  ...ranges.map(([id, says, RetryPolicy, isTaken]) =>
    claim(id, says, 'RetryPolicy', async (target, bus) => {
      const asked = putTarget(target, bus, { RetryPolicy })
      if (isTaken) expect(await asked).toMatchObject({ FailedEntryCount: 0 })
      else await expect(asked).rejects.toMatchObject(invalid)
    }),
  ),
  claim('eb-347', 'a rule has five targets at most', 'LimitExceededException', (target, bus) =>
    withRule(target, bus, [], async (Rule) => {
      const Targets = ['1', '2', '3', '4', '5', '6'].map((Id) => ({ Id, Arn: queueArn(target, 'q') }))
      const asked = toEvents(target).send(new PutTargetsCommand({ EventBusName: bus, Rule, Targets }))
      await expect(asked).rejects.toMatchObject({ name: 'LimitExceededException' })
    }),
  ),
  claim(
    'eb-348',
    'removing a target that is not there fails for its entry alone',
    'RemoveTargetsResultEntry',
    (target, bus) =>
      withRule(target, bus, [{ Id: 'q', Arn: queueArn(target, 'q') }], async (Rule) => {
        const removed = new RemoveTargetsCommand({ EventBusName: bus, Rule, Ids: ['none'] })
        const answer = await toEvents(target).send(removed)
        expect(answer).toMatchObject({
          FailedEntryCount: 1,
          FailedEntries: [{ TargetId: 'none', ErrorCode: 'ResourceNotFoundException' }],
        })
      }),
  ),
  claim(
    'eb-349',
    'targets of a rule that is not there are refused',
    'ResourceNotFoundException',
    async (target, bus) => {
      const Targets = [{ Id: 'q', Arn: queueArn(target, 'q') }]
      const put = new PutTargetsCommand({ EventBusName: bus, Rule: nameNew(target), Targets })
      await expect(toEvents(target).send(put)).rejects.toMatchObject(notFound)
    },
  ),
  claim('eb-350', 'a target of the same Id is replaced', 'PutTargetsRequest', (target, bus) =>
    withRule(target, bus, [{ Id: 'q', Arn: queueArn(target, 'q') }], async (Rule) => {
      const at = { EventBusName: bus, Rule }
      const Targets = [{ Id: 'q', Arn: queueArn(target, 'other') }]
      await toEvents(target).send(new PutTargetsCommand({ ...at, Targets }))
      const found = await toEvents(target).send(new ListTargetsByRuleCommand(at))
      expect(found.Targets).toMatchObject(Targets)
      expect(found.Targets).toHaveLength(1)
    }),
  ),
  claim('eb-351', 'a bus of another account as target needs a role', 'Target', async (target, bus) => {
    const asked = putTarget(target, bus, { Arn: busArn(target, 'x', target.otherAccount) })
    await expect(asked).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('RoleArn'),
    })
  }),
]

const tags = [
  claim('eb-360', 'a bus and a rule have tags, changed by key', 'TagResourceRequest', (target, bus) =>
    withRule(target, bus, [], async (rule) => {
      const client = toEvents(target)
      for (const ResourceARN of [busArn(target, bus), ruleArn(target, bus, rule)]) {
        const Tags = [{ Key: 'a', Value: '1' }]
        await client.send(new TagResourceCommand({ ResourceARN, Tags: [...Tags, { Key: 'b', Value: '2' }] }))
        await client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['b'] }))
        expect(await client.send(new ListTagsForResourceCommand({ ResourceARN }))).toMatchObject({ Tags })
      }
    }),
  ),
  claim('eb-361', 'tags of what is not there are refused', 'ResourceNotFoundException', async (target) => {
    const ResourceARN = busArn(target, nameNew(target))
    const asked = toEvents(target).send(new ListTagsForResourceCommand({ ResourceARN }))
    await expect(asked).rejects.toMatchObject(notFound)
  }),
]

putClaims([...buses, ...rules, ...targets, ...tags])
