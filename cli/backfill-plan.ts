// What a backfill would do, cycle by cycle. In: the domain's catalog, a range of dates, what the mirror knows. Out: which cycles
// open, which are there already, which of those are made anew, which dates have none and why; or why there is nothing to do.
// Never: a start; a cycle left out without a word.
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { listOverwritten, listSeen, type Overwritten } from '../mirror/backfill.ts'
import { recall } from '../mirror/recall.ts'
import type { SeenCycle } from '../model/backfill.ts'
import { isToRerun, type RerunWish } from '../model/backfill-rerun.ts'
import { type BackfillRange, type DateRange, daysIn, listRange, MOST_DAYS } from '../model/calendar/backfill-range.ts'
import { openCycle } from '../model/calendar/due.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import type { CycleInput, CycleSettings } from '../model/cycle/cycle.ts'
import { foresee } from '../model/cycle/foresee.ts'
import { toLocation } from '../model/cycle/outgoing.ts'
import type { DefinitionVersion, ProductDefinition } from '../model/definition.ts'
import { type CycleKey, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import type { CycleState, Step } from '../model/states.ts'
import { type AskedRerun, toAskedRerun } from '../workflows/backfill-contract.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { whyNoDefinition } from './no-definition.ts'
import { talk, toCount } from './output.ts'

export type PlannedCycle = { key: CycleKey } & (
  | {
      does: 'open' /** Upstreams that are not there yet; null: the mirror could not say. */
      waitsFor: ProductId[] | null
    }
  | ({ does: 'rerun'; state: CycleState } & Anew)
  | { does: 'refused'; state: CycleState; reason: string }
  | { does: 'nothing'; state: CycleState }
  | { does: 'none'; reason: string }
)

/** Of a cycle that is there and would be made anew. */
export interface Anew {
  step: Step | null
  /** Where the data lies that it writes over; null: none was published there, or what is made is only published. */
  overwrites: string | null
  /** The revision that it publishes; null: the product tells nobody. */
  revision: number | null
  /** Cycles of consumers that have run on what is there; and those of other domains, which this login may not see, that do or wait. */
  usedBy: number
  hidden: number
}

export interface BackfillPlan extends DateRange {
  product: ProductId
  definitionVersion: number
  /** By whom the product is held; null: by nobody. */
  heldBy: string | null
  /** What of those that are there is made anew; absent: none. */
  asked?: AskedRerun
  /** Each cycle of the range and each date without one, in order. */
  cycles: PlannedCycle[]
}

/** More than that is a slip, or work for several commands. */
export const MOST_CYCLES = 2_000

/** @throws CommandFailure when there is nothing that may be opened, or what was asked makes no sense. */
export async function planBackfill(
  catalog: DomainCatalog,
  product: ProductId,
  given: DateRange & { db: Postgres; settings: CycleSettings; nowMs: number; rerun?: RerunWish },
): Promise<BackfillPlan> {
  const { from, to, db, settings, nowMs, rerun } = given
  const version = requireVersion(catalog, product, from)
  const timetable = toTimetable(catalog)
  const range = requireRange(version, { from, to }, () => listRange(timetable, version.definition, { from, to }, nowMs))
  const look = (): Promise<SeenCycle[]> => listSeen(db, product, range.keys)
  const seen = await (rerun ? requireLook(look) : orNull('which of them are there already', look))
  const known = new Map(seen?.map((one) => [one.key, one]))
  const toOpen = range.keys
    .filter((key) => !known.has(key))
    .map((key) => openCycle(timetable, version, { key, openedBy: 'backfill', settings }))
  const missing = await orNull('which inputs are there', () => foreseeAll(db, toOpen, nowMs))
  const held = timetable.heldBy?.(product)
  const toRerun = (rerun && seen?.filter((one) => isToRerun(rerun, one))) ?? []
  const anew = await planReruns(db, version, { toRerun, heldBy: held?.actor ?? null })
  const cycles = [
    ...range.keys.map((key) => anew.get(key) ?? toPlanned(key, known.get(key), missing)),
    ...range.notScheduled.map(({ key, reason }): PlannedCycle => ({ key, does: 'none', reason })),
  ]
  return {
    ...{ product, from, to, definitionVersion: version.version, heldBy: held?.actor ?? null },
    ...(rerun && { asked: toAskedRerun(rerun) }),
    cycles: cycles.toSorted((one, other) => (one.key < other.key ? -1 : 1)),
  }
}

function requireVersion(catalog: DomainCatalog, product: ProductId, from: string): DefinitionVersion {
  const version = catalog.products.find(({ definition }) => definition.product === product)
  if (version) return version
  throw refuse(whyNoDefinition(catalog, { product, key: from as CycleKey }))
}

function requireRange({ definition }: DefinitionVersion, dates: DateRange, list: () => BackfillRange): BackfillRange {
  const { from, to } = dates
  const { product } = definition
  if (from > to) throw refuse(`--from ${from} is after --to ${to}.`)
  if (daysIn(dates) > MOST_DAYS)
    throw refuse(`${from} to ${to} is ${daysIn(dates)} days; at most ${MOST_DAYS} at once.`)
  const range = list()
  const [uncovered, notYet] = [range.uncovered[0], range.notYet[0]]
  if (uncovered) throw refuse(`Whether ${product} has a cycle ${uncovered.key} is not known: ${uncovered.reason}.`)
  if (notYet) {
    const due = new Date(notYet.dueMs).toISOString()
    throw refuse(
      `${toCycleId(product, notYet.key)} is due at ${due} and opens by itself then` +
        `${range.notYet.length > 1 ? `, as do ${range.notYet.length - 1} after it` : ''}. Let --to end before it.`,
    )
  }
  if (range.keys.length > MOST_CYCLES)
    throw refuse(
      `${product} has ${range.keys.length} cycles from ${from} to ${to}; at most ${MOST_CYCLES} at once: ask for them in parts.`,
    )
  if (range.keys.length === 0) throw refuse(`${product} has no cycle from ${from} to ${to}${toReasons(range)}.`)
  return range
}

/** Different ones, each with the first date it is about. */
function toReasons({ notScheduled }: BackfillRange): string {
  const first = new Map(notScheduled.toReversed().map(({ key, reason }) => [reason, key]))
  const reasons = [...first].toReversed().slice(0, 3)
  return reasons.length === 0 ? '' : `: ${reasons.map(([reason, key]) => `${key}: ${reason}`).join('; ')}`
}

const refuse = (why: string): CommandFailure => new CommandFailure(EXIT.notAllowed, why)

/** What a plan can be told without: a backfill finds it out again when it opens them. */
async function orNull<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask()
  } catch (error) {
    if (!isOutage(error)) throw error
    talk(`PostgreSQL does not answer, so ${what} is not known.`)
    return null
  }
}

/** Else what is there would be told to open. */
async function requireLook<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!isOutage(error)) throw error
    const why = 'PostgreSQL does not answer, so which cycles are there to be made anew is not known'
    throw new Error(`${why}. Nothing was done; ask again once it is back. See: sluice doctor`, { cause: error })
  }
}

async function planReruns(
  db: Postgres,
  { definition }: DefinitionVersion,
  { toRerun, heldBy }: { toRerun: SeenCycle[]; heldBy: string | null },
): Promise<Map<CycleKey, PlannedCycle>> {
  if (toRerun.length === 0) return new Map()
  const keys = toRerun.map(({ key }) => key)
  const rows = await listOverwritten(db, definition.product, keys)
  const byKey = new Map(rows.map((row) => [row.key, row]))
  return new Map(
    toRerun.flatMap(({ key, state }): [CycleKey, PlannedCycle][] => {
      const row = byKey.get(key)
      if (!row) return []
      const reason = foreseeRefusal(row, heldBy)
      if (reason !== null) return [[key, { key, does: 'refused', state, reason }]]
      return [[key, { key, does: 'rerun', state, ...toAnew(definition, row) }]]
    }),
  )
}

/** As a rerun is refused; null: it is not. The hold of a cycle of its own ends with its run. */
function foreseeRefusal({ step, hasRun, heldBy }: Overwritten, productHeldBy: string | null): string | null {
  const holder = productHeldBy ?? (hasRun ? heldBy : null)
  if (holder !== null) return `it is held by ${holder}`
  return hasRun && step === 'wait' ? 'it starts by itself when its inputs are there' : null
}

/** What was made and not published is there: only its event follows. */
function toAnew(definition: ProductDefinition, { key, step, location, revision, usedBy, hidden }: Overwritten): Anew {
  const isOver = step !== 'publish' && location !== null && location === toLocation(definition, key)
  const next = definition.publish === null ? null : revision + 1
  return { step, overwrites: isOver ? location : null, revision: next, usedBy, hidden }
}

/** What each would wait for; one question for all of them. */
async function foreseeAll(db: Postgres, inputs: CycleInput[], nowMs: number): Promise<Map<CycleKey, ProductId[]>> {
  const [first] = inputs
  if (!first) return new Map()
  const expected = new Map(
    inputs.flatMap((input) => input.expected.map((one) => [toCycleId(one.product, one.key), one] as const)),
  )
  const { arrivals, skipped } = await recall(db, domainOf(first.product), [...expected.values()])
  const [arrived, blocked] = [byCycle(arrivals), byCycle(skipped)]
  return new Map(
    inputs.map((input) => {
      const own = input.expected.map(({ product, key }) => toCycleId(product, key))
      const found = {
        arrivals: own.flatMap((cycle) => arrived.get(cycle) ?? []),
        skipped: own.flatMap((cycle) => blocked.get(cycle) ?? []),
      }
      return [input.key, foresee(input, found, nowMs).missing]
    }),
  )
}

const byCycle = <One extends { product: ProductId; key: CycleKey }>(all: One[]) =>
  Map.groupBy(all, ({ product, key }) => toCycleId(product, key))

function toPlanned(
  key: CycleKey,
  seen: SeenCycle | undefined,
  missing: Map<CycleKey, ProductId[]> | null,
): PlannedCycle {
  if (seen) return { key, does: 'nothing', state: seen.state }
  return { key, does: 'open', waitsFor: missing && (missing.get(key) ?? []) }
}

/** `6 cycles: 4 to open, 2 there already; 2 not scheduled`; with reruns `12 cycles: 4 to open, 6 to rerun, 2 left alone`. */
export function toPlanWords({ cycles, asked }: BackfillPlan): string {
  const count = (does: PlannedCycle['does']): number => cycles.filter((one) => one.does === does).length
  const [none, refused] = [count('none'), count('refused')]
  const there = asked
    ? `${count('rerun')} to rerun, ${count('nothing')} left alone`
    : `${count('nothing')} there already`
  return (
    `${toCount(cycles.length - none, 'cycle')}: ${count('open')} to open, ${there}` +
    (refused > 0 ? `, ${refused} refused` : '') +
    (none > 0 ? `; ${none} not scheduled` : '')
  )
}
