// An event on its way to the cycles it concerns, as the bridges of all domains would deliver it.
// In: the event, the time. Out: cycles opened or told, and a word for each. Never: a decision of its own (routing.ts,
// untaken.ts, come-back.ts and the cycle decide).
import { mayComeBack, reopenFor } from '../calendar/come-back.ts'
import type { Timetable } from '../calendar/cycles.ts'
import { openCycle } from '../calendar/due.ts'
import {
  decideOpening,
  OPENING_WINDOW,
  type OpeningDecision,
  type Route,
  type Routing,
  route,
} from '../calendar/routing.ts'
import { judgeByPast, judgePastInput, judgeUnheeded, judgeUntaken, type PastInput } from '../calendar/untaken.ts'
import { applyAnotherLook, applyArrival, applyBlocker, applyRecall } from '../cycle/arrivals.ts'
import { type Blocker, type CycleInput, type ExpectedCycle, openRun } from '../cycle/cycle.ts'
import { worthAnotherLook } from '../cycle/decide.ts'
import { toUnopened } from '../cycle/unopened.ts'
import type { DefinitionVersion } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import type { DeliveryOutcome } from '../states.ts'
import type { Recalled } from './memory.ts'
import { type ClosedRun, type OpenRun, type Taken, touch, type World } from './world.ts'

interface RoutedIn {
  routing: Routing
  routes: { route: Route; opening: OpeningDecision }[]
}

export interface Routed {
  arrival: Arrival
  /** Of the file; null = a publication of a simulated run. */
  line: number | null
  /** One for each domain that hears of it and waits for it. */
  domains: RoutedIn[]
}

/** Whom it concerns. Cycles that it may open are open from here on, for whatever else comes at this instant. */
export function routeArrival(
  world: World,
  { arrival, line }: { arrival: Arrival; line: number | null },
  nowMs: number,
): Routed {
  world.memory.publish(arrival)
  const domains = world.hearers.of(arrival.product).map((index): RoutedIn => {
    const routing = route(index, arrival.product, arrival.key)
    const routes: RoutedIn['routes'] = []
    for (const one of routing.kind === 'routed' ? routing.routes : []) {
      if (world.driven.has(one.version.definition.product)) continue
      const opening = decideOpening(one, OPENING_WINDOW, nowMs)
      if (opening === 'open' && !runOf(world, one)) openFor(world, one, nowMs)
      routes.push({ route: one, opening })
    }
    return { routing, routes }
  })
  return { arrival, line, domains }
}

export function deliverArrival(world: World, { arrival, line, domains }: Routed, nowMs: number): void {
  const to: Taken[] = []
  for (const { routes } of domains) {
    for (const { route: one, opening } of routes) {
      const outcome = deliverTo(world, { route: one, opening, arrival }, nowMs)
      if (outcome) to.push({ cycle: one.cycle, product: one.version.definition.product, key: one.key, outcome })
    }
  }
  if (line !== null) {
    for (const { cycle, outcome } of to) world.outcomes.judged(line, cycle, outcome)
    if (to.length === 0) for (const reason of whyUnheeded(arrival, domains)) world.outcomes.unheeded(line, reason)
  }
  world.order.watch?.({ kind: 'arrived', atMs: nowMs, arrival, line, to })
}

function whyUnheeded({ product }: Arrival, domains: RoutedIn[]): string[] {
  if (domains.length === 0) return [`nobody waits for ${product}`]
  return domains.map(({ routing, routes }) => {
    if (routing.kind === 'unmatched') return routing.reason
    if (routes.length === 0) return 'who waits for it is driven by events of the file'
    return judgeUnheeded(routes.map(({ opening }) => opening)).reason
  })
}

interface Delivery {
  route: Route
  opening: OpeningDecision
  arrival: Arrival
}

function deliverTo(world: World, { route, opening, arrival }: Delivery, nowMs: number): DeliveryOutcome | null {
  const known = runOf(world, route)
  if (known?.kind === 'open') return tell(world, known, arrival, nowMs)
  // A start is refused, a signal finds nobody.
  const said = known && opening === 'open' ? 'closed' : 'absent'
  const judged = judgeUntaken(said, opening)
  if (judged === 'nothing') return null
  if (judged !== 'ask-past') return judged.outcome
  const past = judgePastInput(known && toPastInput(known, arrival), arrival.revision)
  const found = judgeByPast(said, past, { definition: route.version.definition, arrival })
  const input = known && found?.outcome === 'correction' && toReopened(world, route, { known, arrival, nowMs })
  if (input) {
    const { version, timetable } = route
    return tell(world, open(world, { input, version, timetable, before: known }, nowMs), arrival, nowMs)
  }
  if (known && found && found.outcome !== 'duplicate') known.seen.push(arrival.eventId)
  return found?.outcome ?? null
}

const runOf = (world: World, { version, key }: Route): OpenRun | ClosedRun | undefined =>
  world.runs.get(version.definition.product, key)

function toPastInput({ dependencies, seen }: ClosedRun, { eventId, product, key }: Arrival): PastInput {
  const input = dependencies.find((one) => one.product === product && one.key === key)
  return {
    outcome: input?.arrival?.eventId === eventId || seen.includes(eventId) ? 'duplicate' : null,
    state: input?.state ?? null,
    revision: input?.arrival?.revision ?? null,
  }
}

interface Correction {
  known: ClosedRun
  arrival: Arrival
  nowMs: number
}

function toReopened(world: World, route: Route, { known, arrival, nowMs }: Correction): CycleInput | null {
  if (!mayComeBack(route, [arrival], OPENING_WINDOW, nowMs)) return null
  const { runNumber, state, step, reason, stateSinceMs, lastAttempt, revision, dependencies, isLeftToPerson } = known
  const past = { runNumber, state, step, reason, stateSinceMs, lastAttempt, revision, dependencies, isLeftToPerson }
  return reopenFor(route, { ...past, attempt: null }, [arrival], { settings: world.order.settings, nowMs })
}

/** A repeated event is told as what it is, though the cycle only counts it. */
function tell(world: World, run: OpenRun, arrival: Arrival, nowMs: number): DeliveryOutcome | null {
  const before = run.cycle.deliveries.length
  run.cycle = applyArrival(run.cycle, arrival, nowMs)
  touch(world, run)
  const { deliveries } = run.cycle
  return deliveries.length === before ? 'duplicate' : (deliveries.at(-1)?.outcome ?? null)
}

function openFor(world: World, { version, timetable, key }: Route, nowMs: number): void {
  const { settings } = world.order
  const input = openCycle(timetable, version, { key, openedBy: 'arrival', settings })
  open(world, { input, version, timetable }, nowMs)
}

interface Due {
  versions: DefinitionVersion[]
  timetable: Timetable
  key: CycleKey
}

/** The scheduler's way to open cycles; one that is there stays as it is. */
export function openDue(world: World, { versions, timetable, key }: Due, nowMs: number): void {
  const { settings } = world.order
  for (const version of versions) {
    if (world.runs.get(version.definition.product, key)) continue
    const input = openCycle(timetable, version, { key, openedBy: 'scheduler', settings })
    open(world, { input, version, timetable }, nowMs)
  }
}

interface Opening {
  input: CycleInput
  version: DefinitionVersion
  timetable: Timetable
  before?: ClosedRun
}

/** What it recalls comes after what opened it: an activity answers later than a signal that came with the start. */
function open(world: World, { input, version, timetable, before }: Opening, nowMs: number): OpenRun {
  const cycle = openRun(input, nowMs)
  const isRecalling = input.expected.length > 0
  const run: OpenRun = {
    kind: 'open',
    cycle,
    version,
    timetable,
    before,
    awaited: 0,
    isRecalling,
    wakeMs: null,
    isClosed: false,
    isTouched: false,
  }
  world.runs.set(input.product, input.key, run)
  touch(world, run)
  if (isRecalling) world.agenda.put(nowMs, { kind: 'recall', run })
  world.order.watch?.({ kind: 'opened', atMs: nowMs, cycle })
  return run
}

/** A notice opens nothing: it says why an open cycle goes on waiting. */
export function deliverBlocker(world: World, blocker: Blocker): void {
  world.memory.report(blocker)
  for (const index of world.hearers.of(blocker.product)) {
    const routing = route(index, blocker.product, blocker.key)
    for (const one of routing.kind === 'routed' ? routing.routes : []) {
      const run = runOf(world, one)
      if (run?.kind !== 'open') continue
      run.cycle = applyBlocker(run.cycle, blocker)
      touch(world, run)
    }
  }
}

export function recall(world: World, run: OpenRun, nowMs: number): void {
  const { expected } = run.cycle.input
  const found = withUnopened(world, world.memory.recall(expected), { expected, nowMs })
  run.isRecalling = false
  // Most find nothing, and then nothing is new but that a run may close.
  const isNews = found.arrivals.length > 0 || found.skipped.length > 0
  if (isNews || run.cycle.state !== 'WAITING') touch(world, run)
  if (!isNews) return
  const before = run.cycle.deliveries.length
  run.cycle = applyRecall(run.cycle, found, nowMs)
  for (const { eventId, outcome } of run.cycle.deliveries.slice(before)) {
    world.outcomes.recalled(eventId, run.cycle.id, outcome)
  }
}

/** Before it goes on without what nobody had opened; true when somebody has. */
export function lookAgain(world: World, run: OpenRun, nowMs: number): boolean {
  const unopened = worthAnotherLook(run.cycle, nowMs).map((one) => ({ ...one, isBeforeFirst: true as const }))
  if (unopened.length === 0) return false
  const found = withUnopened(world, world.memory.recall(unopened), { expected: unopened, nowMs })
  const before = run.cycle
  run.cycle = applyAnotherLook(before, found, nowMs)
  return run.cycle !== before
}

/** As mirror/recall.ts finds them: what fell due before its product was first applied, and nobody has opened. */
function withUnopened(
  world: World,
  { arrivals, skipped }: Recalled,
  { expected, nowMs }: { expected: ExpectedCycle[]; nowMs: number },
): Recalled {
  const firsts = expected.filter(({ isBeforeFirst }) => isBeforeFirst)
  if (firsts.length === 0) return { arrivals, skipped }
  const isKnown = ({ product, key }: ExpectedCycle): boolean =>
    world.runs.get(product, key) !== undefined ||
    world.toldOf.get(product, key) !== undefined ||
    skipped.some((notice) => notice.product === product && notice.key === key)
  const unopened = firsts.filter((one) => !isKnown(one)).map((one) => toUnopened(one, new Date(nowMs).toISOString()))
  return { arrivals, skipped: [...skipped, ...unopened] }
}
