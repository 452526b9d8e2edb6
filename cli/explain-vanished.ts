// In: an open cycle, and what its domain knows of the mesh now. Out: which of it has no cycle any more, in lines: a
// calendar may close a day for which cycles are open. Never: a word about what no calendar covers.
import { placeCycle } from '../model/calendar/cycles.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import { type Cycle, isUnbegun } from '../model/cycle/cycle.ts'
import { type CycleKey, type ProductId, toCycleId } from '../model/ids.ts'

export function vanishedLines(
  catalog: Pick<DomainCatalog, 'products' | 'calendars' | 'schedules'>,
  cycle: Cycle,
): string[] {
  if (!isUnbegun(cycle)) return []
  const { calendars, scheduleOf } = toTimetable(catalog)
  const own = new Map(catalog.products.map(({ definition }) => [definition.product, definition]))
  const whyGone = (product: ProductId, key: CycleKey): string | null => {
    const schedule = own.get(product) ?? scheduleOf(product)
    const placed = schedule && placeCycle(calendars, schedule, key)
    return placed?.kind === 'none' && !placed.isUncovered ? placed.reason : null
  }
  const { product, key } = cycle.input
  const self = whyGone(product, key)
  // What its upstream never had is told with the inputs.
  const waiting = cycle.dependencies.filter(({ state, isAbsent }) => state === 'WAITING' && !isAbsent)
  return [
    ...(self === null
      ? []
      : [`the definitions of now have no ${toCycleId(product, key)}: ${self}; it waits as before`]),
    ...waiting.flatMap((upstream) => {
      const why = whyGone(upstream.product, upstream.key)
      if (why === null) return []
      return [`${toCycleId(upstream.product, upstream.key)} comes only if it was open already: ${why}`]
    }),
  ]
}
