// One batch: parse, authorise, route, deliver, record, and say which messages may be deleted.
// Never: names a message for deletion before what it says is durable: in Temporal, or else in PostgreSQL.
import type { Message } from '@aws-sdk/client-sqs'
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import { isOutage } from '../clients/postgres-errors.ts'
import type { UntakenEvent } from '../mirror/ledger.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import type { CycleId } from '../model/ids.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type Answers, type CycleDelivery, deliver } from './deliver.ts'
import { completeGlueRun, type GlueEndParts } from './glue-end.ts'
import type { BridgeLedger } from './ledger.ts'
import { type Later, toLater } from './outage.ts'
import { type Settlement, settle, settleUnmatched, toRefusal, toUntaken } from './settle.ts'
import { type Item, type SortingParts, sortOut } from './sort-out.ts'

export interface BatchParts extends SortingParts, GlueEndParts {
  temporal: Client
  settings: CycleSettings
  ledger: BridgeLedger
  deadLetters: DeadLetters
}

export interface BatchResult {
  /** Durable elsewhere, so they may be deleted. */
  handled: Message[]
  /** For these it was too early; each says why. */
  staying: { message: Message; later: Later }[]
  /** It was asked for something of this batch and answered; of a Glue run's end this is assumed, also of one not ours. */
  isTemporalThere: boolean
}

export async function handleBatch(parts: BatchParts, messages: Message[]): Promise<BatchResult> {
  const items = await sortOut(parts, messages)
  const said = await deliverAll(parts, items)
  const settled = await Promise.all(
    items.map(async (item) => ({ item, settlement: await settleItem(parts, item, said) })),
  )
  const ended = [...Map.groupBy(await write(parts, settled), ({ item }) => item.message)]
  // An external event may be several things: the message stays until each of them is durable.
  const isLater = ({ end }: { end: End }): boolean => end.kind === 'later'
  return {
    handled: ended.flatMap(([message, ends]) => (ends.some(isLater) ? [] : [message])),
    staying: ended.flatMap(([message, ends]) => {
      const later = ends.map(({ end }) => end).find((end) => end.kind === 'later')
      return later ? [{ message, later }] : []
    }),
    isTemporalThere: settled.some(
      ({ item, settlement }) =>
        (item.verdict.kind === 'routed' || item.verdict.kind === 'glue-end') && settlement.kind !== 'later',
    ),
  }
}

/** Each call has a deadline that begins when it is sent: what waits behind hundreds of others must not run into it. */
const CALLS = { concurrency: 100 }

/** One call per cycle, whatever number of messages of the batch concern it. */
async function deliverAll(parts: BatchParts, items: Item[]): Promise<Map<CycleId, Answers>> {
  const deliveries = [...mergeByCycle(items).values()]
  const answers = await pMap(deliveries, (delivery) => deliver(parts.temporal, parts.settings, delivery), CALLS)
  const said = new Map<CycleId, Answers>()
  deliveries.forEach((delivery, at) => {
    const answer = answers[at]
    if (answer) said.set(delivery.route.cycle, answer)
  })
  return said
}

function mergeByCycle(items: Item[]): Map<CycleId, CycleDelivery> {
  const byCycle = new Map<CycleId, CycleDelivery>()
  for (const { verdict } of items) {
    if (verdict.kind !== 'routed') continue
    for (const { route, opening } of verdict.routes) {
      const delivery = byCycle.get(route.cycle) ?? { route, opening, arrivals: [], blockers: [] }
      if (verdict.news.kind === 'refreshed') {
        // An arrival that may open the cycle opens it for all: an earlier version's may stand before it in the batch.
        if (opening === 'open' || delivery.arrivals.length === 0) Object.assign(delivery, { route, opening })
        delivery.arrivals.push(verdict.news.arrival)
      } else delivery.blockers.push(verdict.news.blocker)
      byCycle.set(route.cycle, delivery)
    }
  }
  return byCycle
}

async function settleItem(parts: BatchParts, item: Item, said: Map<CycleId, Answers>): Promise<Settlement> {
  const { verdict } = item
  switch (verdict.kind) {
    case 'ignored':
      return { kind: 'done' }
    case 'later':
      return verdict
    case 'refused':
      return toRefusal(item, verdict.refusal)
    case 'unmapped':
      return { kind: 'record', event: toUntaken(item, 'unmatched', verdict.reason) }
    case 'unmatched':
      return settleUnmatched(parts, { ...item, verdict })
    case 'glue-end':
      return completeGlueRun(parts, verdict.news)
    case 'routed':
      return settle(parts, { ...item, verdict }, said)
  }
}

interface Settled {
  item: Item
  settlement: Settlement
}

type End = { kind: 'done' } | Later

/** Rows first, then the dead-letter queue: a refusal that is not written yet stays where it is, and it alone. */
async function write(parts: BatchParts, settled: Settled[]): Promise<{ item: Item; end: End }[]> {
  const events = settled.flatMap(({ settlement }) => ('event' in settlement ? [settlement.event] : []))
  const ends = await record(parts.ledger, events)
  return Promise.all(settled.map(async ({ item, settlement }) => ({ item, end: await finish(settlement, item) })))

  async function finish(settlement: Settlement, item: Item): Promise<End> {
    if (!('event' in settlement)) return settlement
    const row = ends.get(settlement.event) ?? { kind: 'done' }
    if (row.kind === 'later' || settlement.kind === 'record') return row
    return attempt(parts.deadLetters.send(item.body, settlement.refusal))
  }
}

/** All in one statement; when PostgreSQL is there and refuses it, one by one: a bad row keeps back only itself. */
async function record(ledger: BridgeLedger, events: UntakenEvent[]): Promise<Map<UntakenEvent, End>> {
  if (events.length === 0) return new Map()
  const together = await attempt(ledger.recordUntaken(events))
  if (together.kind === 'done' || events.length === 1 || isOutage(together.error))
    return new Map(events.map((event) => [event, together]))
  const ends = new Map<UntakenEvent, End>()
  for (const event of events) ends.set(event, await attempt(ledger.recordUntaken([event])))
  return ends
}

async function attempt(work: Promise<void>): Promise<End> {
  try {
    await work
    return { kind: 'done' }
  } catch (error) {
    return toLater('message', error)
  }
}
