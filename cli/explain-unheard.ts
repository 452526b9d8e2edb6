// What an open cycle may wait for in vain: a refresh that came before its domain waited for the upstream leaves no row, and where
// the upstream reports to another database nothing can recall it. In: the cycle, the definitions of now, what the mirror says.
// Out: lines with what brings it. Never: of an upstream that publishes from here, or of an external: those are kept. Pure.
import type { Unheard } from '../mirror/unheard.ts'
import { dueMsOn, placeCycle } from '../model/calendar/cycles.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import { type Cycle, type DependencyStatus, isUnbegun } from '../model/cycle/cycle.ts'
import { isWithdrawal } from '../model/cycle/withdrawals.ts'
import { domainOf, toCycleId } from '../model/ids.ts'

/** Of other domains: an event of the domain's own externals is kept, whoever waits for it. */
export const foreignInputs = (cycle: Cycle): DependencyStatus[] =>
  isUnbegun(cycle)
    ? cycle.dependencies.filter(
        ({ product, state, isAbsent, blocker }) =>
          state === 'WAITING' &&
          !isAbsent &&
          !isWithdrawal(blocker) &&
          domainOf(product) !== domainOf(cycle.input.product),
      )
    : []

export function unheardLines(
  catalog: Pick<DomainCatalog, 'calendars' | 'schedules'>,
  cycle: Cycle,
  unheard: Unheard[],
): string[] {
  const { calendars, scheduleOf } = toTimetable(catalog)
  return foreignInputs(cycle).flatMap((input) => {
    const schedule = scheduleOf(input.product)
    const placed = schedule && placeCycle(calendars, schedule, input.key)
    const found = unheard.find(({ product }) => product === input.product)
    if (!schedule || !placed || placed.kind === 'none' || !found) return []
    // Few refresh more than a day before they are due.
    const earliestMs = dueMsOn(schedule, input.key, placed.dueDate) - DAY_MS
    if (earliestMs > Date.parse(found.awaitedSince)) return []
    const domain = domainOf(cycle.input.product)
    const upstream = toCycleId(input.product, input.key)
    return [
      `${domain} waits for ${input.product} since ${found.awaitedSince} only, and no refresh of it is known here: one that came ` +
        `before left no trace. If ${upstream} has refreshed: sluice events send ${upstream}`,
    ]
  })
}
