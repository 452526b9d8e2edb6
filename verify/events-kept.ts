// I1 and I2. In: evidence. Out: events that were lost or have no one outcome; arrivals that nobody sent. Pure.
// Never: takes an event for relevant that no definition and no opened cycle waits for.
import { domainOf, parseCycleId, parseEventId } from '../model/ids.ts'
import type { CycleEvidence, Evidence } from './evidence.ts'
import { broughtTo, fold } from './fold.ts'
import { refreshesPut, refreshesQueued } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

type Event = { domain: string; eventId: string; seenIn: string[]; messageIds: string[] }

/** Each relevant event has its one ledger row and, where routed, one outcome for each cycle that waits for it. */
export function checkEvents(evidence: Evidence): Checked {
  const rows = Map.groupBy(evidence.ledger.events, ({ domain, eventId }) => `${domain} ${eventId}`)
  const outcomes = Map.groupBy(
    evidence.ledger.deliveries,
    ({ domain, eventId, cycle, upstream }) => `${domain} ${eventId} ${cycle} ${upstream}`,
  )
  const consumers = consumersOf(evidence.cycles)
  const looks = relevantEvents(evidence, consumers).map((event): Look => {
    const { domain, eventId } = event
    const found = rows.get(`${domain} ${eventId}`) ?? []
    const wasRefused = event.messageIds.some((id) => rows.has(`${domain} sqs:${id}`))
    if (found.length === 0 && wasRefused) return []
    if (found.length !== 1) {
      const says = `${eventId} reached domain ${domain} and has ${found.length} rows in event_ledger instead of one`
      return [{ invariant: 'I1', eventId, says, evidence: event.seenIn }]
    }
    if (found[0]?.outcome !== 'routed') return []
    return checkOutcomes(event, consumers, outcomes)
  })
  return toChecked(looks)
}

function checkOutcomes(event: Event, consumers: Consumers, outcomes: Map<string, unknown[]>): Look {
  const { domain, eventId } = event
  const subject = parseEventId(eventId)
  const upstream = subject && parseCycleId(subject.cycle)?.product
  const waiting = consumers.waiting.get(`${domain} ${subject?.cycle}`) ?? []
  return waiting.flatMap((cycle) => {
    const count = outcomes.get(`${domain} ${eventId} ${cycle} ${upstream}`)?.length ?? 0
    // A revision that another overtook before the cycle was open may never have reached it.
    const isOvertaken = count === 0 && !consumers.brought.has(`${cycle} ${eventId}`)
    if (count === 1 || (isOvertaken && consumers.newest.get(`${domain} ${subject?.cycle}`) !== eventId)) return []
    const says = `${eventId} has ${count} outcomes for ${cycle} in event_delivery instead of one`
    return [{ invariant: 'I1' as const, cycle, eventId, says, evidence: event.seenIn }]
  })
}

interface Consumers {
  /** Cycles by the domain and upstream cycle they wait for. */
  waiting: Map<string, string[]>
  /** `<cycle> <event>` as histories have it. */
  brought: Set<string>
  /** The newest revision's event by domain and upstream cycle. */
  newest: Map<string, string>
}

function consumersOf(cycles: CycleEvidence[]): Consumers {
  const edges = cycles.flatMap(({ cycle, runs }) =>
    (runs.at(-1)?.input.expected ?? []).map(({ product, key }) => ({
      on: `${domainOf(cycle)} ${product}/${key}`,
      cycle,
    })),
  )
  const arrivals = cycles.flatMap(({ cycle, runs }) =>
    runs.flatMap(broughtTo).map(({ arrival }) => ({ cycle, arrival })),
  )
  const byRevision = arrivals.toSorted((a, b) => a.arrival.revision - b.arrival.revision)
  return {
    waiting: new Map(
      [...Map.groupBy(edges, ({ on }) => on)].map(([on, all]) => [on, all.map(({ cycle }) => cycle as string)]),
    ),
    brought: new Set(arrivals.map(({ cycle, arrival }) => `${cycle} ${arrival.eventId}`)),
    newest: new Map(
      byRevision.map(({ cycle, arrival }) => [`${domainOf(cycle)} ${arrival.product}/${arrival.key}`, arrival.eventId]),
    ),
  }
}

/** By the sandbox where it is the witness, and by what the histories were brought. */
function relevantEvents({ sandbox = [], cycles, definitions, domains }: Evidence, consumers: Consumers): Event[] {
  const queued = refreshesQueued(sandbox, domains).filter(({ domain, cycle, atMs }) => {
    if (consumers.waiting.has(`${domain} ${cycle}`)) return true
    const product = parseCycleId(cycle)?.product
    return definitions.some(
      ({ definition, appliedAt }) =>
        domainOf(definition.product) === domain &&
        Date.parse(appliedAt) <= atMs &&
        definition.dependsOn.some((edge) => edge.product === product),
    )
  })
  const seen = [
    ...queued.map(({ domain, eventId, messageId, seq }) => ({
      ...{ domain: domain as string, eventId, messageIds: [messageId] },
      seenIn: `sandbox row ${seq}: event ${eventId} put into the queue of ${domain} as message ${messageId}`,
    })),
    ...cycles.flatMap(({ cycle, runs }) =>
      runs.flatMap(broughtTo).map(({ arrival, at }) => ({
        ...{ domain: domainOf(cycle) as string, eventId: arrival.eventId, messageIds: [] as string[] },
        seenIn: `history of ${cycle}, event ${at}: brought ${arrival.eventId}`,
      })),
    ),
  ]
  return [...Map.groupBy(seen, ({ domain, eventId }) => `${domain} ${eventId}`).values()].flatMap(([first, ...more]) =>
    first
      ? [
          {
            ...first,
            seenIn: [first, ...more].map(({ seenIn }) => seenIn),
            messageIds: [first, ...more].flatMap(({ messageIds }) => messageIds),
          },
        ]
      : [],
  )
}

/** Each input that arrived points to an event of its own product and cycle, which the ledger and AWS know. */
export function checkArrivals(evidence: Evidence): Checked {
  const { sandbox, ledger, mirror, cycles } = evidence
  const taken = new Set(
    ledger.events.filter(({ outcome }) => outcome !== 'refused').map(({ domain, eventId }) => `${domain} ${eventId}`),
  )
  const put = sandbox && new Set(refreshesPut(sandbox).map(({ eventId }) => eventId))
  const arrived = [
    ...mirror.dependencies.filter(({ state }) => state === 'ARRIVED'),
    ...cycles.flatMap((one) =>
      fold(one)
        .dependencies.filter(({ state }) => state === 'ARRIVED')
        .map(({ product, key, arrival }) => ({ cycle: one.cycle, product, key, eventId: arrival?.eventId ?? null })),
    ),
  ]
  return toChecked(
    arrived.map(({ cycle, product, key, eventId }): Look => {
      const id = eventId ?? ''
      const problems = [
        ...(parseEventId(id)?.cycle === `${product}/${key}` ? [] : [`is no event of ${product}/${key}`]),
        ...(taken.has(`${domainOf(cycle)} ${id}`) ? [] : [`is not taken by event_ledger of ${domainOf(cycle)}`]),
        ...(!put || put.has(id) ? [] : ['was accepted by no bus']),
      ]
      const says = `${cycle} took "${id}" for ${product}/${key}, which ${problems.join(' and ')}`
      const row = `data_product_dependencies_events_status ${cycle} <- ${product}/${key}: ARRIVED ${id}`
      return problems.length > 0 ? [{ invariant: 'I2', cycle, eventId: id, says, evidence: [row] }] : []
    }),
  )
}
