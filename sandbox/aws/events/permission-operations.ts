// Policies of buses. In: a whole policy, or the older form of one account. Out: the bus with that policy.
// Never: keeps a policy with a statement that it cannot evaluate.

import { type Input, isRecord, readRecord, readText, requireField } from '../input.ts'
import { type Policy, parsePolicy, type Statement } from '../policy.ts'
import { AwsError, type Caller, type Surroundings } from '../service.ts'
import { type Bus, type Buses, validation } from './bus.ts'

const policyLimit = 10_240

export const createPermissionOperations = ({ clock }: Pick<Surroundings, 'clock'>, buses: Buses) => ({
  PutPermission(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const text = readText(input, 'Policy')
    const policy = text === undefined ? withStatement(bus, toStatement(input, bus)) : requirePolicy(text)
    if ((text ?? JSON.stringify(policy)).length > policyLimit) {
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
  if (reading.kind === 'refused') throw validation(`The policy is not valid. ${reading.problem}`)
  const isWhole = reading.policy.Statement.every(({ Resource, NotResource }) => Resource ?? NotResource)
  if (!isWhole) throw validation('The policy is not valid. Every statement needs a Resource.')
  return reading.policy
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
