// In: an item and what Temporal said to each of its cycles. Out: what is left to do: nothing, write it down, refuse, wait.
// Never: takes "already started" for "late": PostgreSQL is asked what the closed cycle knew (DESIGN 3.1); books a refusal
// under an id that only its sender vouches for.
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import { compareWithLastEnd, readLastEnd } from '../clients/last-result.ts'
import type { UntakenDelivery, UntakenEvent } from '../mirror/ledger.ts'
import { isPastStale, mayComeBack, reopenFor } from '../model/calendar/come-back.ts'
import type { OpeningDecision, OpeningWindow, Route } from '../model/calendar/routing.ts'
import { judgeByPast, judgeUnheeded, judgeUntaken, type UntakenJudgement } from '../model/calendar/untaken.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { laterEnd } from '../model/cycle/last-end.ts'
import { isWithdrawal } from '../model/cycle/withdrawals.ts'
import type { CycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { type Answers, bringBack, type Delivered, tell } from './deliver.ts'
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
  settings: CycleSettings
  window: OpeningWindow
  nowMs(): number
}

type UnmatchedItem = Item & { verdict: Extract<Item['verdict'], { kind: 'unmatched' }> }
type RoutedItem = Item & { verdict: Extract<Item['verdict'], { kind: 'routed' }> }

export async function settle(
  parts: TellingParts,
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
  return news.kind === 'refreshed'
    ? settleArrival(parts, { item, news, answers })
    : settleBlocker(parts, { item, news, answers })
}

interface Answer {
  route: Route
  opening: OpeningDecision
  said: Delivered | undefined
}

/** An event that hundreds of cycles look back on leaves connections for others. */
const ASKED = { concurrency: 4 }

interface Answered<News extends RefreshNews> {
  item: Item
  news: News
  answers: Answer[]
}

async function settleArrival(
  parts: TellingParts,
  { item, news, answers }: Answered<Extract<RefreshNews, { kind: 'refreshed' }>>,
): Promise<Settlement> {
  const untaken = answers.filter(({ said }) => said?.kind !== 'accepted')
  if (untaken.length === 0) return { kind: 'done' }
  try {
    const isNobodys = untaken.length === answers.length
    const others = isNobodys ? await tellWaiting(parts, news) : { kind: 'told' as const, cycles: [] }
    if (others.kind === 'later') return others
    const left = untaken.filter(({ route }) => !others.cycles.includes(route.cycle))
    const judged = await pMap(left, (answer) => judge(parts, news, answer), ASKED)
    const trouble = judged.find((one) => one.kind === 'later')
    if (trouble) return trouble
    const deliveries = judged.flatMap((one) => (one.kind === 'judged' ? [one.delivery] : []))
    const isTaken = judged.some(({ kind }) => kind !== 'nothing') || !isNobodys || others.cycles.length > 0
    if (isTaken && deliveries.length === 0) return { kind: 'done' }
    if (isTaken) return { kind: 'record', event: { ...toUntaken(item, 'routed', null), deliveries } }
    const { outcome, reason } = judgeUnheeded(answers.map(({ opening }) => opening))
    return { kind: 'record', event: toUntaken(item, outcome, reason) }
  } catch (error) {
    return toLater('message', error)
  }
}

/** No cycle that the definitions of now name; perhaps one that was opened by older ones. */
export async function settleUnmatched(parts: TellingParts, item: UnmatchedItem): Promise<Settlement> {
  const { news, reason } = item.verdict
  try {
    const others = await tellWaiting(parts, news)
    if (others.kind === 'later') return others
    if (others.cycles.length === 0) return { kind: 'record', event: toUntaken(item, 'unmatched', reason) }
    return news.kind === 'refreshed' ? { kind: 'done' } : toNamed(item, news, others.cycles)
  } catch (error) {
    return toLater('message', error)
  }
}

/**
 * To whom an event is nothing by the definitions of now, it may be what an open cycle waits for, such as that of a day which
 * a calendar has closed since: the mirror knows. @throws while PostgreSQL is away.
 */
async function tellWaiting(
  { temporal, ledger }: TellingParts,
  news: RefreshNews,
): Promise<{ kind: 'told'; cycles: CycleId[] } | Later> {
  const [arrivals, blockers] = news.kind === 'refreshed' ? [[news.arrival], []] : [[], [news.blocker]]
  const cycles = await ledger.listWaiting(news.kind === 'refreshed' ? news.arrival : news.blocker)
  const answers = await pMap(cycles, (cycle) => tell(temporal, cycle, { arrivals, blockers }), ASKED)
  const trouble = answers.find((said) => said.kind === 'unavailable')
  if (trouble) return toLater(trouble.concerns, trouble.error)
  return { kind: 'told', cycles: cycles.filter((_, at) => answers[at]?.kind === 'accepted') }
}

type Judged =
  | { kind: 'nothing' }
  | { kind: 'judged'; delivery: UntakenDelivery }
  /** It brought the cycle back, whose run says itself what it meant. */
  | { kind: 'taken' }
  | Later

async function judge(
  parts: TellingParts,
  news: Extract<RefreshNews, { kind: 'refreshed' }>,
  { route, opening, said }: Answer,
): Promise<Judged> {
  const { eventId, arrival } = news
  const toJudged = (judgement: UntakenJudgement | null): Judged =>
    judgement
      ? { kind: 'judged', delivery: { cycle: route.cycle, upstream: arrival.product, ...judgement } }
      : { kind: 'nothing' }
  const how = said?.kind === 'absent' ? 'absent' : 'closed'
  const judged = judgeUntaken(how, opening)
  if (judged === 'nothing') return { kind: 'nothing' }
  if (judged !== 'ask-past') return toJudged(judged)
  const { product, key, revision } = arrival
  const past = await parts.ledger.judgePast({ cycle: route.cycle, eventId, product, key, revision })
  const back = past?.outcome === 'correction' ? await rerunFor(parts, route, arrival) : null
  return back ?? toJudged(judgeByPast(how, past, { definition: route.version.definition, arrival }))
}

const toOvertaken = (cycle: Route['cycle']): Later =>
  toLater('message', new Error(`${cycle} has run since it was read how it stood`))

/** Null when no run follows from it: then it is only written down. */
async function rerunFor(parts: TellingParts, route: Route, arrival: Arrival): Promise<Judged | null> {
  const askedAtMs = parts.nowMs()
  if (!mayComeBack(route, [arrival], parts.window, askedAtMs)) return null
  const end = await readLastEnd(parts.temporal, route.cycle)
  const past = laterEnd(end.result, await parts.ledger.readPast(route.cycle))
  const input = past && reopenFor(route, past, [arrival], { settings: parts.settings, nowMs: askedAtMs })
  if (!input) return null
  const now = await compareWithLastEnd(parts.temporal, route.cycle, end)
  if (isPastStale(askedAtMs, parts.nowMs()))
    return toLater('message', new Error(`Reading how ${route.cycle} stood took too long to go on from it`))
  if (now === 'other') return toOvertaken(route.cycle)
  const said = await (now === 'open'
    ? tell(parts.temporal, route.cycle, { arrivals: [arrival], blockers: [] })
    : bringBack(parts.temporal, input, [arrival]))
  if (said.kind === 'accepted') return { kind: 'taken' }
  if (said.kind === 'absent') return toOvertaken(route.cycle)
  return said.kind === 'unavailable' ? toLater(said.concerns, said.error) : null
}

async function settleBlocker(parts: TellingParts, { item, news, answers }: Answered<RefreshNews>): Promise<Settlement> {
  const named = answers.filter(({ said }) => said?.kind === 'accepted').map(({ route }) => route.cycle)
  if (named.length > 0) return toNamed(item, news, named)
  try {
    const others = await tellWaiting(parts, news)
    return others.kind === 'later' ? others : toNamed(item, news, others.cycles)
  } catch (error) {
    return toLater('message', error)
  }
}

function toNamed(item: Item, news: RefreshNews, named: CycleId[]): Settlement {
  const { eventId } = news
  // What was taken back is known by it to cycles that open later.
  const isKept = news.kind === 'not-refreshed' && isWithdrawal(news.blocker)
  const outcome = named.length > 0 || isKept ? 'routed' : 'unmatched'
  const what = isKept ? 'told to' : 'named as the blocker of'
  const nobody = isKept ? 'kept for cycles that open later' : 'no open cycle waits for it'
  const reason = named.length > 0 ? `${what} ${named.join(', ')}` : nobody
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
    ...(arrival?.builtFrom && { builtFrom: arrival.builtFrom }),
    ...(arrival?.builtWithout && { builtWithout: arrival.builtWithout }),
    deliveries: [],
  }
}
