// Buses themselves and their policies. In: create, describe, delete, permissions. Out: the account's buses.
// Never: deletes the default bus; keeps a policy with a statement that it cannot evaluate.

import { type Input, isRecord, readRecord, readText, refuseFields, requireField } from '../input.ts'
import { type Policy, parsePolicy, type Statement } from '../policy.ts'
import { AwsError, type Caller, type Surroundings } from '../service.ts'
import { type Bus, type Buses, createBus, toBusArn, validation } from './bus.ts'
import { paginate } from './rule-operations.ts'

const policyLimit = 10_240

export const createBusOperations = ({ clock }: Pick<Surroundings, 'clock'>, buses: Buses) => ({
  CreateEventBus(input: Input, caller: Caller) {
    refuseFields(input, 'CreateEventBus', ['EventSourceName', 'KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig'])
    const name = requireField(readText(input, 'Name'), 'name')
    if (!/^[.\-_A-Za-z0-9]{1,256}$/.test(name))
      throw validation(`Value '${name}' at 'name' must match [.\\-_A-Za-z0-9]+`)
    if (buses.byArn(toBusArn(name, caller))) {
      throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`)
    }
    const bus = createBus(name, caller, clock.nowMs())
    bus.description = readText(input, 'Description')
    buses.add(bus)
    return { EventBusArn: bus.arn, Description: bus.description }
  },

  DescribeEventBus(input: Input, caller: Caller) {
    return toWire(buses.require(readText(input, 'Name'), caller))
  },

  DeleteEventBus(input: Input, caller: Caller) {
    const name = requireField(readText(input, 'Name'), 'name')
    if (name === 'default') throw validation('Cannot delete event bus default.')
    const bus = buses.byArn(toBusArn(name, caller))
    if (bus && bus.rules.size > 0) throw validation(`Event bus ${name} cannot be deleted while it has rules.`)
    // AWS answers the same for a bus that is not there.
    if (bus && bus.account === caller.account) buses.remove(bus)
  },

  ListEventBuses(input: Input, caller: Caller) {
    buses.require('default', caller)
    const prefix = readText(input, 'NamePrefix') ?? ''
    const isOwn = (bus: Bus) => bus.account === caller.account && bus.region === caller.region
    const { page, NextToken } = paginate(
      buses.all().filter((bus) => isOwn(bus) && bus.name.startsWith(prefix)),
      input,
    )
    return { EventBuses: page.map(toWire), NextToken }
  },

  PutPermission(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const text = readText(input, 'Policy')
    const policy = text === undefined ? withStatement(bus, toStatement(input, bus)) : requirePolicy(text)
    if (JSON.stringify(policy).length > policyLimit) {
      throw new AwsError('PolicyLengthExceededException', `The policy is longer than ${policyLimit} characters.`)
    }
    bus.policy = policy
    bus.changedAtMs = clock.nowMs()
  },

  RemovePermission(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    bus.changedAtMs = clock.nowMs()
    if (input['RemoveAllPermissions'] === true) {
      bus.policy = undefined
      return
    }
    const id = requireField(readText(input, 'StatementId'), 'statementId')
    const left = bus.policy?.Statement.filter((statement) => statement.Sid !== id) ?? []
    if (left.length === (bus.policy?.Statement.length ?? 0)) {
      throw new AwsError('ResourceNotFoundException', `Statement with the provided id ${id} does not exist.`)
    }
    bus.policy = left.length === 0 ? undefined : { ...bus.policy, Statement: left }
  },
})

function requirePolicy(text: string): Policy {
  const reading = parsePolicy(text)
  if (reading.kind === 'ok') return reading.policy
  throw validation(`The policy is not valid. ${reading.problem}`)
}

/** The older form: one account or `*`, optionally bound to an organization. */
function toStatement(input: Input, bus: Bus): Statement {
  const id = requireField(readText(input, 'StatementId'), 'statementId')
  const principal = requireField(readText(input, 'Principal'), 'principal')
  const action = requireField(readText(input, 'Action'), 'action')
  if (action !== 'events:PutEvents')
    throw validation(`Provided value in parameter 'action' is not supported: ${action}`)
  if (principal !== '*' && !/^\d{12}$/.test(principal))
    throw validation(`Principal '${principal}' is no account and not *.`)
  return {
    Sid: id,
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
    Action: action,
    Resource: bus.arn,
    ...readCondition(input),
  }
}

function readCondition(input: Input): Pick<Statement, 'Condition'> {
  const condition = readRecord(input, 'Condition')
  if (!isRecord(condition)) return {}
  const { Type: type, Key: key, Value: value } = condition
  if (type !== 'StringEquals' || key !== 'aws:PrincipalOrgID' || typeof value !== 'string') {
    throw validation('Condition must be StringEquals on aws:PrincipalOrgID in this form; use Policy for others.')
  }
  return { Condition: { StringEquals: { 'aws:PrincipalOrgID': value } } }
}

function withStatement(bus: Bus, statement: Statement): Policy {
  const others = bus.policy?.Statement.filter((other) => other.Sid !== statement.Sid) ?? []
  return { Version: '2012-10-17', ...bus.policy, Statement: [...others, statement] }
}

function toWire(bus: Bus) {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: bus.policy && JSON.stringify(bus.policy),
    CreationTime: bus.createdAtMs / 1000,
    LastModifiedTime: bus.changedAtMs / 1000,
  }
}
