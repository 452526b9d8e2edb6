// Permissions by label. In: AddPermission and RemovePermission. Out: one statement more or less in the queue's policy.
// Never: touches a statement that carries another label.

import { type Input, readText, readTexts } from '../input.ts'
import { AwsError, type Caller } from '../service.ts'
import { invalidValue, missingParameter } from './errors.ts'
import type { Queue } from './queue.ts'
import { isShareable, policyOf, type Queues } from './queues.ts'

export const createPermissions = (queues: Queues) => ({
  AddPermission(input: Input, caller: Caller) {
    const queue = queues.require(input, caller, 'sqs:AddPermission')
    const label = requireLabel(input)
    const accounts = requireTexts(input, 'AWSAccountIds')
    const actions = requireActions(input)
    const wrong = accounts.find((account) => !/^\d{12}$/.test(account))
    if (wrong !== undefined) throw invalidValue(wrong, 'AWSAccountIds', 'It is no account.')
    if (statementsOf(queue).some((statement) => statement.Sid === label)) {
      throw invalidValue(label, 'Label', 'Already exists.')
    }
    const statement = {
      Sid: label,
      Effect: 'Allow',
      Principal: { AWS: accounts.map((account) => `arn:aws:iam::${account}:root`) },
      Action: actions.map((action) => `SQS:${action}`),
      Resource: queue.arn,
    }
    setStatements(queue, [...statementsOf(queue), statement])
  },

  RemovePermission(input: Input, caller: Caller) {
    const queue = queues.require(input, caller, 'sqs:RemovePermission')
    const label = requireLabel(input)
    const others = statementsOf(queue).filter((statement) => statement.Sid !== label)
    if (others.length === statementsOf(queue).length) throw invalidValue(label, 'Label', 'No statement has it.')
    setStatements(queue, others)
  },
})

const statementsOf = (queue: Queue) => policyOf(queue)?.Statement ?? []

function setStatements(queue: Queue, statements: object[]): void {
  const { Policy: _policy, ...others } = queue.attributes
  const policy = { Version: '2012-10-17', ...policyOf(queue), Statement: statements }
  queue.attributes = statements.length === 0 ? others : { ...others, Policy: JSON.stringify(policy) }
}

function requireLabel(input: Input): string {
  const label = readText(input, 'Label')
  if (label === undefined) throw missingParameter('Label')
  if (!/^[\w-]{1,80}$/.test(label)) throw invalidValue(label, 'Label', '1 to 80 letters, digits, hyphens, underscores.')
  return label
}

/** A statement has at most seven. */
function requireActions(input: Input): string[] {
  const actions = requireTexts(input, 'Actions')
  if (actions.length > 7)
    throw new AwsError('OverLimit', `${actions.length} actions were found, maximum allowed is 7.`, 403)
  const wrong = actions.find((action) => action !== '*' && !isShareable(`sqs:${action}`))
  if (wrong !== undefined) throw invalidValue(`SQS:${wrong}`, 'ActionName', 'Only the queue owner is allowed it.')
  return actions
}

function requireTexts(input: Input, name: string): string[] {
  const texts = readTexts(input, name)
  if (texts === undefined || texts.length === 0) throw missingParameter(name)
  return texts
}
