// Tells the domain's people what is late, and what will be, each cause once. In: the domain, or one cycle whose time is up.
// Out: notices on its queue. Expectations come from the calendar, so a cycle that nobody opened is late too.
// Never: a page for a backfill; two notices for one cause, but at most under the same id when a worker dies between telling and
// writing it down.
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
import { type Expected, judgeLateness, type LatenessNotice, planNotices } from '../model/lateness/notices.ts'
import type { Usual } from '../model/lateness/predict.ts'
import type { SchedulerActivities } from '../workflows/contract.ts'

export interface LatenessParts {
  db: Postgres
  loadIndex(): Promise<RoutingIndex>
  notify(notice: LatenessNotice): Promise<void>
  warn(message: string, facts: Record<string, unknown>): void
  nowMs(): number
}

/** So long before it is expected a cycle is looked at, and so long after it that is told once. */
const AHEAD_MS = DAY_MS
const BEHIND_MS = DAY_MS

export const createLatenessWatch = (parts: LatenessParts): Pick<SchedulerActivities, 'watchLateness'> => ({
  /** May run twice: what was told is known by its cause. Null = PostgreSQL was away. */
  async watchLateness({ domain, cycle }) {
    try {
      return { told: await watch(parts, domain, cycle) }
    } catch (error) {
      if (!isOutage(error)) throw error
      parts.warn('PostgreSQL does not answer, so nobody looked for what is late', { domain, error: String(error) })
      return { told: null }
    }
  },
})

async function watch(parts: LatenessParts, domain: Domain, cycle: CycleId | undefined): Promise<number> {
  const { db } = parts
  const nowMs = parts.nowMs()
  const span = { fromMs: nowMs - BEHIND_MS, toMs: nowMs + AHEAD_MS }
  const promised = [
    ...(await listOpen(parts, domain, span)),
    ...(await listUnopened(parts, { ...span, toMs: nowMs + 1 })),
  ]
  const asked = promised.filter((one) => cycle === undefined || one.cycle === cycle)
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
  for (const notice of notices) {
    await parts.notify(notice)
    await insertLatenessTold(db, domain, notice)
  }
  return notices.length
}

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

/** Expected by the calendar, and not there: whoever should have opened it was away. */
async function listUnopened({ db, loadIndex }: LatenessParts, span: Span): Promise<Promised[]> {
  const { catalog, timetable } = await loadIndex()
  const promised = commitmentsOf(timetable, catalog.products, span)
  const recorded = await listRecorded(
    db,
    promised.map(({ cycle }) => cycle),
  )
  return promised.filter(({ cycle }) => !recorded.has(cycle))
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
