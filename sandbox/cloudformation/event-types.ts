// EventBridge resources: buses, statements of their policies, rules with their targets.
import {
  CreateEventBusCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge'
import { type Change, findUnless, isSame, type Place, type ResourceType, textOf } from './resource-type.ts'

export const eventBus: ResourceType = {
  properties: { used: ['Name'] },
  async deploy(properties, { events }) {
    const Name = textOf(properties, 'Name')
    const found = await findUnless(events.send(new DescribeEventBusCommand({ Name })), 'ResourceNotFoundException')
    const arn = found?.Arn ?? (await events.send(new CreateEventBusCommand({ Name }))).EventBusArn ?? ''
    return { ref: Name, attributes: { Arn: arn, Name }, change: found ? 'unchanged' : 'created' }
  },
}

/** One statement; the others of the bus stay as they are. */
export const eventBusPolicy: ResourceType = {
  properties: { used: ['EventBusName', 'StatementId', 'Statement'] },
  async deploy(properties, { events }) {
    const EventBusName = textOf(properties, 'EventBusName')
    const Sid = textOf(properties, 'StatementId')
    const statement = { Sid, ...(properties['Statement'] as object) }
    const { Policy } = await events.send(new DescribeEventBusCommand({ Name: EventBusName }))
    const policy = (Policy ? JSON.parse(Policy) : { Statement: [] }) as { Statement: { Sid?: string }[] }
    const before = policy.Statement.find((other) => other.Sid === Sid)
    const made = { ref: Sid, attributes: {} }
    if (isSame(before, statement)) return { ...made, change: 'unchanged' }
    const Statement = [...policy.Statement.filter((other) => other !== before), statement]
    const changed = JSON.stringify({ Version: '2012-10-17', Statement })
    await events.send(new PutPermissionCommand({ EventBusName, Policy: changed }))
    return { ...made, change: before ? 'updated' : 'created' }
  },
}

export const eventRule: ResourceType = {
  properties: { used: ['Name', 'EventBusName', 'EventPattern', 'State', 'Targets', 'Description'] },
  async deploy(properties, { events }) {
    const Name = textOf(properties, 'Name')
    const EventBusName = properties['EventBusName'] === undefined ? 'default' : textOf(properties, 'EventBusName')
    const wanted = {
      EventPattern: JSON.stringify(properties['EventPattern']),
      State: properties['State'] === 'DISABLED' ? ('DISABLED' as const) : ('ENABLED' as const),
      Description: properties['Description'] as string | undefined,
    }
    const found = await findUnless(
      events.send(new DescribeRuleCommand({ Name, EventBusName })),
      'ResourceNotFoundException',
    )
    const { EventPattern, State, Description } = found ?? {}
    const isRuleSame = found !== undefined && isSame({ EventPattern, State, Description }, wanted)
    const arn = isRuleSame
      ? found.Arn
      : (await events.send(new PutRuleCommand({ Name, EventBusName, ...wanted }))).RuleArn
    const areTargetsSame = await putTargets(events, EventBusName, Name, (properties['Targets'] ?? []) as Target[])
    const change: Change = !found ? 'created' : isRuleSame && areTargetsSame ? 'unchanged' : 'updated'
    const ref = EventBusName === 'default' ? Name : `${EventBusName}|${Name}`
    return { ref, attributes: { Arn: arn ?? '' }, change }
  },
}

/** False when something had to change. */
async function putTargets(events: Place['events'], EventBusName: string, Rule: string, wanted: Target[]) {
  const { Targets: before = [] } = await events.send(new ListTargetsByRuleCommand({ EventBusName, Rule }))
  const gone = before.filter(({ Id }) => !wanted.some((target) => target.Id === Id)).map(({ Id }) => Id ?? '')
  if (gone.length > 0) await events.send(new RemoveTargetsCommand({ EventBusName, Rule, Ids: gone }))
  const Targets = wanted.filter((target) => {
    const old = before.find(({ Id }) => Id === target.Id)
    return !isSame(old && asGiven(old, target), target)
  })
  if (Targets.length > 0) {
    const answer = await events.send(new PutTargetsCommand({ EventBusName, Rule, Targets }))
    const failed = answer.FailedEntries?.[0]
    if (failed) throw new Error(`target ${failed.TargetId}: ${failed.ErrorCode}: ${failed.ErrorMessage}`)
  }
  return gone.length === 0 && Targets.length === 0
}

/** EventBridge fills in its retry policy where none is given. */
const asGiven = (old: Target, { RetryPolicy }: Target): Target => {
  const { RetryPolicy: shown, ...rest } = old
  return RetryPolicy ? { ...rest, RetryPolicy: shown } : rest
}
