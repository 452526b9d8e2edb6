// In: evidence. Out: where it is seen that an upstream cycle is published, for whom, and that a Glue run ended. Pure.
// Never: a publication that the asking domain may not know of.
import { GLUE_ENDS } from '../model/cycle/attempt.ts'
import type { Blocker } from '../model/cycle/cycle.ts'
import { type CycleId, type CycleKey, domainOf, isNoticeId, parseEventId, type ProductId } from '../model/ids.ts'
import { consumersOf, INDEX_LAG_MS } from './consumers.ts'
import type { Evidence, SandboxRow } from './evidence.ts'
import { refreshesPut, refreshesQueued } from './sandbox-rows.ts'

export interface Publications {
  /** In words; undefined where nothing shows that this cycle, which waits for it since then, could know. */
  seenBy(cycle: CycleId, upstream: Awaited, sinceMs: number): string | undefined
}

interface Awaited {
  product: ProductId
  key: CycleKey
  /** With the word that it was taken back, up to which revision. */
  blocker: Blocker | null
}

/** A tick of the scheduler repairs what passed a cycle by; it comes each ten minutes and may be tried again. */
const REPAIR_MS = 20 * 60_000

export function findPublications(evidence: Evidence, beforeMs: number): Publications {
  const { sandbox = [], domains, ledger, mirror } = evidence
  const { surelyRoutes } = consumersOf(evidence)
  const queued = Map.groupBy(
    refreshesQueued(sandbox, domains).filter(({ atMs }) => atMs < beforeMs),
    ({ domain, cycle }) => `${domain} ${cycle}`,
  )
  const taken = ledger.events.filter(
    ({ outcome, eventId, firstSeenAt }) =>
      outcome === 'routed' && !isNoticeId(eventId) && Date.parse(firstSeenAt) < beforeMs,
  )
  const told = Map.groupBy(taken, ({ domain, product, key }) => `${domain} ${product}/${key}`)
  const put = new Map(refreshesPut(sandbox).map((one) => [one.eventId, one]))
  const recallable = mirror.statuses.flatMap(({ cycle, domain, visibility, publishedEventId }) => {
    const row = put.get(publishedEventId ?? '')
    if (!row || row.atMs > beforeMs - REPAIR_MS) return []
    return [
      [
        cycle as string,
        { domain, visibility, eventId: row.eventId, line: `sandbox row ${row.seq}: ${row.eventId} put` },
      ] as const,
    ]
  })
  const kept = new Map(recallable)
  return {
    seenBy(cycle, { product, key, blocker }, sinceMs) {
      const own = domainOf(cycle)
      const counts = (eventId: string): boolean => (parseEventId(eventId)?.revision ?? 1) > (blocker?.withdraws ?? 0)
      const last = kept.get(`${product}/${key}`)
      const row = last && counts(last.eventId) ? last : undefined
      const isForAll = row?.visibility === 'mesh' || row?.domain === own
      // One that came before its bridge knew of the edge left no trace there.
      const heard = queued
        .get(`${own} ${product}/${key}`)
        ?.filter(({ eventId }) => counts(eventId))
        .find((event) => surelyRoutes(event) || event.atMs > sinceMs + INDEX_LAG_MS)
      const line = heard && `sandbox row ${heard.seq}: ${heard.eventId} reached ${own}`
      const taken = told.get(`${own} ${product}/${key}`)?.find(({ eventId }) => counts(eventId))
      return (taken && `event_ledger ${own}: ${taken.eventId} routed`) ?? line ?? (isForAll ? row?.line : undefined)
    },
  }
}

export const findEnds = (rows: SandboxRow[]): Map<string, SandboxRow> =>
  new Map(
    rows
      .filter(({ kind, outcome }) => kind === 'run-state' && GLUE_ENDS.some((end) => end === outcome))
      .map((row) => [String(row.facts['JobRunId']), row]),
  )
