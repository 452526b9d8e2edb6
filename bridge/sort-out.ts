// In: messages as they came. Out: for each what to do with it: parse, authorise, route, in that order.
// Never: a call to a database or to Temporal; an event of a product that nobody here waits for ends here.
import type { Message } from '@aws-sdk/client-sqs'
import { toExternal } from '../model/calendar/own-externals.ts'
import {
  decideOpening,
  type OpeningDecision,
  type OpeningWindow,
  type Route,
  type Routing,
  route,
} from '../model/calendar/routing.ts'
import { authorise } from './authorise.ts'
import type { IndexWatch } from './index-watch.ts'
import { type Later, toLater } from './outage.ts'
import type { TakenBack } from './taken-back.ts'
import { type Parsed, parseMessage, type Refused, refuse, refuseType } from './parse.ts'

export type RefreshNews = Extract<Parsed, { kind: 'refreshed' | 'not-refreshed' }>
export type ForeignNews = Extract<Parsed, { kind: 'foreign' | 'glue-end' }>
export type GlueNews = Extract<Parsed, { kind: 'glue-end' }>

export type Verdict =
  | { kind: 'refused'; refusal: Refused }
  | { kind: 'ignored' }
  | { kind: 'unmatched'; news: RefreshNews; reason: string }
  /** An external means such events, but not this one. */
  | { kind: 'unmapped'; news: ForeignNews; reason: string }
  | { kind: 'routed'; news: RefreshNews; routes: { route: Route; opening: OpeningDecision }[] }
  | { kind: 'glue-end'; news: GlueNews }
  | Later

export interface Item {
  message: Message
  body: string
  verdict: Verdict
}

export interface SortingParts {
  index: IndexWatch
  centralAccount: string
  window: OpeningWindow
  takenBack: TakenBack
  nowMs(): number
}

export async function sortOut(parts: SortingParts, messages: Message[]): Promise<Item[]> {
  const items = messages.map((message) => {
    const body = message.Body ?? ''
    return { message, body, parsed: parseMessage(body) }
  })
  for (const { parsed } of items) noteTakenBack(parts, parsed)
  const first = items.map(({ parsed }) => toVerdicts(parts, parsed))
  const isKnown = (verdicts: (Verdict | 'unknown')[] | undefined): boolean => !verdicts?.includes('unknown')
  const trouble = first.every(isKnown) ? undefined : await reload(parts.index)
  return items.flatMap((item, at) => {
    if (isKnown(first[at])) return toItems(item, first[at])
    return toItems(item, trouble ? [toLater('message', trouble)] : toVerdicts(parts, item.parsed))
  })
}

/** First, because the word may stand behind the event in the same batch. */
function noteTakenBack({ index, centralAccount, takenBack }: SortingParts, parsed: Parsed): void {
  if (parsed.kind !== 'not-refreshed' || authorise(index.current(), centralAccount, parsed)) return
  takenBack.note(parsed.blocker)
}

/** A product nobody knows may have been applied a moment ago: one reload, then it is believed to be unknown. */
async function reload(index: IndexWatch): Promise<Error | undefined> {
  try {
    await index.reload()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** One, but for what externals make of an event: it may be several upstreams, and end a run of ours besides. */
function toVerdicts(parts: SortingParts, parsed: Parsed): (Verdict | 'unknown')[] {
  if (parsed.kind === 'refused') return [{ kind: 'refused', refusal: parsed }]
  const refusal = authorise(parts.index.current(), parts.centralAccount, parsed)
  if (parsed.kind === 'glue-end') return toGlueVerdicts(parts, parsed, refusal)
  if (refusal) return [{ kind: 'refused', refusal }]
  return parsed.kind === 'foreign'
    ? (toForeignVerdicts(parts, parsed) ?? ['unknown'])
    : [toRoutedVerdict(parts, parsed)]
}

/** Of another account it ends no run of ours, but an external may mean it; what none means stays refused. */
function toGlueVerdicts(parts: SortingParts, news: GlueNews, refusal: Refused | null): (Verdict | 'unknown')[] {
  const foreign = toForeignVerdicts(parts, news)
  if (refusal) return foreign ?? [{ kind: 'refused', refusal }]
  // Our own jobs may bear the name of one that an external means in another account: no stranger sent their ends.
  const meant = foreign?.filter((verdict) => verdict === 'unknown' || verdict.kind !== 'refused') ?? []
  return [toGlueVerdict(parts, news), ...meant]
}

/** Undefined when no external means such events. */
function toForeignVerdicts(parts: SortingParts, news: ForeignNews): (Verdict | 'unknown')[] | undefined {
  const { catalog, timetable } = parts.index.current()
  const declared = { account: catalog.domain.account, externals: catalog.externals, calendars: timetable.calendars }
  const external = toExternal(declared, news.event)
  switch (external.kind) {
    case 'not-external':
      return undefined
    case 'wrong-account': {
      const refusal = refuse('wrong-source', external.reason, news.eventId)
      return [{ kind: 'refused', refusal: { ...refusal, sender: news.sender } }]
    }
    case 'unmatched':
      return [{ kind: 'unmapped', news, reason: external.reason }]
    case 'arrivals':
      return external.arrivals.map((arrival) => {
        const refreshed = { kind: 'refreshed' as const, eventId: arrival.eventId, sender: news.sender, arrival }
        const verdict = toRoutedVerdict(parts, refreshed)
        if (verdict === 'unknown' || verdict.kind !== 'ignored') return verdict
        // Nobody else remembers it: who comes to wait for it finds it here.
        return { kind: 'unmatched', news: refreshed, reason: `no product waits for ${arrival.product} yet; it is kept` }
      })
  }
}

const toGlueVerdict = (parts: SortingParts, news: GlueNews): Verdict =>
  parts.index.current().jobs.has(news.jobName) ? { kind: 'glue-end', news } : { kind: 'ignored' }

function toRoutedVerdict(parts: SortingParts, news: RefreshNews): Verdict | 'unknown' {
  const { product, key } = news.kind === 'refreshed' ? news.arrival : news.blocker
  try {
    return toVerdictOf(parts, news, route(parts.index.current(), product, key))
  } catch (error) {
    // A newer CLI may have applied what this version cannot compute: it holds up the messages that need it, and no other.
    const found = error instanceof Error ? error.message : String(error)
    const where = `Could not route ${product} for ${key} by the definitions of ${parts.index.current().catalog.domain.domain}`
    return toLater(
      'message',
      new Error(`${where}: ${found} Correct the definition or update Sluice.`, { cause: error }),
    )
  }
}

function toVerdictOf(parts: SortingParts, news: RefreshNews, routing: Routing): Verdict | 'unknown' {
  switch (routing.kind) {
    case 'unknown':
      return 'unknown'
    case 'irrelevant':
      return { kind: 'ignored' }
    case 'unmatched':
      return { kind: 'unmatched', news, reason: routing.reason }
    case 'routed': {
      const nowMs = parts.nowMs()
      const isTakenBack = news.kind === 'refreshed' && parts.takenBack.has(news.arrival)
      const routes = routing.routes.map((route) => ({
        route,
        opening: decideOpening(route, parts.window, nowMs, isTakenBack),
      }))
      return { kind: 'routed', news, routes }
    }
  }
}

const toItems = (
  { message, body, parsed }: { message: Message; body: string; parsed: Parsed },
  verdicts: (Verdict | 'unknown')[] | undefined,
): Item[] =>
  (verdicts ?? []).map((verdict) => ({
    ...{ message, body },
    verdict: verdict === 'unknown' ? { kind: 'refused', refusal: toUnknown(parsed) } : verdict,
  }))

function toUnknown(parsed: Parsed): Refused {
  if (parsed.kind === 'foreign') return refuseType(parsed)
  if (parsed.kind !== 'refreshed' && parsed.kind !== 'not-refreshed') return refuse('unknown-type', 'nothing to route')
  const { product, key } = parsed.kind === 'refreshed' ? parsed.arrival : parsed.blocker
  const reason = `no definition knows ${product}, also not after the index was read again`
  return { ...refuse('unknown-product', reason, parsed.eventId), sender: parsed.sender, product, key }
}
