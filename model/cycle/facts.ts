// In: a cycle and one thing that happened. Out: the cycle after it, its version one higher.
// Never: an illegal move (states.ts); a fact for an attempt that is not the current one.
import { type CycleState, isLegalMove, type Step } from '../states.ts'
import { takeCorrections } from './corrections.ts'
import {
  type Attempt,
  type Cycle,
  currentAttempt,
  type DependencyStatus,
  type GlueRunEnd,
  inputsOf,
  isUnbegun,
  judgeInputs,
  missingOf,
  type RerunCommand,
  type UpgradeCommand,
} from './cycle.ts'
import { classifyFailure } from './failure-class.ts'
import { builtFrom, toOwnArrival } from './outgoing.ts'
import { type RunStatus, refuseCommand, refuseRerun } from './rerun.ts'
import { isForCorrection } from './revisions.ts'
import { decideRetry, failuresOf } from './retry.ts'
import { toEndReason, toPauseReason } from './retry-words.ts'
import { upgrade } from './upgrade.ts'

export type Fact =
  | { kind: 'begun' }
  | { kind: 'run-started'; runId: string; adopted: boolean }
  | { kind: 'start-failed'; error: string }
  | { kind: 'run-ended'; end: GlueRunEnd }
  | { kind: 'published'; eventId: string; revision: number }
  | { kind: 'publish-failed'; error: string }
  | { kind: 'completed' }
  | { kind: 'missed'; missing: string[] }
  /** A dependency of it says: no cycle without that. */
  | { kind: 'skipped'; reason: string }
  | { kind: 'reported' }
  | { kind: 'cancelled'; reason: string }
  /** Its wait for a rerun that corrections ask for was ended from outside. */
  | { kind: 'declined' }
  | { kind: 'rerun'; command: RerunCommand }
  /** The command that brought the closed cycle back: the first fact of the new run. */
  | { kind: 'reopened'; command: RerunCommand }
  /** It goes by a newer version of its definition from now on. */
  | { kind: 'upgraded'; command: UpgradeCommand }

/** The cycle after the fact; facts are applied in the order in which they happened. */
export function applyFact(cycle: Cycle, fact: Fact, nowMs: number): Cycle {
  // A command changes nothing about the step under way; every other fact is its end.
  const heldUp = fact.kind === 'rerun' || fact.kind === 'upgraded' ? cycle.heldUp : null
  const next = { ...cycle, heldUp, version: cycle.version + 1 }
  switch (fact.kind) {
    case 'begun':
      return begin(next, nowMs)
    case 'run-started':
      return onAttempt(next, { runId: fact.runId, adopted: fact.adopted, runStartedAtMs: nowMs })
    case 'start-failed':
      return move(onAttempt(next, { endedAtMs: nowMs }), 'ERROR', 'start', fact.error, nowMs)
    case 'run-ended':
      return endRun(next, fact.end, nowMs)
    case 'published':
      return complete(next, fact, nowMs)
    case 'publish-failed':
      return move(next, 'ERROR', 'publish', fact.error, nowMs)
    case 'completed':
      return move(next, 'COMPLETED', null, null, nowMs)
    case 'missed':
      return miss(next, fact.missing, nowMs)
    case 'skipped':
      return move(next, 'SKIPPED', null, fact.reason, nowMs)
    case 'reported':
      return { ...next, reported: true }
    case 'cancelled':
      return move(next, 'CANCELLED', null, fact.reason, nowMs)
    case 'declined':
      return { ...next, declined: true }
    case 'rerun':
      return rerun(next, fact.command, 'open', nowMs)
    case 'reopened':
      return rerun(next, fact.command, 'closed', nowMs)
    case 'upgraded':
      return upgrade(next, fact.command, nowMs)
  }
}

function complete(cycle: Cycle, { eventId, revision }: { eventId: string; revision: number }, nowMs: number): Cycle {
  const published = toOwnArrival(cycle, eventId, revision)
  return { ...move(cycle, 'COMPLETED', null, null, nowMs), revision, published }
}

function begin(cycle: Cycle, nowMs: number): Cycle {
  const number = cycle.lastAttempt + 1
  const attempt: Attempt = {
    number,
    begunAtMs: nowMs,
    runId: null,
    runStartedAtMs: null,
    adopted: false,
    end: null,
    endedAtMs: null,
  }
  const processing = cycle.state === 'PROCESSING' ? cycle : move(cycle, 'PROCESSING', null, null, nowMs)
  const begun = { ...processing, dependencies: takeCorrections(waive(cycle)), lastAttempt: number, retryAtMs: null }
  const isCorrection = isForCorrection(cycle, number)
  const whole = { ...attempt, inputs: builtFrom(begun), ...(isCorrection && { isCorrection }) }
  return { ...begun, attempts: [...cycle.attempts, whole] }
}

/** What it needed and begins without. */
function waive(cycle: Cycle): DependencyStatus[] {
  // Most have all of them.
  if (!cycle.dependencies.some(({ state }) => state === 'WAITING')) return cycle.dependencies
  const inputs = inputsOf(cycle)
  const waived = judgeInputs(cycle, Infinity).waived.map((at) => inputs[at])
  return cycle.dependencies.map((dependency) =>
    dependency.state === 'WAITING' && waived.includes(dependency) ? { ...dependency, state: 'WAIVED' } : dependency,
  )
}

function endRun(cycle: Cycle, end: GlueRunEnd, nowMs: number): Cycle {
  if (end.state === 'SUCCEEDED') return onAttempt(cycle, { end, endedAtMs: nowMs })
  const ended = onAttempt(cycle, { end, endedAtMs: nowMs, failure: classifyFailure(end) })
  const retry = decideRetry(cycle.input.definition.run, failuresOf(ended))
  if (retry.kind === 'stop') return move(ended, 'ERROR', 'run', toEndReason(end, retry), nowMs)
  const retryAtMs = nowMs + retry.afterMs
  return { ...ended, retryAtMs, reason: toPauseReason(end, retry, { number: cycle.lastAttempt + 1, atMs: retryAtMs }) }
}

function miss(cycle: Cycle, missing: string[], nowMs: number): Cycle {
  const reason = `cutoff passed, still waiting for ${missing.join(', ')}`
  return cycle.input.definition.cutoff?.then === 'skip'
    ? move(cycle, 'SKIPPED', null, reason, nowMs)
    : move(cycle, 'ERROR', 'wait', reason, nowMs)
}

/** Records the command; when it makes sense in this state, the cycle processes again, or waits again for its inputs. */
function rerun(cycle: Cycle, command: RerunCommand, run: RunStatus, nowMs: number): Cycle {
  const refused = refuseCommand(command) ?? refuseRerun(cycle, run, nowMs)
  const goesOn = hasAttemptToGoOnWith(cycle)
  const attempt = refused === null ? cycle.lastAttempt + (goesOn ? 0 : 1) : null
  const action = { ...command, action: 'rerun' as const, refused, attempt, atMs: nowMs, version: cycle.version }
  const { declined: _declined, ...undeclined } = cycle
  const recorded = { ...(refused === null ? undeclined : cycle), actions: [...cycle.actions, action] }
  if (refused !== null) return recorded
  if (isUnbegun(cycle)) return { ...recorded, reason: toWaitReason(cycle, command, nowMs) }
  const reason = `rerun by ${command.actor}: ${command.reason}`
  // Terminated in PROCESSING, it goes on there.
  if (cycle.state === 'PROCESSING') return { ...recorded, reason }
  const moved = move(recorded, 'PROCESSING', null, reason, nowMs)
  return { ...moved, attemptsBefore: goesOn ? cycle.attemptsBefore : cycle.lastAttempt, retryAtMs: null }
}

const hasAttemptToGoOnWith = (cycle: Cycle): boolean =>
  (cycle.state === 'PROCESSING' || (cycle.state === 'ERROR' && cycle.step === 'publish')) &&
  currentAttempt(cycle) !== undefined

function toWaitReason(cycle: Cycle, { actor, reason }: RerunCommand, nowMs: number): string {
  const missing = missingOf(cycle, nowMs)
  const opened = `opened again by ${actor}: ${reason}`
  return missing.length > 0 ? `${opened}; still waiting for ${missing.join(', ')}` : opened
}

function onAttempt(cycle: Cycle, change: Partial<Attempt>): Cycle {
  const attempts = cycle.attempts.map((attempt) =>
    attempt.number === cycle.lastAttempt ? { ...attempt, ...change } : attempt,
  )
  return { ...cycle, attempts }
}

/** The only place that changes a state; notices are due again after each move to a resting state without data. */
function move(cycle: Cycle, to: CycleState, step: Step | null, reason: string | null, nowMs: number): Cycle {
  if (!isLegalMove(cycle.state, to)) throw new Error(`Cycle ${cycle.id} cannot move from ${cycle.state} to ${to}.`)
  const transition = { from: cycle.state, to, step, reason, atMs: nowMs, version: cycle.version }
  const reported = to === 'PROCESSING' || to === 'COMPLETED'
  return {
    ...cycle,
    state: to,
    step,
    reason,
    stateSinceMs: nowMs,
    reported,
    transitions: [...cycle.transitions, transition],
  }
}
