// All queues of all accounts. In: names, addresses, ARNs and who asks. Out: the queue, or SQS's error.
// Never: gives a queue to another account or to a service without a statement of its policy.

import type { OrganizationOf } from '../caller.ts'
import { type Input, readText } from '../input.ts'
import { evaluatePolicy, type Policy, type PolicyRequest, type PolicyVerdict, parsePolicy } from '../policy.ts'
import { AwsError, type Caller, type Principal } from '../service.ts'
import { missingParameter, queueDoesNotExist } from './errors.ts'
import type { Queue } from './queue.ts'
import { readRedrivePolicy } from './queue-attributes.ts'

/** What AWS lets other accounts do through a queue policy; the rest is the owner's. */
const shareable = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ListDeadLetterSourceQueues',
  'sqs:PurgeQueue',
]

export interface Queues {
  all(): Queue[]
  add(queue: Queue): void
  remove(queue: Queue): void
  byArn(arn: string): Queue | undefined
  /** The queue of the input's `QueueUrl`, if the caller may do `action` with it. */
  require(input: Input, caller: Caller, action: string): Queue
  /** Throws unless the caller's account may do that; the owner may, but for an explicit Deny. */
  requireAccess(queue: Queue, caller: Caller, action: string): void
}

export function createQueues(organizationOf: OrganizationOf): Queues {
  const queues = new Map<string, Queue>()
  return {
    all: () => [...queues.values()],
    add: (queue) => void queues.set(queue.arn, queue),
    remove: (queue) => void queues.delete(queue.arn),
    byArn: (arn) => queues.get(arn),
    require(input, caller, action) {
      const url = readText(input, 'QueueUrl')
      if (url === undefined) throw missingParameter('QueueUrl')
      const [, account, name] = /\/(\d{12})\/([^/]+)\/?$/.exec(url) ?? []
      const queue = account && name ? queues.get(queueArn({ account, region: caller.region }, name)) : undefined
      if (queue === undefined) throw queueDoesNotExist()
      requireAccess(queue, caller, action, organizationOf)
      return queue
    },
    requireAccess: (queue, caller, action) => requireAccess(queue, caller, action, organizationOf),
  }
}

export function queueArn(owner: Caller, name: string): string {
  return `arn:aws:sqs:${owner.region}:${owner.account}:${name}`
}

export const isShareable = (action: string) => shareable.includes(action)

/** Whether the queue's redrive policy names that one as its dead-letter queue. */
export function isRedrivenTo(queue: Queue, deadLetterQueueArn: string): boolean {
  const text = queue.attributes['RedrivePolicy']
  return text !== undefined && readRedrivePolicy(text).deadLetterTargetArn === deadLetterQueueArn
}

function requireAccess(queue: Queue, caller: Caller, action: string, organizationOf: OrganizationOf): void {
  const isOwner = caller.account === queue.account
  const principal: Principal = { kind: 'account', id: caller.account }
  const verdict = judge(queue, action, principal, organizationOf(caller.account))
  if (verdict !== 'denied' && (isOwner || (verdict === 'allowed' && isShareable(action)))) return
  const why = verdict === 'denied' ? 'an explicit deny in' : 'no statement of'
  throw new AwsError(
    'AccessDenied',
    `User: arn:aws:iam::${caller.account}:root is not authorized to perform: ${action.toLowerCase()} on resource: ` +
      `${queue.arn} because of ${why} the queue's resource-based policy`,
    403,
  )
}

/** What the queue's policy says about a principal; an AWS service is allowed nothing without a statement. */
export function judge(queue: Queue, action: string, principal: Principal, organization?: string): PolicyVerdict {
  const context = toContext(principal, organization)
  const request: PolicyRequest = { principal, action, resource: queue.arn, context }
  return evaluatePolicy(policyOf(queue), request)
}

function toContext(principal: Principal, organization: string | undefined): PolicyRequest['context'] {
  if (principal.kind === 'service') {
    return {
      'aws:SourceArn': principal.sourceArn,
      'aws:SourceAccount': principal.sourceAccount,
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': principal.id,
    }
  }
  return {
    'aws:PrincipalAccount': principal.id,
    'aws:PrincipalArn': `arn:aws:iam::${principal.id}:root`,
    ...(organization === undefined ? {} : { 'aws:PrincipalOrgID': organization }),
    'aws:PrincipalIsAWSService': 'false',
  }
}

export function policyOf(queue: Queue): Policy | undefined {
  const text = queue.attributes['Policy']
  const reading = text ? parsePolicy(text) : undefined
  return reading?.kind === 'ok' ? reading.policy : undefined
}
