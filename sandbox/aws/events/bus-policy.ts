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
}

/** The owner may, but for an explicit Deny. All sandbox accounts are of the organization `o-sandbox`. */
export function isPutAllowed(bus: Bus, put: Put): boolean {
  const verdict: PolicyVerdict = evaluatePolicy(bus.policy, toRequest(bus, put))
  return verdict === 'allowed' || (verdict === 'silent' && put.account === bus.account)
}

function toRequest(bus: Bus, put: Put): PolicyRequest {
  return {
    principal: { kind: 'account', id: put.account },
    action: 'events:PutEvents',
    resource: bus.arn,
    context: {
      'aws:PrincipalAccount': put.account,
      'aws:PrincipalArn': `arn:aws:iam::${put.account}:root`,
      'aws:PrincipalOrgID': 'o-sandbox',
      'aws:SourceArn': put.ruleArn,
      'aws:SourceAccount': put.ruleArn && put.account,
      'events:source': put.event.source,
      'events:detail-type': put.event['detail-type'],
      'events:eventBusInvocation': String(put.ruleArn !== undefined),
    },
  }
}
