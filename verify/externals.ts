// I1 and I6 of events of somebody else's shape. In: evidence. Out: those that left no trace; cycles that took one upstream
// cycle outside the mesh twice. Pure.
// Never: blames the sender: it may tell the same thing under several ids, and then the first one counts.
import type { Evidence } from './evidence.ts'
import { foreignQueued } from './sandbox-rows.ts'
import type { Look } from './verdict.ts'

/** By its id, which names the upstream cycle that the event was taken for (model/calendar/external.ts). */
export const isExternal = (eventId: string): boolean => eventId.startsWith('external:')

/** What reached the queue is in the ledger as what it means, kept unread, or refused. */
export function checkForeign({ sandbox = [], domains, ledger }: Evidence): Look[] {
  const rows = new Set(
    ledger.events.map(({ domain, eventId }) => {
      const id = isExternal(eventId) ? `foreign:${eventId.slice(eventId.lastIndexOf('/') + 1)}` : eventId
      return `${domain} ${id}`
    }),
  )
  return foreignQueued(sandbox, domains).map(({ domain, eventId, messageId, seq }): Look => {
    // As model/calendar/external.ts cuts it.
    const ids = [`foreign:${eventId}`, `foreign:${eventId.slice(0, 100)}`, `sqs:${messageId}`]
    if (ids.some((id) => rows.has(`${domain} ${id}`))) return []
    const says = `${eventId} of somebody else's shape reached domain ${domain} and left no row in event_ledger`
    const row = `sandbox row ${seq}: event ${eventId} put into the queue of ${domain} as message ${messageId}`
    return [{ invariant: 'I1', eventId, says, evidence: [row] }]
  })
}

/** Each upstream cycle satisfies a dependency once: what comes later is a duplicate or another revision. */
export function checkTakenOnce({ ledger }: Evidence): Look[] {
  const satisfied = ledger.deliveries.filter(({ outcome, eventId }) => outcome === 'satisfied' && isExternal(eventId))
  const byInput = Map.groupBy(satisfied, ({ cycle, upstream, upstreamKey }) => `${cycle} <- ${upstream}/${upstreamKey}`)
  return [...byInput].map(([input, same]): Look => {
    const [first, ...others] = same
    if (!first || others.length === 0) return []
    const ids = same.map(({ eventId }) => eventId)
    const says = `${first.cycle} was satisfied ${same.length} times by ${first.upstream}/${first.upstreamKey}`
    const evidence = ids.map((id) => `event_delivery ${input}: ${id} satisfied`)
    return [{ invariant: 'I6', cycle: first.cycle, eventId: others[0]?.eventId ?? first.eventId, says, evidence }]
  })
}
