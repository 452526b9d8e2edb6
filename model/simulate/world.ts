// All that a simulation remembers between two instants. In: what is to be simulated. Out: the state that its steps share.

import type { Timetable } from '../calendar/cycles.ts'
import type { DomainCatalog } from '../calendar/routing.ts'
import type { Blocker, Cycle, CycleSettings } from '../cycle/cycle.ts'
import type { DefinitionVersion } from '../definition.ts'
import { type CycleId, type CycleKey, type ProductId, toCycleId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import type { CycleState, DeliveryOutcome } from '../states.ts'
import { type Agenda, createAgenda } from './agenda.ts'
import { type ByCycle, createByCycle } from './by-cycle.ts'
import type { EventFact, RunFact, TimedFact } from './facts.ts'
import { createMemory, type Memory } from './memory.ts'
import { createOutcomes, type Outcomes } from './outcomes.ts'
import type { Opened, SimulatedCycle } from './report.ts'
import { type Hearers, toHearers } from './seen-by.ts'

export interface SimulationOrder {
  /** One for each domain. */
  catalogs: DomainCatalog[]
  facts: TimedFact[]
  /** Nothing happens from here on. */
  endMs: number
  /** How long each run takes. */
  durationMs: number
  settings: CycleSettings
  /** Told in the order in which things happen. */
  watch?: (moment: Moment) => void
}

/** What a reader of a timeline wants to know. */
export type Moment =
  | { kind: 'arrived'; atMs: number; arrival: Arrival; line: number | null; to: Taken[] }
  | { kind: 'opened'; atMs: number; cycle: Cycle }
  | { kind: 'moved'; atMs: number; cycle: Cycle; from: CycleState }
  | { kind: 'ended'; atMs: number; cycle: Cycle }

export interface Taken {
  cycle: CycleId
  product: ProductId
  key: CycleKey
  outcome: DeliveryOutcome
}

/** What may be put on the agenda. */
export type Item =
  | { kind: 'due'; versions: DefinitionVersion[]; timetable: Timetable; key: CycleKey }
  | { kind: 'arrival'; arrival: Arrival; line: number | null }
  | { kind: 'blocker'; blocker: Blocker }
  | { kind: 'recall'; run: OpenRun }
  | { kind: 'run-end'; run: OpenRun; attempt: number }
  | { kind: 'wake'; run: OpenRun }

export interface OpenRun extends Opened {
  kind: 'open'
  before: ClosedRun | undefined
  /** The attempt whose end is on the agenda; 0 = none. */
  awaited: number
  /** A run does not close before its recall is answered. */
  isRecalling: boolean
  /** For which a timer is on the agenda. */
  wakeMs: number | null
  isClosed: boolean
  isTouched: boolean
}

/** What remains of a cycle whose run is closed: what the mirror would know. */
export interface ClosedRun extends SimulatedCycle {
  kind: 'closed'
  runNumber: number
  lastAttempt: number
  isLeftToPerson: boolean
  /** Ids of the events that it has seen, but for those that its inputs hold. */
  seen: string[]
}

export interface World {
  order: SimulationOrder
  agenda: Agenda<Item>
  hearers: Hearers
  memory: Memory
  outcomes: Outcomes
  runs: ByCycle<OpenRun | ClosedRun>
  /** Products whose events are in the file: their own cycles are not simulated. */
  driven: ReadonlySet<ProductId>
  /** Cycles that some event of the file is about, whenever it comes: somebody has opened them. */
  toldOf: ByCycle<true>
  /** How runs end that do not succeed, by cycle, by time. */
  results: Map<CycleId, RunFact[]>
  /** To be asked what comes next, once all that happens at the instant is known. */
  touched: OpenRun[]
}

export function createWorld(order: SimulationOrder): World {
  const events = order.facts.filter((fact): fact is EventFact => fact.kind === 'event')
  const toldOf = createByCycle<true>()
  for (const { arrival } of events) toldOf.set(arrival.product, arrival.key, true)
  const results = order.facts.filter((fact): fact is RunFact => fact.kind === 'run')
  return {
    order,
    agenda: createAgenda(),
    hearers: toHearers(order.catalogs),
    memory: createMemory(),
    outcomes: createOutcomes(events),
    runs: createByCycle(),
    toldOf,
    driven: new Set(events.map(({ arrival }) => arrival.product)),
    results: Map.groupBy(
      results.toSorted((one, other) => one.atMs - other.atMs),
      ({ product, key }) => toCycleId(product, key),
    ),
    touched: [],
  }
}

/** Something happened to it: it is asked what comes next. */
export function touch(world: World, run: OpenRun): void {
  if (run.isTouched) return
  run.isTouched = true
  world.touched.push(run)
}
