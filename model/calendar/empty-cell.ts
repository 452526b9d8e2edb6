// Why a product has no cycle of a key, where none is open. In: the catalogs, a product, a key. Out: closed, due, or neither.
// Never: "closed" of what the calendar does not cover, or of what is named by other periods.
import type { ProductId } from '../ids.ts'
import { type CycleKey, periodOf } from '../ids.ts'
import { toCadence } from './cadence.ts'
import { keysOver } from './dates.ts'
import { type PlacedCycle, type ProductSchedule, placeCycle, type Timetable } from './cycles.ts'
import { firstDateOf } from './due.ts'
import { type DomainCatalog, toTimetable } from './routing.ts'

export type EmptyCell =
  /** Its schedule has no such cycle, and why. */
  | { kind: 'closed'; reason: string }
  /** It is to be, and is not open (yet). */
  | { kind: 'due' }
  | { kind: 'unknown' }
  /** Nothing is to be said: cycles of another period, a date before the product came into being, no catalog. */
  | { kind: 'none' }

export type JudgeEmpty = (product: ProductId, key: CycleKey) => EmptyCell

/**
 * Of a product that no catalog here owns, by what another domain knows of its schedule: when it is closed, but not what is due, as
 * whoever sees no catalog of its domain does not see all of its cycles either.
 */
export function judgeEmptyBy(catalogs: DomainCatalog[]): JudgeEmpty {
  const known = new Map<string, { timetable: Timetable; schedule: ProductSchedule; isOwn: boolean }>()
  for (const catalog of catalogs) {
    const timetable = toTimetable(catalog)
    for (const [product, schedule] of Object.entries(catalog.schedules))
      if (!known.has(product)) known.set(product, { timetable, schedule, isOwn: false })
    for (const version of catalog.products)
      known.set(version.definition.product, {
        timetable,
        isOwn: true,
        schedule: { ...version.definition, firstDate: firstDateOf(version) },
      })
  }
  return (product, key) => {
    const found = known.get(product)
    if (!found) return { kind: 'none' }
    const empty = judgeEmpty(found.timetable, found.schedule, key)
    return empty.kind === 'due' && !found.isOwn ? { kind: 'none' } : empty
  }
}

/** Of a date, for a product with cycles of hours, all of its hours. */
export function judgeEmpty({ calendars }: Timetable, schedule: ProductSchedule, key: CycleKey): EmptyCell {
  const { period } = toCadence(schedule.every)
  const isOfHours = period === 'hour' && periodOf(key) === 'day'
  if (period !== periodOf(key) && !isOfHours) return { kind: 'none' }
  const placed = (isOfHours ? keysOver('hour', key, key) : [key]).map((one) => placeCycle(calendars, schedule, one))
  const due = placed.find((one) => one.kind === 'due')
  if (due) return isBefore(due, schedule) ? { kind: 'none' } : { kind: 'due' }
  const [first] = placed
  if (first?.kind !== 'none') return { kind: 'none' }
  return first.isUncovered ? { kind: 'unknown' } : { kind: 'closed', reason: first.reason }
}

/** Nobody opens by itself what fell due before the product came into being. */
const isBefore = (placed: Extract<PlacedCycle, { kind: 'due' }>, { firstDate }: ProductSchedule): boolean =>
  firstDate !== undefined && placed.dueDate < firstDate
