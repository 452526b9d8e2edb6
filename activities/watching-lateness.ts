// Tells the domain's people what is late, and what will be, each cause once. In: the domain.
// Out: notices on its queue. Expectations come from the calendar, so a cycle that nobody opened is late too.
// Never: a page for a backfill; two notices for one cause, but at most under the same id when a worker dies between telling and
// writing it down.
import type { Client } from '@temporalio/client'
import { listKnownCycles } from '../clients/known-cycles.ts'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { readBlockerTrees } from '../mirror/blocker-trees.ts'
import { listRecorded } from '../mirror/commitments.ts'
import { insertLatenessTold, listLatenessTold, listRunLengths, listUnfinished } from '../mirror/lateness.ts'
import { commitmentsOf } from '../model/calendar/commitments.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { FEWEST_CYCLES } from '../model/calendar/expectation.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleId, CycleKey, Domain, ProductId } from '../model/ids.ts'
import { joinLooks } from '../model/joining-looks.ts'
import { type Expected, judgeLateness, type LatenessNotice, planNotices } from '../model/lateness/notices.ts'
import type { Usual } from '../model/lateness/predict.ts'
import type { SchedulerActivities } from '../workflows/contract.ts'

export interface LatenessParts {
  temporal: Client
  db: Postgres
  loadIndex(): Promise<RoutingIndex>
  notify(notice: LatenessNotice): Promise<void>
  warn(message: string, facts: Record<string, unknown>): void
  nowMs(): number
}

/** So long before it is expected a cycle is looked at, and so long after it that is told once. */
const AHEAD_MS = DAY_MS
const BEHIND_MS = DAY_MS

export function createLatenessWatch(parts: LatenessParts): Pick<SchedulerActivities, 'watchLateness'> {
  // Five hundred cycles whose time is up at once each ask for a look at the whole domain.
  const look = joinLooks((domain, atMs) => watch(parts, domain, Math.max(atMs, parts.nowMs())))
  return {
    /** May run twice: what was told is known by its cause. Null = PostgreSQL was away. */
    async watchLateness({ domain, atMs = 0 }) {
      try {
        return { told: await look(domain, atMs) }
      } catch (error) {
        if (!isOutage(error)) throw error
        parts.warn('PostgreSQL does not answer, so nobody looked for what is late', { domain, error: String(error) })
        return { told: null }
      }
    },
  }
}

async function watch(parts: LatenessParts, domain: Domain, nowMs: number): Promise<number> {
  const { db } = parts
  const span = { fromMs: nowMs - BEHIND_MS, toMs: nowMs + AHEAD_MS }
  const unopened = await listUnopened(parts, domain, { ...span, toMs: nowMs + 1 })
  const asked = [...(await listOpen(parts, domain, span)), ...unopened]
  if (asked.length === 0) return 0
  const { trees, facts } = await readBlockerTrees(db, asked, nowMs)
  const expected = asked.map((one): Expected => {
    const { team, email } = facts.get(one.product) ?? {}
    return { ...one, owner: { team: team ?? domain, email: email ?? '' }, tree: trees.get(one.cycle) ?? null }
  })
  const usual = await readUsual(db, [...new Set([...facts.keys(), ...asked.map(({ product }) => product)])], nowMs)
  const causes = expected.flatMap((one) => judgeLateness(one, usual)?.cause ?? [])
  const told = causes.length === 0 ? [] : await listLatenessTold(db, domain, [...new Set(causes)])
  const notices = planNotices(expected, told, usual)
  const sent = await pMap(notices, (notice) => tellOnce(parts, domain, notice), { concurrency: 1 })
  return sent.filter(Boolean).length
}

/** False when somebody else has told it, or does at this moment: his row is waited for. A refused send leaves no row. */
const tellOnce = ({ db, notify }: LatenessParts, domain: Domain, notice: LatenessNotice): Promise<boolean> =>
  db.transaction(async (transaction) => {
    const isFirst = await insertLatenessTold(transaction, domain, notice)
    if (isFirst) await notify(notice)
    return isFirst
  })

interface Promised {
  cycle: CycleId
  product: ProductId
  key: CycleKey
  availableByMs: number
}

interface Span {
  fromMs: number
  toMs: number
}

async function listOpen({ db }: LatenessParts, domain: Domain, { fromMs, toMs }: Span): Promise<Promised[]> {
  const rows = await listUnfinished(db, domain, {
    ...{ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
  })
  return rows.map(({ cycle, product, key, availableBy }) => ({
    ...{ cycle, product, key: key as CycleKey, availableByMs: Date.parse(availableBy) },
  }))
}

/** Expected by the calendar, and not there: neither the mirror nor Temporal, which knows what was opened just now, has it. */
async function listUnopened(
  { db, temporal, loadIndex }: LatenessParts,
  domain: Domain,
  span: Span,
): Promise<Promised[]> {
  const { catalog, timetable } = await loadIndex()
  const promised = commitmentsOf(timetable, catalog.products, span)
  const recorded = await listRecorded(
    db,
    promised.map(({ cycle }) => cycle),
  )
  const missing = promised.filter(({ cycle }) => !recorded.has(cycle))
  if (missing.length === 0) return []
  const known = await listKnownCycles(
    temporal,
    domain,
    missing.map(({ key }) => key),
  )
  return missing.filter(({ cycle }) => !known.has(cycle))
}

async function readUsual(db: Postgres, products: ProductId[], nowMs: number): Promise<Usual> {
  const lengths = await listRunLengths(db, products)
  const known = new Map(
    lengths.flatMap(({ product, seconds, cycles }) =>
      seconds !== null && cycles >= FEWEST_CYCLES ? [[product, seconds * 1_000] as const] : [],
    ),
  )
  return { runMs: (product) => known.get(product), nowMs }
}
