// In: an item and what Temporal said to each of its cycles. Out: what is left to do: nothing, write it down, refuse, wait.
// Never: takes "already started" for "late": PostgreSQL is asked what the closed cycle knew (DESIGN 3.1); books a refusal
// under an id that only its sender vouches for.
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import type { UntakenDelivery, UntakenEvent } from '../mirror/ledger.ts'
import type { OpeningDecision, Route } from '../model/calendar/routing.ts'
import { judgeByPast, judgeUnheeded, judgeUntaken, type UntakenJudgement } from '../model/calendar/untaken.ts'
import type { CycleId } from '../model/ids.ts'
import { type Answers, type Delivered, tell } from './deliver.ts'
import type { BridgeLedger } from './ledger.ts'
import { type Later, toLater } from './outage.ts'
import { type RefusalCode, type Refused, refuse } from './parse.ts'
import type { Item, RefreshNews } from './sort-out.ts'

export type Settlement =
  | { kind: 'done' }
  | { kind: 'record'; event: UntakenEvent }
  | { kind: 'refuse'; refusal: Refused; event: UntakenEvent }
  | Later

export interface TellingParts {
  temporal: Client
  ledger: BridgeLedger
}

type UnmatchedItem = Item & { verdict: Extract<Item['verdict'], { kind: 'unmatched' }> }
type RoutedItem = Item & { verdict: Extract<Item['verdict'], { kind: 'routed' }> }

export async function settle(
  ledger: BridgeLedger,
  item: RoutedItem,
  said: ReadonlyMap<CycleId, Answers>,
): Promise<Settlement> {
  const { news, routes } = item.verdict
  const part = news.kind === 'refreshed' ? 'arrivals' : 'blockers'
  const answers = routes.map(({ route, opening }) => ({ route, opening, said: said.get(route.cycle)?.[part] }))
  for (const { said } of answers) {
    if (said?.kind === 'unavailable') return toLater(said.concerns, said.error)
    if (said?.kind === 'refused') return toRefusal(item, refuse('too-large-for-temporal', said.reason, news.eventId))
  }
  return news.kind === 'refreshed' ? settleArrival(ledger, item, news, answers) : settleBlocker(item, news, answers)
}

interface Answer {
  route: Route
  opening: OpeningDecision
  said: Delivered | undefined
}

/** An event that hundreds of cycles look back on leaves connections for others. */
const ASKED = { concurrency: 4 }

async function settleArrival(
  ledger: BridgeLedger,
  item: Item,
  news: Extract<RefreshNews, { kind: 'refreshed' }>,
  answers: Answer[],
): Promise<Settlement> {
  const untaken = answers.filter(({ said }) => said?.kind !== 'accepted')
  if (untaken.length === 0) return { kind: 'done' }
  try {
    const judged = await pMap(untaken, (answer) => judge(ledger, news, answer), ASKED)
    const deliveries = judged.filter((delivery) => delivery !== null)
    const isTaken = deliveries.length > 0 || untaken.length < answers.length
    if (isTaken && deliveries.length === 0) return { kind: 'done' }
    if (isTaken) return { kind: 'record', event: { ...toUntaken(item, 'routed', null), deliveries } }
    const { outcome, reason } = judgeUnheeded(answers.map(({ opening }) => opening))
    return { kind: 'record', event: toUntaken(item, outcome, reason) }
  } catch (error) {
    return toLater('message', error)
  }
}

/**
 * No cycle that the definitions of now name, but one that was opened by older ones may wait for it, such as that of a day
 * which a calendar has closed since: the mirror knows.
 */
export async function settleUnmatched({ temporal, ledger }: TellingParts, item: UnmatchedItem): Promise<Settlement> {
  const { news, reason } = item.verdict
  const [arrivals, blockers] = news.kind === 'refreshed' ? [[news.arrival], []] : [[], [news.blocker]]
  try {
    const cycles = await ledger.listWaiting(news.kind === 'refreshed' ? news.arrival : news.blocker)
    const answers = await pMap(cycles, (cycle) => tell(temporal, cycle, { arrivals, blockers }), ASKED)
    const trouble = answers.find((said) => said.kind === 'unavailable')
    if (trouble) return toLater(trouble.concerns, trouble.error)
    const told = cycles.filter((_, at) => answers[at]?.kind === 'accepted')
    if (told.length === 0) return { kind: 'record', event: toUntaken(item, 'unmatched', reason) }
    return news.kind === 'refreshed' ? { kind: 'done' } : toNamed(item, news, told)
  } catch (error) {
    return toLater('message', error)
  }
}

async function judge(
  ledger: BridgeLedger,
  news: Extract<RefreshNews, { kind: 'refreshed' }>,
  { route, opening, said }: Answer,
): Promise<UntakenDelivery | null> {
  const { eventId, arrival } = news
  const toDelivery = (judgement: UntakenJudgement) => ({
    cycle: route.cycle,
    upstream: arrival.product,
    ...judgement,
  })
  const how = said?.kind === 'absent' ? 'absent' : 'closed'
  const judged = judgeUntaken(how, opening)
  if (judged === 'nothing') return null
  if (judged !== 'ask-past') return toDelivery(judged)
  const { product, key, revision } = arrival
  const past = await ledger.judgePast({ cycle: route.cycle, eventId, product, key, revision })
  const byPast = judgeByPast(how, past)
  return byPast && toDelivery(byPast)
}

function settleBlocker(item: Item, news: RefreshNews, answers: Answer[]): Settlement {
  return toNamed(
    item,
    news,
    answers.filter(({ said }) => said?.kind === 'accepted').map(({ route }) => route.cycle),
  )
}

function toNamed(item: Item, { eventId }: RefreshNews, named: CycleId[]): Settlement {
  const outcome = named.length > 0 ? 'routed' : 'unmatched'
  const reason = named.length > 0 ? `named as the blocker of ${named.join(', ')}` : 'no open cycle waits for it'
  return { kind: 'record', event: { ...toUntaken(item, outcome, reason), eventId } }
}

/** Refused only after the id was found to be the product's, and the sender its owner where the domain is known. */
const BELIEVED: readonly RefusalCode[] = ['unknown-product', 'too-large-for-temporal']

/** A forged or spoilt event gets a row of its own: under the id it gives itself, the true event's row would hide it. */
export function toRefusal(item: Item, refusal: Refused): Settlement {
  const { code, eventId: claimedId, sender, product, key } = refusal
  const ownId = BELIEVED.includes(code) ? claimedId : null
  const claim = claimedId && !ownId && !refusal.reason.includes(claimedId) ? `; it calls itself "${claimedId}"` : ''
  const event = toUntaken(item, 'refused', `${code}: ${refusal.reason}${claim}`)
  return {
    kind: 'refuse',
    refusal,
    event: {
      ...event,
      eventId: ownId ?? toRowId(item),
      source: sender?.source ?? event.source,
      account: sender?.account ?? event.account,
      product: product ?? event.product,
      key: key ?? event.key,
    },
  }
}

const toRowId = (item: Item): string => `sqs:${item.message.MessageId ?? ''}`

/** The ledger's row of an event no cycle took; facts of the event are there as far as they could be read. */
export function toUntaken(item: Item, outcome: UntakenEvent['outcome'], reason: string | null): UntakenEvent {
  const { verdict } = item
  const news = verdict.kind === 'routed' || verdict.kind === 'unmatched' ? verdict.news : null
  const sender = news?.sender ?? (verdict.kind === 'unmapped' ? verdict.news.sender : null)
  // Under an id of its own: once the mapping is right, the same event gets the id of what it means.
  const foreignId = verdict.kind === 'unmapped' ? `foreign:${verdict.news.event.id}` : null
  const arrival = news?.kind === 'refreshed' ? news.arrival : null
  const subject = arrival ?? (news?.kind === 'not-refreshed' ? news.blocker : null)
  return {
    eventId: news?.eventId ?? foreignId ?? toRowId(item),
    outcome,
    reason,
    messageId: item.message.MessageId ?? '',
    body: item.body,
    source: sender?.source ?? null,
    account: sender?.account ?? null,
    product: subject?.product ?? null,
    key: subject?.key ?? null,
    revision: arrival?.revision ?? null,
    location: arrival?.location ?? null,
    correlationId: arrival?.correlationId ?? null,
    occurredAt: subject?.occurredAt ?? null,
    deliveries: [],
  }
}
