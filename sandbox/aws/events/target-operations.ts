// Targets of rules: event buses and SQS queues. In: targets with their role, retry and dead-letter settings. Out: the rule's targets.
// Never: accepts a setting that it would not act on.

import {
  type Input,
  isRecord,
  readInteger,
  readRecord,
  readRecords,
  readText,
  readTexts,
  refuseFields,
  requireField,
} from '../input.ts'
import { AwsError, type Caller } from '../service.ts'
import { type Bus, type Buses, readBusArn, requireRule, type Target, validation } from './bus.ts'
import { paginate } from './rule-operations.ts'

const targetLimit = 5
const known = ['Id', 'Arn', 'RoleArn', 'DeadLetterConfig', 'RetryPolicy']

export const createTargetOperations = (buses: Buses) => ({
  PutTargets(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const rule = requireRule(bus, input, 'Rule')
    const given = requireField(readRecords(input, 'Targets'), 'targets').map((target) => parseTarget(target, bus))
    if (given.length === 0) throw validation("Value '[]' at 'targets' must have at least 1 member")
    const kept = rule.targets.filter((target) => !given.some((other) => other.id === target.id))
    if (kept.length + given.length > targetLimit) {
      const message = `The requested resource exceeds the maximum number allowed: ${targetLimit} targets on rule ${rule.name}.`
      throw new AwsError('LimitExceededException', message)
    }
    rule.targets = [...kept, ...given]
    return { FailedEntryCount: 0, FailedEntries: [] }
  },

  RemoveTargets(input: Input, caller: Caller) {
    const rule = requireRule(buses.require(readText(input, 'EventBusName'), caller), input, 'Rule')
    const ids = requireField(readTexts(input, 'Ids'), 'ids')
    const missing = ids.filter((id) => !rule.targets.some((target) => target.id === id))
    rule.targets = rule.targets.filter((target) => !ids.includes(target.id))
    const failures = missing.map((id) => ({
      TargetId: id,
      ErrorCode: 'ResourceNotFoundException',
      ErrorMessage: `Rule ${rule.name} does not have a target with the Id ${id}.`,
    }))
    return { FailedEntryCount: failures.length, FailedEntries: failures }
  },

  ListTargetsByRule(input: Input, caller: Caller) {
    const rule = requireRule(buses.require(readText(input, 'EventBusName'), caller), input, 'Rule')
    const { page, NextToken } = paginate(rule.targets, input)
    return { Targets: page.map(toWire), NextToken }
  },

  ListRuleNamesByTarget(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const arn = requireField(readText(input, 'TargetArn'), 'targetArn')
    const rules = [...bus.rules.values()].filter((rule) => rule.targets.some((target) => target.arn === arn))
    const { page, NextToken } = paginate(rules, input)
    return { RuleNames: page.map(({ name }) => name), NextToken }
  },
})

function parseTarget(input: Input, bus: Bus): Target {
  const id = requireField(readText(input, 'Id'), 'targets.member.id')
  if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(id))
    throw validation(`Value '${id}' at 'targets.member.id' must match [.\\-_A-Za-z0-9]+`)
  refuseFields(
    input,
    'PutTargets',
    Object.keys(input).filter((name) => !known.includes(name)),
  )
  const arn = requireField(readText(input, 'Arn'), 'targets.member.arn')
  const roleArn = readText(input, 'RoleArn')
  checkArn(arn, roleArn, bus)
  return { id, arn, roleArn, deadLetterArn: readDeadLetterArn(input, bus), ...readRetryPolicy(input) }
}

function checkArn(arn: string, roleArn: string | undefined, bus: Bus): void {
  if (readBusArn(arn)) {
    if (arn === bus.arn) throw validation(`The event bus ${arn} cannot be a target of its own rule.`)
    if (!roleArn) throw validation(`RoleArn is required for target ${arn}.`)
    if (!/^arn:aws:iam::\d{12}:role\/.+/.test(roleArn) || !roleArn.includes(`::${bus.account}:`)) {
      throw validation(`RoleArn ${roleArn} is not a role of account ${bus.account}, which owns the rule.`)
    }
    return
  }
  requireQueueArn(arn, bus, `The sandbox delivers to event buses and SQS queues of ${bus.region}, not to`)
}

/** EventBridge delivers to queues of the rule's region only, whichever account they belong to. */
function requireQueueArn(arn: string, bus: Bus, complaint: string): void {
  const [, region, name] = /^arn:aws:sqs:([\w-]+):\d{12}:([\w-]{1,80}(?:\.fifo)?)$/.exec(arn) ?? []
  if (region !== bus.region || name === undefined || name.endsWith('.fifo')) throw validation(`${complaint} ${arn}.`)
}

function readDeadLetterArn(input: Input, bus: Bus): string | undefined {
  const config = readRecord(input, 'DeadLetterConfig')
  const arn = isRecord(config) ? readText(config, 'Arn') : undefined
  if (arn !== undefined) requireQueueArn(arn, bus, `A dead-letter queue is a standard queue of ${bus.region}, not`)
  return arn
}

function readRetryPolicy(input: Input): Pick<Target, 'maximumRetryAttempts' | 'maximumEventAgeSeconds'> {
  const policy = readRecord(input, 'RetryPolicy') ?? {}
  const maximumRetryAttempts = readInteger(policy, 'MaximumRetryAttempts') ?? 185
  const maximumEventAgeSeconds = readInteger(policy, 'MaximumEventAgeInSeconds') ?? 86_400
  if (maximumRetryAttempts < 0 || maximumRetryAttempts > 185)
    throw validation('MaximumRetryAttempts must be between 0 and 185')
  if (maximumEventAgeSeconds < 60 || maximumEventAgeSeconds > 86_400) {
    throw validation('MaximumEventAgeInSeconds must be between 60 and 86400')
  }
  return { maximumRetryAttempts, maximumEventAgeSeconds }
}

function toWire(target: Target) {
  return {
    Id: target.id,
    Arn: target.arn,
    RoleArn: target.roleArn,
    DeadLetterConfig: target.deadLetterArn === undefined ? undefined : { Arn: target.deadLetterArn },
    RetryPolicy: {
      MaximumRetryAttempts: target.maximumRetryAttempts,
      MaximumEventAgeInSeconds: target.maximumEventAgeSeconds,
    },
  }
}
