// One batch: parse, authorise, route, deliver, record, and say which messages may be deleted.
// Never: names a message for deletion before what it says is durable: in Temporal, or else in PostgreSQL.
import type { Message } from '@aws-sdk/client-sqs'
import type { Client } from '@temporalio/client'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import type { CycleId } from '../model/ids.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type CycleDelivery, type Delivered, deliver } from './deliver.ts'
import { completeGlueRun, type GlueEndParts } from './glue-end.ts'
import type { BridgeLedger } from './ledger.ts'
import { type Settlement, settle, toRefusal, toUntaken } from './settle.ts'
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
  /** Trouble that passes, for which the other messages stay. */
  trouble: Error | undefined
}

export async function handleBatch(parts: BatchParts, messages: Message[]): Promise<BatchResult> {
  const items = await sortOut(parts, messages)
  const said = await deliverAll(parts, items)
  const settlements = await Promise.all(
    items.map(async (item) => ({ item, settlement: await settleItem(parts, item, said) })),
  )
  const troubles = settlements.flatMap(({ settlement }) => (settlement.kind === 'later' ? [settlement.error] : []))
  const toWrite = settlements.filter(({ settlement }) => settlement.kind === 'record' || settlement.kind === 'refuse')
  const trouble = await write(parts, toWrite)
  const handled = settlements.filter(
    ({ settlement }) => settlement.kind === 'done' || (settlement.kind !== 'later' && !trouble),
  )
  return { handled: handled.map(({ item }) => item.message), trouble: trouble ?? troubles[0] }
}

/** One call per cycle, whatever number of messages of the batch concern it. */
async function deliverAll(parts: BatchParts, items: Item[]): Promise<Map<CycleId, Delivered>> {
  const deliveries = [...mergeByCycle(items).values()]
  const answers = await Promise.all(deliveries.map((delivery) => deliver(parts.temporal, parts.settings, delivery)))
  const said = new Map<CycleId, Delivered>()
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
      if (verdict.news.kind === 'refreshed') delivery.arrivals.push(verdict.news.arrival)
      else delivery.blockers.push(verdict.news.blocker)
      byCycle.set(route.cycle, delivery)
    }
  }
  return byCycle
}

async function settleItem(parts: BatchParts, item: Item, said: Map<CycleId, Delivered>): Promise<Settlement> {
  const { verdict } = item
  switch (verdict.kind) {
    case 'ignored':
      return { kind: 'done' }
    case 'later':
      return verdict
    case 'refused':
      return toRefusal(item, verdict.refusal)
    case 'unmatched':
      return { kind: 'record', event: toUntaken(item, 'unmatched', verdict.reason) }
    case 'glue-end':
      return completeGlueRun(parts, verdict.news)
    case 'routed':
      return settle(parts.ledger, { ...item, verdict }, said)
  }
}

/** Rows first, then the dead-letter queue: a refusal that is not written yet stays where it is. */
async function write(parts: BatchParts, toWrite: { item: Item; settlement: Settlement }[]): Promise<Error | undefined> {
  if (toWrite.length === 0) return undefined
  try {
    await parts.ledger.recordUntaken(
      toWrite.flatMap(({ settlement }) =>
        settlement.kind === 'record' || settlement.kind === 'refuse' ? [settlement.event] : [],
      ),
    )
    for (const { item, settlement } of toWrite) {
      if (settlement.kind === 'refuse') await parts.deadLetters.send(item.body, settlement.refusal)
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
