// What the scheduler's next tick does with what fell due and is not open. In: a domain. Out: the count before it happens,
// by product. Never: a decision of its own (model/calendar/catch-up.ts has it); PostgreSQL asked.
import { type Client, ScheduleNotFoundError } from '@temporalio/client'
import { listKnownCycles } from '../clients/known-cycles.ts'
import { type ListedDue, listDue, planOpenings, type TickView } from '../model/calendar/catch-up.ts'
import type { Timetable } from '../model/calendar/cycles.ts'
import { toTimetable } from '../model/calendar/routing.ts'
import type { CatchUp } from '../model/definition.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'
import { toScheduleId } from '../workflows/contract.ts'
import type { Connection } from './connection.ts'
import { toCount } from './output.ts'
import { readCatalog } from './read-catalog.ts'

/** Of a product with due cycles that are not open. */
export interface UnopenedCycles {
  product: ProductId
  catchUp: CatchUp
  opens: CycleKey[]
  leavesOut: CycleKey[]
}

export interface DueFound {
  found: string
  unopened: UnopenedCycles[]
}

export async function checkDue(connection: Connection, domain: string): Promise<DueFound> {
  const catalog = await readCatalog(connection, domain)
  const client = await connection.temporal()
  const atMs = Date.now()
  const timetable = toTimetable(catalog)
  const listed = listDue(timetable, catalog.products, atMs)
  const dueKeys = listed.due.flatMap(({ keys }) => keys)
  const known = await listKnownCycles(client, domain, dueKeys)
  return countUnopened(timetable, listed, { atMs, known, tickMs: await readTickMs(client, domain) })
}

export function countUnopened(timetable: Timetable, { due, notFollowed }: ListedDue, view: TickView): DueFound {
  const unopened = due.flatMap((one): UnopenedCycles[] => {
    const { toOpen: opens, leftOut: leavesOut } = planOpenings(timetable, one, view)
    const { product, catchUp = 'all' } = one.version.definition
    return opens.length + leavesOut.length === 0 ? [] : [{ product, catchUp, opens, leavesOut }]
  })
  const uncounted = [...notFollowed].map(([product, reason]) => `; ${product} cannot be counted: ${reason}`)
  return { found: toFound(due.flatMap(({ keys }) => keys).length, unopened) + uncounted.join(''), unopened }
}

function toFound(due: number, unopened: UnopenedCycles[]): string {
  const all = `${toCount(due, 'cycle')} fell due in the last 7 days`
  if (unopened.length === 0) return `${all}, none is unopened`
  const opens = unopened.flatMap((one) => one.opens).length
  const leavesOut = unopened.flatMap((one) => one.leavesOut).length
  return `${all}, ${opens + leavesOut} unopened: the next tick opens ${opens} and leaves out ${leavesOut}`
}

/** As the schedule has it; without one nothing ticks, and what the next tick would do is told all the same. */
async function readTickMs(client: Client, domain: string): Promise<number | undefined> {
  try {
    const { spec } = await client.schedule.getHandle(toScheduleId(domain)).describe()
    return spec.intervals?.[0]?.every
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined
    throw error
  }
}

/** Products beyond these are only counted; `-o json` has them all. */
const LISTED = 10

export function toUnopenedLines(unopened: UnopenedCycles[]): string[] {
  const lines = unopened.slice(0, LISTED).map(({ product, catchUp, opens, leavesOut }) => {
    const said = [
      ...(opens.length > 0 ? [`opens ${toSpan(opens)}`] : []),
      ...(leavesOut.length > 0 ? [`leaves out ${toSpan(leavesOut)}`] : []),
    ]
    return `${product} (catchUp: ${catchUp}): ${said.join(', ')}`
  })
  const more = unopened.length - lines.length
  return more > 0 ? [...lines, `and ${toCount(more, 'more product')}`] : lines
}

/** `2026-11-20`, or `3 (2026-11-18 to 2026-11-20)`. */
const toSpan = (keys: CycleKey[]): string =>
  keys.length === 1 ? `${keys[0]}` : `${keys.length} (${keys[0]} to ${keys.at(-1)})`
