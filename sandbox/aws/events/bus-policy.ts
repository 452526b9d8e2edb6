// Who may put on a bus. In: the bus, the putting account, the event. Out: allowed or why not.
// Never: lets another account in without a statement of the receiving bus's policy.

import { evaluatePolicy, type PolicyRequest, type PolicyVerdict } from '../policy.ts'
import type { Bus } from './bus.ts'
import type { EventEnvelope } from './envelope.ts'

export interface Put {
  account: string
  event: Pick<EventEnvelope, 'source' | 'detail-type'>
  /** The rule that forwards; absent for PutEvents. */
  ruleArn?: string
  /** The organisation of the putting account, if it has one. */
  organization: string | undefined
}

/** What the policy says of it; about its own account's puts a policy may be silent. */
export function judgePut(bus: Bus, put: Put): PolicyVerdict {
  const verdict = evaluatePolicy(bus.policy, toRequest(bus, put))
  return verdict === 'silent' && put.account === bus.account ? 'allowed' : verdict
}

function toRequest(bus: Bus, put: Put): PolicyRequest {
  return {
    principal: { kind: 'account', id: put.account },
    action: 'events:PutEvents',
    resource: bus.arn,
    context: {
      'aws:PrincipalAccount': put.account,
      'aws:PrincipalArn': `arn:aws:iam::${put.account}:root`,
      'aws:PrincipalOrgID': put.organization,
      'aws:SourceArn': put.ruleArn,
      'aws:SourceAccount': put.ruleArn && put.account,
      'events:source': put.event.source,
      'events:detail-type': put.event['detail-type'],
      'events:eventBusInvocation': String(put.ruleArn !== undefined),
    },
  }
}
