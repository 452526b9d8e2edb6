// In: what to list. Out: events of the ledger, newest first, each with what it did. Never: a list without a limit.
import { type EventFilter, type LedgerEvent, listEvents } from '../mirror/events.ts'
import { type CycleParts, type Domain, toCycleId } from '../model/ids.ts'
import type { DeliveryOutcome, LedgerOutcome } from '../model/states.ts'
import { withConnection } from './connection.ts'
import { type Output, print, printJson, talk, toTable } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

export interface EventListOptions {
  domain?: string
  product?: string
  cycle?: CycleParts
  outcome?: LedgerOutcome
  delivery?: DeliveryOutcome
  /** ISO instants. */
  from?: string
  to?: string
  last: number
  stack?: string
  output: Output
}

export async function list(options: EventListOptions): Promise<number> {
  return withConnection(options, CENTRAL, async ({ db }) => {
    const events = await listEvents(db(), toFilter(options))
    if (options.output === 'json') printJson(events)
    else if (events.length === 0) talk('No event is like that.')
    else print(toTable(['seen', 'domain', 'event', '', 'what it did'], events.map(toCells)))
    return 0
  })
}

function toFilter({ domain, product, cycle, outcome, delivery, from, to, last }: EventListOptions): EventFilter {
  return {
    ...(domain && { domain: domain as Domain }),
    ...(product && { product }),
    ...(cycle && { cycle: toCycleId(cycle.product, cycle.key) }),
    ...(outcome && { outcomes: [outcome] }),
    ...(delivery && { delivery }),
    ...(from && { from }),
    ...(to && { to }),
    limit: last,
  }
}

const toCells = (event: LedgerEvent): string[] => [
  event.firstSeenAt,
  event.domain,
  event.eventId,
  event.outcome + (event.seen > 1 ? ` ×${event.seen}` : ''),
  toDeedCell(event),
]

const MOST = 3

/** One line an event: of many cycles the first, and how many more. */
export function toDeedCell({ reason, deliveries }: Pick<LedgerEvent, 'reason' | 'deliveries'>): string {
  if (deliveries.length === 0) return reason ?? ''
  const first = deliveries.slice(0, MOST).map(({ cycle, outcome }) => `${cycle} ${outcome}`)
  const more = deliveries.length - first.length
  return first.join(', ') + (more > 0 ? `, and ${more} more` : '')
}
