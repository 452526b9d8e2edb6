// The life of a cycle in virtual time: whatever comes next, until it waits (workflows/data-product-cycle.ts is the same
// on Temporal). In: a cycle that something happened to. Out: its facts applied; what follows is on the agenda.
// Never: decides by itself (model/cycle does); stays in the world whole once its run is closed.
import type { GlueRunEnd } from '../cycle/attempt.ts'
import { type Blocker, type Cycle, currentAttempt } from '../cycle/cycle.ts'
import { decideNext } from '../cycle/decide.ts'
import { applyFact, type Fact } from '../cycle/facts.ts'
import { nextRevision, toNotice } from '../cycle/outgoing.ts'
import { isLeftToPerson } from '../cycle/revisions.ts'
import { toEventId } from '../ids.ts'
import { lookAgain } from './delivery.ts'
import { toSimulated } from './report.ts'
import { type OpenRun, touch, type World } from './world.ts'

export function goOn(world: World, run: OpenRun, nowMs: number): void {
  for (;;) {
    const next = decideNext(run.cycle, nowMs)
    switch (next.kind) {
      case 'wait':
        return wakeAt(world, run, next.untilMs)
      case 'begin':
        if (lookAgain(world, run, nowMs)) break
        apply(world, run, { kind: 'begun' }, nowMs)
        break
      case 'miss':
        apply(world, run, { kind: 'missed', missing: next.missing }, nowMs)
        break
      case 'skip':
        if (lookAgain(world, run, nowMs)) break
        apply(world, run, { kind: 'skipped', reason: next.reason }, nowMs)
        break
      case 'start':
        apply(world, run, { kind: 'run-started', runId: `run-${next.attempt.number}`, adopted: false }, nowMs)
        break
      case 'await-end':
        return awaitEnd(world, run, next.attempt.number, nowMs)
      case 'publish':
        publish(world, run, nowMs)
        break
      case 'complete':
        apply(world, run, { kind: 'completed' }, nowMs)
        break
      case 'rerun':
        apply(world, run, { kind: 'rerun', command: next.command }, nowMs)
        break
      case 'report':
        report(world, run, nowMs)
        break
      case 'give-up':
      case 'close':
        return close(world, run)
    }
  }
}

function apply(world: World, run: OpenRun, fact: Fact, nowMs: number): void {
  const { state: from } = run.cycle
  run.cycle = applyFact(run.cycle, fact, nowMs)
  const { cycle } = run
  if (cycle.state !== from) world.order.watch?.({ kind: 'moved', atMs: nowMs, cycle, from })
}

function wakeAt(world: World, run: OpenRun, untilMs: number | null): void {
  if (untilMs === null || untilMs === run.wakeMs) return
  run.wakeMs = untilMs
  world.agenda.put(untilMs, { kind: 'wake', run })
}

function awaitEnd(world: World, run: OpenRun, attempt: number, nowMs: number): void {
  if (run.awaited === attempt) return
  run.awaited = attempt
  world.agenda.put(nowMs + world.order.durationMs, { kind: 'run-end', run, attempt })
}

/** The run succeeds unless a fact of then or before says otherwise; each fact ends one attempt. */
export function endRun(world: World, run: OpenRun, nowMs: number): void {
  const { id, lastAttempt } = run.cycle
  const results = world.results.get(id)
  const told = results?.[0] && results[0].atMs <= nowMs ? results.shift() : undefined
  const end: GlueRunEnd = {
    runId: `run-${lastAttempt}`,
    state: told?.result ?? 'SUCCEEDED',
    error: told && told.result !== 'SUCCEEDED' ? `as line ${told.line} says` : null,
    executionSeconds: Math.round(world.order.durationMs / 1_000),
    noticedBy: 'event',
  }
  apply(world, run, { kind: 'run-ended', end }, nowMs)
  const isRetried = run.cycle.state === 'PROCESSING' && end.state !== 'SUCCEEDED'
  if (isRetried) world.order.watch?.({ kind: 'ended', atMs: nowMs, cycle: run.cycle })
  touch(world, run)
}

function publish(world: World, run: OpenRun, nowMs: number): void {
  const revision = nextRevision(run.cycle)
  apply(world, run, { kind: 'published', eventId: toEventId(run.cycle.id, revision), revision }, nowMs)
  const { published } = run.cycle
  if (published) world.agenda.put(nowMs, { kind: 'arrival', arrival: published, line: null })
}

function report(world: World, run: OpenRun, nowMs: number): void {
  const blocker = toBlocker(run.cycle)
  apply(world, run, { kind: 'reported' }, nowMs)
  world.agenda.put(nowMs, { kind: 'blocker', blocker })
}

/** The notice as the bridge of a consumer reads it. */
function toBlocker(cycle: Cycle): Blocker {
  const { id: eventId, product, key, state, step, reason, occurredAt } = toNotice(cycle)
  return { eventId, product, key, state, step, reason, occurredAt }
}

function close(world: World, run: OpenRun): void {
  if (run.isRecalling) return
  run.isClosed = true
  const { dependencies, deliveries, runNumber, lastAttempt } = run.cycle
  const isHeld = (id: string): boolean => dependencies.some(({ arrival }) => arrival?.eventId === id)
  const seen = [...(run.before?.seen ?? []), ...deliveries.map(({ eventId }) => eventId)].filter((id) => !isHeld(id))
  const simulated = toSimulated(run)
  const ended = { runNumber, lastAttempt, isLeftToPerson: isLeftToPerson(currentAttempt(run.cycle)), seen }
  world.runs.set(simulated.product, simulated.key, { kind: 'closed', ...ended, ...simulated })
}
