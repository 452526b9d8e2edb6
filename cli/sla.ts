// In: a day. Out: every cycle that is expected then, open or not, with its margin. Never: a cycle that its definition promises and
// nobody has opened left out, unless the catalogs do not answer, which is said.
import { selectCatalogs, toDomainCatalog } from '../catalog/catalog-rows.ts'
import type { Postgres } from '../clients/postgres.ts'
import { listProductFacts } from '../mirror/blockers.ts'
import { type CommitmentFilter, listCommitted, listRecorded } from '../mirror/commitments.ts'
import { type KnownProduct, listProducts } from '../mirror/products.ts'
import { toCalendars } from '../model/calendar/calendars.ts'
import { commitmentsOf } from '../model/calendar/commitments.ts'
import { toExpectation } from '../model/calendar/expectation.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import { type CycleKey, domainOf, type ProductId } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import { chooseProducts, type ProductChoice, requireDomain } from './choose-products.ts'
import { withConnection } from './connection.ts'
import { toSentence } from './failure.ts'
import { colourState, type Output, print, printJson, talk, toTable } from './output.ts'
import {
  type Commitment,
  judge,
  marginWords,
  type Promised,
  type SlaRow,
  summarise,
  summaryWords,
} from './sla-words.ts'
import { CENTRAL } from './stack-environment.ts'
import { type Symbols, symbolsFor } from './symbols.ts'

interface SlaOptions extends ProductChoice {
  /** A date in UTC; absent: today. */
  date?: string
  stack?: string
  output: Output
}

const LIMIT = 5_000

export async function sla(options: SlaOptions): Promise<number> {
  return withConnection(options, CENTRAL, async (connection) => {
    const nowMs = Date.now()
    const date = options.date ?? new Date(nowMs).toISOString().slice(0, 10)
    const { rows, notes } = await readSla(connection.db(), options, { date, nowMs })
    const summary = summarise(rows)
    if (options.output === 'json') printJson({ date, summary, commitments: rows })
    else if (rows.length > 0)
      print(
        [toSlaTable(rows, symbolsFor(process.env, process.platform)), '', `${date}: ${summaryWords(summary)}`].join(
          '\n',
        ),
      )
    else talk(`No cycle is expected on ${date} (UTC). Another day: --date; a definition promises one by availableBy.`)
    for (const note of notes) talk(note)
    return 0
  })
}

interface Day {
  date: string
  nowMs: number
}

export async function readSla(
  db: Postgres,
  choice: ProductChoice,
  { date, nowMs }: Day,
): Promise<{ rows: SlaRow[]; notes: string[] }> {
  const known = await listProducts(db)
  const domain = requireDomain(known, choice.domain)
  const products = chooseProducts(known, choice)?.map(({ product }) => product)
  const filter = { ...(domain && { domain }), ...(products && { products }) }
  const fromMs = Date.parse(`${date}T00:00:00Z`)
  const span = { fromMs, toMs: fromMs + DAY_MS }
  const { catalogs, notes } = await readCatalogs(db)
  const opened = await listOpened(db, { ...filter, ...toInstants(span), limit: LIMIT })
  const promised = await listPromised(db, catalogs, { ...filter, ...span })
  const all = [...opened, ...promised].toSorted(
    (one, other) => one.availableByMs - other.availableByMs || one.cycle.localeCompare(other.cycle),
  )
  const usualOf = await readUsual(db, catalogs, { all, nowMs })
  const owners = new Map(known.map(({ product, owner }) => [product, owner]))
  const rows = all.map((one) => toRow(one, { nowMs, owner: owners.get(one.product) ?? null, usualAt: usualOf(one) }))
  return {
    rows,
    notes:
      opened.length < LIMIT
        ? notes
        : [...notes, `Only the first ${LIMIT} are listed; narrow them with --domain or --owner.`],
  }
}

const toInstants = ({ fromMs, toMs }: { fromMs: number; toMs: number }) => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
})

async function readCatalogs(db: Postgres): Promise<{ catalogs: DomainCatalog[]; notes: string[] }> {
  try {
    return { catalogs: (await selectCatalogs(db)).map(toDomainCatalog), notes: [] }
  } catch (error) {
    const note = `The catalogs do not answer, so cycles that are not open are not listed: ${toSentence(error)}`
    return { catalogs: [], notes: [note] }
  }
}

const listOpened = async (db: Postgres, filter: CommitmentFilter): Promise<Commitment[]> =>
  (await listCommitted(db, filter)).map(({ availableBy, ...row }) => ({
    ...row,
    availableByMs: Date.parse(availableBy),
  }))

interface PromisedFilter {
  fromMs: number
  toMs: number
  domain?: string
  products?: ProductId[]
}

/** One that is open goes by what it was opened with, whatever the definition says since. */
async function listPromised(
  db: Postgres,
  catalogs: DomainCatalog[],
  { domain, products, ...span }: PromisedFilter,
): Promise<Promised[]> {
  const all = catalogs
    .filter((catalog) => domain === undefined || catalog.domain.domain === domain)
    .flatMap((catalog) => commitmentsOf(toTimetable(catalog), catalog.products, span))
    .filter(({ product }) => !products || products.includes(product))
  const recorded = await listRecorded(
    db,
    all.map(({ cycle }) => cycle),
  )
  return all.filter(({ cycle }) => !recorded.has(cycle)).map((one) => ({ ...one, state: null }))
}

/** As `explain` says it: the middle one of the last cycles, where they are enough. */
async function readUsual(
  db: Postgres,
  catalogs: DomainCatalog[],
  { all, nowMs }: { all: (Commitment | Promised)[]; nowMs: number },
): Promise<(one: { product: ProductId; key: string }) => string | null> {
  const products = [...new Set(all.map(({ product }) => product))]
  const facts = await listProductFacts(db, products, new Date(nowMs).toISOString())
  const known = new Map(facts.map((one) => [one.product, one]))
  const calendars = toCalendars(catalogs.flatMap((catalog) => catalog.calendars))
  return ({ product, key }) => {
    const { usualMs } = toExpectation(calendars, known.get(product), { key: key as CycleKey, nowMs })
    return usualMs === null ? null : new Date(usualMs).toISOString()
  }
}

interface Beside {
  nowMs: number
  owner: KnownProduct['owner'] | null
  usualAt: string | null
}

const toRow = (one: Commitment | Promised, { nowMs, owner, usualAt }: Beside): SlaRow => ({
  ...{ cycle: one.cycle, product: one.product, key: one.key, domain: domainOf(one.product), owner },
  expectedBy: new Date(one.availableByMs).toISOString(),
  ...(one.state === null
    ? NOT_OPEN
    : { state: one.state, step: one.step, held: one.held, isHeld: one.isHeld, doneAt: one.firstCompletedAt }),
  usualAt,
  ...judge(one, nowMs),
})

const NOT_OPEN = { state: null, step: null, held: null, isHeld: false, doneAt: null }

export const toSlaTable = (rows: SlaRow[], symbols: Symbols): string =>
  toTable(
    ['expected by', 'cycle', 'owner', 'state', 'done', 'usual', 'margin'],
    rows.map((row) => [
      ...[toMinute(row.expectedBy), row.cycle, row.owner?.team ?? ''],
      ...[toStateCell(row, symbols), toMinute(row.doneAt), toMinute(row.usualAt), toMarginCell(row, symbols)],
    ]),
  )

/** `2026-11-20T22:00Z`. */
const toMinute = (instant: string | null): string => (instant === null ? '' : `${instant.slice(0, 16)}Z`)

function toStateCell({ state, step, isHeld }: SlaRow, symbols: Symbols): string {
  if (state === null) return `${symbols.due} not open`
  const words = [
    symbols.states[state],
    state,
    ...(step ? [`(${step})`] : []),
    ...(isHeld && !isSettled(state) ? [`${symbols.held} held`] : []),
  ]
  return colourState(state, words.join(' '))
}

/** With the sign of the state that has its meaning. */
function toMarginCell(row: SlaRow, symbols: Symbols): string {
  const words = marginWords(row)
  if (row.verdict === 'met') return colourState('COMPLETED', `${symbols.states.COMPLETED} ${words}`)
  if (row.verdict === 'missed' || row.verdict === 'late') return colourState('ERROR', `${symbols.late} ${words}`)
  return words
}
