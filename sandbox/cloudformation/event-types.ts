// EventBridge resources: buses, statements of their policies, rules with their targets.
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge'
import {
  type Change,
  findUnless,
  isSame,
  type Place,
  type Properties,
  type ResourceType,
  textOf,
} from './resource-type.ts'

export const eventBus: ResourceType = {
  properties: { used: ['Name'] },
  async deploy(properties, { events }) {
    const Name = textOf(properties, 'Name')
    const found = await findBus(events, Name)
    const arn = found?.Arn ?? (await events.send(new CreateEventBusCommand({ Name }))).EventBusArn ?? ''
    return { ref: Name, attributes: { Arn: arn, Name }, change: found ? 'unchanged' : 'created' }
  },
  presence: {
    idsOf: (properties) => [textOf(properties, 'Name')],
    isThere: async (name, { events }) => (await findBus(events, name)) !== undefined,
    remove: (Name, { events }) => events.send(new DeleteEventBusCommand({ Name })),
  },
}

/** One statement; the others of the bus stay as they are. */
export const eventBusPolicy: ResourceType = {
  properties: { used: ['EventBusName', 'StatementId', 'Statement'] },
  async deploy(properties, { events }) {
    const EventBusName = textOf(properties, 'EventBusName')
    const Sid = textOf(properties, 'StatementId')
    const statement = { Sid, ...(properties['Statement'] as object) }
    const statements = await statementsOf(events, EventBusName)
    const before = statements.find((other) => other.Sid === Sid)
    const made = { ref: Sid, attributes: {} }
    if (isSame(before, statement)) return { ...made, change: 'unchanged' }
    const Statement = [...statements.filter((other) => other !== before), statement]
    const changed = JSON.stringify({ Version: '2012-10-17', Statement })
    await events.send(new PutPermissionCommand({ EventBusName, Policy: changed }))
    return { ...made, change: before ? 'updated' : 'created' }
  },
  presence: {
    idsOf: (properties) => [toId(textOf(properties, 'EventBusName'), textOf(properties, 'StatementId'))],
    async isThere(id, { events }) {
      const [bus, sid] = fromId(id)
      return (await statementsOf(events, bus)).some(({ Sid }) => Sid === sid)
    },
    remove(id, { events }) {
      const [EventBusName, StatementId] = fromId(id)
      return findUnless(events.send(new RemovePermissionCommand({ EventBusName, StatementId })), MISSING)
    },
  },
}

export const eventRule: ResourceType = {
  properties: { used: ['Name', 'EventBusName', 'EventPattern', 'State', 'Targets', 'Description'] },
  async deploy(properties, { events }) {
    const Name = textOf(properties, 'Name')
    const EventBusName = busOf(properties)
    const wanted = {
      EventPattern: JSON.stringify(properties['EventPattern']),
      State: properties['State'] === 'DISABLED' ? ('DISABLED' as const) : ('ENABLED' as const),
      Description: properties['Description'] as string | undefined,
    }
    const found = await findRule(events, EventBusName, Name)
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
  presence: {
    idsOf: (properties) => [toId(busOf(properties), textOf(properties, 'Name'))],
    isThere: async (id, { events }) => (await findRule(events, ...fromId(id))) !== undefined,
    async remove(id, { events }) {
      const [EventBusName, Name] = fromId(id)
      if (!(await findRule(events, EventBusName, Name))) return
      await putTargets(events, EventBusName, Name, [])
      await events.send(new DeleteRuleCommand({ Name, EventBusName }))
    },
  },
}

const MISSING = 'ResourceNotFoundException'

const findBus = (events: Place['events'], Name: string) =>
  findUnless(events.send(new DescribeEventBusCommand({ Name })), MISSING)

const findRule = (events: Place['events'], EventBusName: string, Name: string) =>
  findUnless(events.send(new DescribeRuleCommand({ Name, EventBusName })), MISSING)

async function statementsOf(events: Place['events'], bus: string): Promise<{ Sid?: string }[]> {
  const { Policy } = (await findBus(events, bus)) ?? {}
  return Policy ? (JSON.parse(Policy) as { Statement: { Sid?: string }[] }).Statement : []
}

const busOf = (properties: Properties): string =>
  properties['EventBusName'] === undefined ? 'default' : textOf(properties, 'EventBusName')

/** Neither a bus nor what is on it has a bar in its name. */
const toId = (bus: string, name: string): string => `${bus}|${name}`
const fromId = (id: string): [bus: string, name: string] => id.split('|') as [string, string]

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
