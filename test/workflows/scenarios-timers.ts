// The timers of a scenario's cycles. In: the order of a simulation, or a condition. Out: instants; the condition on another
// clock. Never: an instant of this machine.
import type { Condition } from '../../model/cycle/condition.ts'
import { simulate } from '../../model/simulate/simulate.ts'
import type { SimulationOrder } from '../../model/simulate/world.ts'

/** The instants at which a cycle of the scenario has a timer; which cycles there are says the simulation. */
export function listTimers(order: SimulationOrder): number[] {
  const found = new Set<number>()
  simulate({
    ...order,
    watch(moment) {
      if (moment.kind !== 'opened') return
      const { notBeforeMs, cutoffMs, availableByMs, condition } = moment.cycle.input
      for (const atMs of [notBeforeMs, cutoffMs, availableByMs]) if (atMs !== null) found.add(atMs)
      if (condition) mapTimes(condition, (atMs) => (found.add(atMs), atMs))
    },
  })
  return [...found].filter((atMs) => atMs < order.endMs).sort((one, other) => one - other)
}

/** The same condition with its instants on another clock. */
export function mapTimes(condition: Condition, map: (atMs: number) => number): Condition {
  switch (condition.kind) {
    case 'optional':
      return { ...condition, afterMs: map(condition.afterMs), of: mapTimes(condition.of, map) }
    case 'at-least':
      return { ...condition, of: condition.of.map((part) => mapTimes(part, map)) }
    default:
      return condition
  }
}
