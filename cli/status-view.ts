// What the grid shows, read from the mirror. In: filters. Out: products, dates, cycles, what calendars say where there is none.
// Never: a cycle left out without a word; a grid that fails because a catalog cannot be read.
import { selectCatalogs, toDomainCatalog } from '../catalog/catalog-rows.ts'
import { selectHolds } from '../catalog/holds.ts'
import type { Postgres } from '../clients/postgres.ts'
import { listPresent } from '../mirror/carried-versions.ts'
import { type KnownProduct, listProducts, readNewestDate } from '../mirror/products.ts'
import { type CycleRow, listCycles } from '../mirror/status.ts'
import { addDays, datesOf, keysOver } from '../model/calendar/dates.ts'
import { judgeEmptyBy, type JudgeEmpty } from '../model/calendar/empty-cell.ts'
import { toHeldWords } from '../model/cycle/commands.ts'
import type { Owner } from '../model/definition.ts'
import type { CycleKey, Domain, ProductId } from '../model/ids.ts'
import { CYCLE_STATES, type CycleState, isSettled } from '../model/states.ts'
import { chooseProducts, type ProductChoice, requireDomain } from './choose-products.ts'
import { toSentence } from './failure.ts'
import { toColumn } from './grid.ts'
import type { VersionedRow } from './older-version.ts'

export interface StatusChoice extends ProductChoice {
  /** Empty: any. */
  states: CycleState[]
  late: boolean
  /** The last date shown; absent: the newest that has cycles. */
  date?: string
  /** How many. */
  dates: number
}

export interface StatusView {
  rows: VersionedRow[]
  products: ProductId[]
  columns: string[]
  owners: ReadonlyMap<ProductId, Owner>
  judge: JudgeEmpty
  /** The products that are held, as far as this login sees. */
  held: ReadonlySet<ProductId>
  /** What else is to be known, one line each. */
  notes: string[]
}

const LIMIT = 5_000

/** Reads again and again; the catalogs only when they may have changed. */
export function createStatusReader(db: Postgres, choice: StatusChoice): (nowMs: number) => Promise<StatusView> {
  const readJudge = createJudgeReader(db)
  return async (nowMs) => {
    const known = await listProducts(db)
    const { judge, notes } = await readJudge(nowMs)
    const filter = toFilter(known, choice, nowMs)
    const isSparse = (choice.states.length > 0 || choice.late) && choice.date === undefined
    const days = isSparse ? undefined : await daysOf(db, known, { choice, filter, nowMs })
    const found = await listCycles(db, { ...filter, ...(days && { keys: keysAround(days) }), limit: LIMIT })
    const older = days && choice.date === undefined ? await listOlderOpen(db, filter, days) : []
    const columns = newestColumns(days ? older : found, choice.dates)
    const isShown = ({ key }: CycleRow): boolean => columns.includes(toColumn(key))
    const rows = days ? [...found, ...older.filter(isShown)] : found.filter(isShown)
    const products = toProducts(known, rows, { choice, filter })
    const held = (await selectHolds(db)).filter(({ product }) => products.includes(product))
    return {
      rows: await withPresent(db, rows),
      products,
      columns: [...columns, ...(days ? toColumns(days, found, { products, judge }) : [])],
      owners: new Map(known.map(({ product, owner }) => [product, owner])),
      judge,
      held: new Set(held.map(({ product }) => product)),
      notes: [
        ...notes,
        ...held.map(
          (hold) => `${hold.product} is held ${toHeldWords(hold)}. To end it: sluice release ${hold.product}`,
        ),
        ...(found.length < LIMIT ? [] : [TOO_MANY]),
        ...(older.every(isShown)
          ? []
          : [`There are open cycles of still older dates: sluice status --state ${OPEN.join(' ')}`]),
      ],
    }
  }
}

const TOO_MANY = `Only the newest ${LIMIT} cycles are shown; narrow them with --domain, --product, --owner or --dates.`

interface Filter {
  domain?: Domain
  products?: ProductId[]
  states?: CycleState[]
  lateAt?: string
}

function toFilter(known: KnownProduct[], choice: StatusChoice, nowMs: number): Filter {
  const domain = requireDomain(known, choice.domain)
  const products = chooseProducts(known, choice)?.map(({ product }) => product)
  return {
    ...(domain && { domain }),
    ...(products && { products }),
    ...(choice.states.length > 0 && { states: choice.states }),
    ...(choice.late && { lateAt: new Date(nowMs).toISOString() }),
  }
}

interface Wanted {
  choice: StatusChoice
  filter: Filter
}

/** Without a break, so that closed days have their column. Cycles opened far ahead by hand do not push today away. */
async function daysOf(
  db: Postgres,
  known: KnownProduct[],
  { choice, filter, nowMs }: Wanted & { nowMs: number },
): Promise<string[]> {
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const domains = filter.domain ? [filter.domain] : [...new Set(known.map(({ domain }) => domain))]
  const newest = (to: string): Promise<string | undefined> =>
    readNewestDate(db, { domains, ...(filter.products && { products: filter.products }), to })
  const last = choice.date ?? (await newest(addDays(today, 1))) ?? (await newest('9999')) ?? today
  return keysOver('day', addDays(last, 1 - choice.dates), last)
}

/** Of all periods that hold one of the days. */
const keysAround = (days: string[]): CycleKey[] => {
  const [first = '', last = ''] = [days[0], days.at(-1)]
  return (['hour', 'day', 'week', 'month', 'quarter'] as const).flatMap((period) => keysOver(period, first, last))
}

/** Of dates before those shown: what stands still must not stand outside of the picture. */
async function listOlderOpen(db: Postgres, filter: Filter, [first = '']: string[]): Promise<CycleRow[]> {
  const open = await listCycles(db, { ...filter, states: OPEN, limit: LIMIT })
  return open.filter(({ key }) => datesOf(key as CycleKey).last < first)
}

const OPEN = CYCLE_STATES.filter((state) => !isSettled(state))

const newestColumns = (rows: CycleRow[], dates: number): string[] =>
  [...new Set(rows.map(({ key }) => toColumn(key)))].slice(0, dates)

/** Of weeks, months and quarters only those in which a product has a cycle, or is to have one. */
function toColumns(
  days: string[],
  rows: CycleRow[],
  { products, judge }: { products: ProductId[]; judge: JudgeEmpty },
): string[] {
  const coarse = keysAround(days).filter((key) => toColumn(key) === key && !days.includes(key))
  const isUsed = (key: CycleKey): boolean =>
    rows.some((row) => row.key === key) || products.some((product) => judge(product, key).kind !== 'none')
  return [...days, ...coarse.filter(isUsed)]
}

/** Where states are asked for, products without such a cycle are no news. */
function toProducts(known: KnownProduct[], rows: CycleRow[], { choice, filter }: Wanted): ProductId[] {
  const present = choice.states.length > 0 || choice.late ? [] : known.filter(({ version }) => version !== null)
  const wanted = present.filter(
    ({ product, domain }) =>
      (!filter.domain || domain === filter.domain) && (!filter.products || filter.products.includes(product)),
  )
  return [...new Set([...wanted, ...rows].map(({ product }) => product))]
}

async function withPresent(db: Postgres, rows: CycleRow[]): Promise<VersionedRow[]> {
  const present = await listPresent(db, [...new Set(rows.map(({ product }) => product))])
  const versions = new Map(present.map(({ product, version }) => [product, version]))
  return rows.map((row) => ({ ...row, currentVersion: versions.get(row.product) ?? null }))
}

interface Judged {
  judge: JudgeEmpty
  notes: string[]
}

const CATALOGS_MS = 60_000

/** They are large, and change only when somebody applies. The rows say the same as the bucket, and ask for no rights there. */
function createJudgeReader(db: Postgres): (nowMs: number) => Promise<Judged> {
  let known: (Judged & { untilMs: number }) | undefined
  return async (nowMs) => {
    if (known && nowMs < known.untilMs) return known
    const read = await selectCatalogs(db).then(
      (rows) => ({ judge: judgeEmptyBy(rows.map(toDomainCatalog)), notes: [] }),
      (error: unknown) => ({
        judge: (): { kind: 'none' } => ({ kind: 'none' }),
        notes: [`The catalogs do not answer, so closed days are not hatched: ${toSentence(error)}`],
      }),
    )
    known = { ...read, untilMs: nowMs + CATALOGS_MS }
    return read
  }
}
