// In: a message that could be read, and who sent it. Out: null when that sender may say this; else the refusal.
// A second fence: the first is the central bus policy, which pins account, source and detail-type.

import { ownerAccount, type RoutingIndex } from '../model/calendar/routing.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import { toEventSource } from '../model/refresh-event.ts'
import { type Parsed, type Refused, refuse, type Sender } from './parse.ts'

/**
 * The source must be the product's domain, the account its owner's or that of the central bus: whether an event keeps
 * its account when a rule forwards it to another account is not documented (docs/aws-assumptions.md, A1).
 */
export function authorise(
  index: RoutingIndex,
  centralAccount: string,
  parsed: Exclude<Parsed, Refused>,
): Refused | null {
  const refusal = findRefusal(index, centralAccount, parsed)
  return refusal && { ...refusal, sender: parsed.sender }
}

function findRefusal(index: RoutingIndex, centralAccount: string, parsed: Exclude<Parsed, Refused>): Refused | null {
  const { sender } = parsed
  switch (parsed.kind) {
    case 'refreshed':
      return mayPublish(index, centralAccount, sender, parsed.arrival.product, parsed.eventId)
    case 'not-refreshed':
      return mayPublish(index, centralAccount, sender, parsed.blocker.product, parsed.eventId)
    case 'foreign':
      // Who may send it, each mapping says (own-externals.ts).
      return null
    case 'glue-end':
      // Only as the end of a run of ours: whether an external means it all the same, sort-out.ts asks.
      return isOwnGlue(index, sender)
        ? null
        : refuse(
            'wrong-source',
            `a Glue state change came from ${sender.source} in account ${sender.account}`,
            parsed.eventId,
          )
  }
}

function mayPublish(
  index: RoutingIndex,
  centralAccount: string,
  sender: Sender,
  product: ProductId,
  eventId: string,
): Refused | null {
  const owner = ownerAccount(index, product)
  // A domain nobody knows has no account to compare: routing calls the product unknown, after one reload.
  if (owner === undefined) return null
  const source = toEventSource(domainOf(product))
  if (sender.source === source && (sender.account === owner || sender.account === centralAccount)) return null
  const found = `source ${sender.source} in account ${sender.account}`
  return {
    ...refuse('wrong-source', `${found} may not publish ${product}; expected ${source} in ${owner}`, eventId),
    product,
  }
}

const isOwnGlue = (index: RoutingIndex, sender: Sender): boolean =>
  sender.source === 'aws.glue' && sender.account === index.catalog.domain.account
