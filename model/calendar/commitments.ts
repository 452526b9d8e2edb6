// Which cycles a definition promises for a span of time, open or not. In: calendars, versions, the span. Out: cycles with the
// instant they are expected by. Never: one that fell due before its product came into being.
import type { DefinitionVersion, WallTime } from '../definition.ts'
import { type CycleId, type CycleKey, type ProductId, toCycleId } from '../ids.ts'
import { dueKeys, requirePlaced, type Timetable } from './cycles.ts'
import { DAY_MS, firstDateOf, promisedBy, resolverOf } from './due.ts'
import { startOfDayMs } from './wall-time.ts'

export interface Commitment {
  cycle: CycleId
  product: ProductId
  key: CycleKey
  availableByMs: number
}

export interface Span {
  fromMs: number
  /** Excluded. */
  toMs: number
}

export const commitmentsOf = (timetable: Timetable, versions: DefinitionVersion[], span: Span): Commitment[] =>
  versions.flatMap((version) => commitmentsOfOne(timetable, version, span))

function commitmentsOfOne({ calendars }: Timetable, version: DefinitionVersion, { fromMs, toMs }: Span): Commitment[] {
  const { definition } = version
  const { availableBy, product } = definition
  if (!availableBy) return []
  const firstMs = startOfDayMs(firstDateOf(version), definition.timezone)
  const looked = { fromMs: Math.max(fromMs - mostAfterMs(availableBy), firstMs), toMs }
  return dueKeys(calendars, definition, looked).flatMap((key) => {
    const { dueDate } = requirePlaced(calendars, definition, key)
    const availableByMs = promisedBy(version, resolverOf(calendars, definition, { key, dueDate })(availableBy))
    return availableByMs !== null && availableByMs >= fromMs && availableByMs < toMs
      ? [{ cycle: toCycleId(product, key), product, key, availableByMs }]
      : []
  })
}

/** How long after its due date begins a cycle may be expected at the most: business days may lie far apart. */
function mostAfterMs(wall: WallTime): number {
  if (wall.unit === 'minute') return wall.minutes * 60_000
  return (wall.unit === 'day' ? wall.days + 2 : wall.days * 3 + 16) * DAY_MS
}
