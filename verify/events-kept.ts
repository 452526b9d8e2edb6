// I1. In: evidence. Out: events and notices that were lost, or that have no one outcome for a cycle. Pure.
// Never: takes an event for relevant that no definition and no opened cycle waits for.
import type { LedgerRow } from '../mirror/events.ts'
import type { Delivery } from '../model/cycle/cycle.ts'
import { takesBack } from '../model/cycle/withdrawals.ts'
import { type CycleKey, domainOf, parseCycleId, parseEventId, type ProductId, toCycleId } from '../model/ids.ts'
import { type Consumers, consumersOf } from './consumers.ts'
import type { CycleEvidence, Evidence, RunEvidence } from './evidence.ts'
import { checkForeign, isExternal } from './externals.ts'
import { blockersTo, broughtTo, recordsOf } from './fold.ts'
import { noticesQueued, type QueuedEvent, refreshesQueued } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

interface Event {
  domain: string
  eventId: string
  /** When a queue first had it; null where only a history tells of it. */
  atMs: number | null
  seenIn: string[]
  messageIds: string[]
}

/** Each relevant event has its one ledger row and, where routed, one outcome for each cycle that waits for it. */
export function checkEvents(evidence: Evidence): Checked {
  const rows = Map.groupBy(evidence.ledger.events, ({ domain, eventId }) => `${domain} ${eventId}`)
  const outcomes = Map.groupBy(
    evidence.ledger.deliveries,
    ({ domain, eventId, cycle, upstream }) => `${domain} ${eventId} ${cycle} ${upstream}`,
  )
  const consumers = consumersOf(evidence)
  const looks = relevantEvents(evidence, consumers).map((event): Look => {
    const { domain, eventId } = event
    const found = rows.get(`${domain} ${eventId}`) ?? []
    const wasRefused = event.messageIds.some((id) => rows.has(`${domain} sqs:${id}`))
    if (found.length === 0 && wasRefused) return []
    if (found.length !== 1) {
      const says = `${eventId} reached domain ${domain} and has ${found.length} rows in event_ledger instead of one`
      return [{ invariant: 'I1', eventId, says, evidence: event.seenIn }]
    }
    return found[0] ? checkOutcomes({ event, row: found[0] }, consumers, outcomes) : []
  })
  return toChecked([
    ...looks,
    ...checkForeign(evidence),
    ...evidence.cycles.map(checkJudgedOnce),
    ...checkLate(evidence),
  ])
}

/** "Late" is what a cycle had to do without: a newer revision of what it had is a correction. */
function checkLate({ ledger, mirror }: Evidence): Look[] {
  const inputs = new Map(mirror.dependencies.map((row) => [`${row.cycle} ${row.product} ${row.key}`, row]))
  const late = ledger.deliveries.filter(({ outcome }) => outcome === 'late')
  return late.map(({ cycle, eventId, upstream, upstreamKey, revision }): Look => {
    const input = inputs.get(`${cycle} ${upstream} ${upstreamKey}`)
    if (input?.state !== 'ARRIVED' || (revision ?? 0) <= (input.revision ?? 0)) return []
    const says = `${eventId} is called late for ${cycle}, which had revision ${input.revision} of it: a correction`
    const row = `data_product_dependencies_events_status ${cycle} <- ${upstream}/${upstreamKey}: ARRIVED ${input.eventId}`
    return [{ invariant: 'I1', cycle, eventId, says, evidence: [`event_delivery ${cycle}: ${eventId} late`, row] }]
  })
}

function checkOutcomes(
  { event, row }: { event: Event; row: LedgerRow },
  consumers: Consumers,
  outcomes: Map<string, unknown[]>,
): Look {
  const { domain, eventId } = event
  const subject = subjectOf(row)
  if (!subject) return []
  const firstMs = Date.parse(row.firstSeenAt)
  const againMs = row.redrivenAt ? Date.parse(row.redrivenAt) : 0
  const times = { cameMs: Math.max(event.atMs ?? firstMs, againMs), keptAtMs: Math.max(firstMs, againMs) }
  const kept = { ...event, ...subject, ...times, isUnmatched: row.outcome === 'unmatched' }
  const product = parseCycleId(subject.upstream)?.product
  return consumers.waitingFor(domain, subject.upstream).flatMap((cycle) => {
    const count = outcomes.get(`${domain} ${eventId} ${cycle} ${product}`)?.length ?? 0
    if (count === 1 || (count === 0 && !consumers.mustHear(cycle, kept))) return []
    const says = `${eventId} has ${count} outcomes for ${cycle} in event_delivery instead of one`
    return [{ invariant: 'I1' as const, cycle, eventId, says, evidence: event.seenIn }]
  })
}

/** What it says was published. Of events of ours without a taker nothing is asked, of others they are kept for later. */
function subjectOf({ eventId, outcome, product, key, revision }: LedgerRow) {
  if (isExternal(eventId))
    return outcome !== 'refused' && product && key && revision !== null
      ? { upstream: toCycleId(product as ProductId, key as CycleKey), revision }
      : undefined
  const own = outcome === 'routed' ? parseEventId(eventId) : undefined
  return own && { upstream: own.cycle, revision: own.revision }
}

/**
 * A run gives each event one outcome, however often it comes; but what was taken back before it was used is withdrawn, and
 * what it had no use for it may take by a newer definition.
 */
function checkJudgedOnce({ cycle, runs }: CycleEvidence): Look {
  return runs.flatMap((run) => {
    const told = new Map<string, { outcome: string; seen: number }>()
    const flushed = askedDeliveries(run)
    return flushed.flatMap((one): Look => {
      const { eventId, outcome, seen, version, isRepeated } = one
      const before = told.get(eventId)
      told.set(eventId, { outcome, seen })
      const isAnew = isUpgraded(run) && (before?.outcome === 'late' || before?.outcome === 'partial')
      const isSame = before?.outcome === outcome || isAnew || (outcome === 'withdrawn' && isTakenBack(run, one))
      if (!isRepeated && (!before || (isSame && before.seen <= seen))) return []
      const says = `${cycle} judged ${eventId} twice: ${before?.outcome}, then ${outcome}`
      return [{ invariant: 'I1', cycle, eventId, says, evidence: [`history of ${cycle}: flush of version ${version}`] }]
    })
  })
}

const isUpgraded = (run: RunEvidence): boolean =>
  recordsOf(run).some(({ actions }) => actions.some(({ action, refused }) => action === 'upgrade' && refused === null))

const isTakenBack = (run: RunEvidence, { upstream, upstreamKey, revision }: Delivery): boolean =>
  blockersTo(run).some(({ blocker }) => takesBack(blocker, { product: upstream, key: upstreamKey, revision }))

const askedDeliveries = (run: CycleEvidence['runs'][number]) =>
  recordsOf(run).flatMap(({ version, deliveries }) => {
    const ids = deliveries.map(({ eventId }) => eventId)
    return deliveries.map((one, at) => ({ ...one, version, isRepeated: ids.indexOf(one.eventId) < at }))
  })

/** By the sandbox where it is the witness, by the ledger of what others sent, and by what the histories were brought. */
function relevantEvents({ sandbox = [], cycles, domains, ledger }: Evidence, consumers: Consumers): Event[] {
  const refreshes = refreshesQueued(sandbox, domains).filter(consumers.mustHave)
  const notices = noticesQueued(sandbox, domains).filter(consumers.surelyRoutes)
  const externals = ledger.events.filter(({ eventId }) => isExternal(eventId))
  const seen = [
    ...[...refreshes, ...notices].map(toEvent),
    ...externals.map(({ domain, eventId, firstSeenAt, outcome }) => ({
      ...{ domain: domain as string, eventId, atMs: Date.parse(firstSeenAt), messageIds: [] as string[] },
      seenIn: [`event_ledger ${domain}: ${eventId} ${outcome}`],
    })),
    ...cycles.flatMap(({ cycle, runs }) =>
      runs.flatMap(broughtTo).map(({ arrival, at }) => ({
        ...{ domain: domainOf(cycle) as string, eventId: arrival.eventId, atMs: null, messageIds: [] as string[] },
        seenIn: [`history of ${cycle}, event ${at}: brought ${arrival.eventId}`],
      })),
    ),
  ]
  return [...Map.groupBy(seen, ({ domain, eventId }) => `${domain} ${eventId}`).values()].map(merge)
}

const toEvent = ({ domain, eventId, messageId, seq, atMs }: QueuedEvent): Event => ({
  ...{ domain: domain as string, eventId, atMs, messageIds: [messageId] },
  seenIn: [`sandbox row ${seq}: event ${eventId} put into the queue of ${domain} as message ${messageId}`],
})

const merge = (same: Event[]): Event => ({
  ...(same[0] as Event),
  seenIn: same.flatMap(({ seenIn }) => seenIn),
  messageIds: same.flatMap(({ messageIds }) => messageIds),
})
