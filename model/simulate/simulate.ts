// `sluice simulate`: what the definitions make of timed facts. In: catalogs, facts, until when. Out: each cycle that was
// opened, and what became of each event. Virtual time: an instant is only what stands on the agenda.
// Never: a clock; a decision that production takes elsewhere; an answer that hangs on the order of lines of one instant.

import { deliverArrival, deliverBlocker, openDue, type Routed, recall, routeArrival } from './delivery.ts'
import type { RunFact } from './facts.ts'
import { createDueKeys } from './openings.ts'
import { byProductAndKey, type EventRow, type SimulatedCycle, toUnfinished } from './report.ts'
import { endRun, goOn } from './steps.ts'
import { createWorld, type Item, type SimulationOrder, touch, type World } from './world.ts'

export const AFTER_END = 'it comes after the end of the simulation'

export interface Simulated {
  /** As they stand at the end (`toCycleRow` tells them), by product and key. */
  cycles: SimulatedCycle[]
  events: EventRow[]
  /** Facts about runs for which there was no attempt. */
  unused: RunFact[]
}

export function simulate(order: SimulationOrder): Simulated {
  const world = createWorld(order)
  plan(world)
  for (let nowMs = world.agenda.nextMs(); nowMs < order.endMs; nowMs = world.agenda.nextMs()) playWave(world, nowMs)
  // At the end itself nothing is played any more.
  const lastMs = order.endMs - 1
  return {
    cycles: world.runs
      .values()
      .map((run) => (run.kind === 'open' ? toUnfinished(run, lastMs) : run))
      .sort(byProductAndKey),
    events: world.outcomes.rows(),
    unused: [...world.results.values()].flat().sort((one, other) => one.line - other.line),
  }
}

/** Cycles that fall due, before the events of the same instant: a tick opens them some minutes earlier. */
function plan(world: World): void {
  for (const { catalog, timetable } of world.hearers.indexes) {
    const dueKeysOf = createDueKeys(timetable, world.order.endMs)
    const simulated = catalog.products.filter(({ definition }) => !world.driven.has(definition.product))
    for (const [due, versions] of Map.groupBy(simulated, dueKeysOf)) {
      for (const { key, dueMs } of due) world.agenda.put(dueMs, { kind: 'due', versions, timetable, key })
    }
  }
  for (const fact of world.order.facts) {
    if (fact.kind !== 'event') continue
    if (fact.atMs >= world.order.endMs) world.outcomes.unheeded(fact.line, AFTER_END)
    else world.agenda.put(fact.atMs, { kind: 'arrival', arrival: fact.arrival, line: fact.line })
  }
}

/**
 * First all that happens, then each cycle concerned decides; what follows at the same instant is the next wave. So the
 * order of events of one instant does not matter. What an event opens is open for the others, as in a bridge's batch.
 */
function playWave(world: World, nowMs: number): void {
  const items = world.agenda.take()
  for (const item of items) if (item.kind === 'due') openDue(world, item, nowMs)
  const ready = items.map((item) =>
    item.kind === 'arrival' ? { kind: item.kind, routed: routeArrival(world, item, nowMs) } : item,
  )
  for (const item of ready) happen(world, item, nowMs)
  const { touched } = world
  world.touched = []
  for (const run of touched) {
    run.isTouched = false
    // Timers outlive what they were set for.
    if (!run.isClosed) goOn(world, run, nowMs)
  }
}

type Ready = Exclude<Item, { kind: 'arrival' }> | { kind: 'arrival'; routed: Routed }

function happen(world: World, item: Ready, nowMs: number): void {
  switch (item.kind) {
    case 'due':
      return
    case 'arrival':
      return deliverArrival(world, item.routed, nowMs)
    case 'blocker':
      return deliverBlocker(world, item.blocker)
    case 'recall':
      return recall(world, item.run, nowMs)
    case 'run-end':
      return endRun(world, item.run, nowMs)
    case 'wake':
      touch(world, item.run)
  }
}
