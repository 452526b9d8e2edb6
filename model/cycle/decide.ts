// In: where a cycle stands, and the time. Out: the one next step. Pure: workflow, simulation and explain ask here.
// Never: starts before each required upstream has arrived or was waived, or the cutoff says run-without.

import type { ProductId } from '../ids.ts'
import type { Attempt } from './attempt.ts'
import { type Cycle, currentAttempt, type DependencyStatus, type RerunCommand } from './cycle.ts'
import { judgeInputs, missingNames } from './inputs.ts'
import { decideCorrection } from './revisions.ts'
import { unopenedOf, withoutUnopened } from './unopened.ts'

export type NextStep =
  | { kind: 'wait'; untilMs: number | null }
  | { kind: 'begin' }
  | { kind: 'miss'; missing: ProductId[] }
  | { kind: 'skip'; reason: string }
  | { kind: 'start'; attempt: Attempt }
  | { kind: 'await-end'; attempt: Attempt; runId: string }
  | { kind: 'publish'; attempt: Attempt }
  | { kind: 'complete' }
  /** Inputs were corrected since it ran, and the definition says that it runs again. */
  | { kind: 'rerun'; command: RerunCommand }
  | { kind: 'report' }
  | { kind: 'give-up' }
  | { kind: 'close' }

const earlier = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)

/** A cycle opened at or after its own cutoff (a backfill, a day made up for) has none: it waits for as long as it takes. */
const armedCutoffMs = ({ input, openedAtMs }: Cycle): number | null =>
  input.cutoffMs !== null && input.cutoffMs > openedAtMs ? input.cutoffMs : null

/** The inputs that nobody had opened, where the cycle would not go on now if somebody has: worth another look first. */
export function worthAnotherLook(cycle: Cycle, nowMs: number): DependencyStatus[] {
  const unopened = unopenedOf(cycle)
  if (unopened.length === 0) return []
  const isSame = decideNext(withoutUnopened(cycle), nowMs).kind === decideNext(cycle, nowMs).kind
  return isSame ? [] : unopened
}

/** The next thing to do; `wait` ends by an arrival, a command or the time given. */
export function decideNext(cycle: Cycle, nowMs: number): NextStep {
  const next = decideUnheld(cycle, nowMs)
  return cycle.held && STARTS.has(next.kind) ? { kind: 'wait', untilMs: null } : next
}

/** What a hold keeps from happening: all that begins an attempt or leads to one; and the end of an ERROR that it is about. */
const STARTS: ReadonlySet<NextStep['kind']> = new Set(['begin', 'start', 'rerun', 'give-up'])

function decideUnheld(cycle: Cycle, nowMs: number): NextStep {
  switch (cycle.state) {
    case 'WAITING':
      return decideWaiting(cycle, nowMs)
    case 'PROCESSING':
      return decideProcessing(cycle, nowMs)
    case 'ERROR':
      return decideInError(cycle, nowMs)
    case 'COMPLETED':
      return decideCorrection(cycle, nowMs) ?? { kind: 'close' }
    case 'SKIPPED':
    case 'CANCELLED':
      return cycle.reported ? { kind: 'close' } : { kind: 'report' }
  }
}

/** It begins once the condition holds; at the cutoff itself the wait is over. */
function decideWaiting(cycle: Cycle, nowMs: number): NextStep {
  const { notBeforeMs, definition } = cycle.input
  const inputs = judgeInputs(cycle, nowMs)
  const cutoffMs = armedCutoffMs(cycle)
  const isCutOff = cutoffMs !== null && nowMs >= cutoffMs
  if (!inputs.holds) {
    if (inputs.skip !== null) return { kind: 'skip', reason: inputs.skip }
    if (!isCutOff) return { kind: 'wait', untilMs: earlier(cutoffMs, inputs.untilMs) }
    if (definition.cutoff?.then !== 'run-without') return { kind: 'miss', missing: missingNames(cycle, inputs) }
  }
  if (notBeforeMs !== null && nowMs < notBeforeMs) return { kind: 'wait', untilMs: notBeforeMs }
  return { kind: 'begin' }
}

function decideProcessing(cycle: Cycle, nowMs: number): NextStep {
  const attempt = currentAttempt(cycle)
  if (!attempt || attempt.number <= cycle.attemptsBefore) return { kind: 'begin' }
  if (attempt.runId === null) return { kind: 'start', attempt }
  if (attempt.end === null) return { kind: 'await-end', attempt, runId: attempt.runId }
  if (attempt.end.state === 'SUCCEEDED') return toPublish(cycle, attempt)
  const isPaused = cycle.retryAtMs !== null && nowMs < cycle.retryAtMs
  return isPaused ? { kind: 'wait', untilMs: cycle.retryAtMs } : { kind: 'begin' }
}

const toPublish = (cycle: Cycle, attempt: Attempt): NextStep =>
  cycle.input.definition.publish && !attempt.isUnpublished ? { kind: 'publish', attempt } : { kind: 'complete' }

function decideInError(cycle: Cycle, nowMs: number): NextStep {
  // A late arrival in ERROR(wait) starts the cycle; at the cutoff `then: error` was said once and is not said again.
  const inputs = cycle.step === 'wait' ? judgeInputs(cycle, nowMs) : null
  const next = inputs?.holds ? decideWaiting(cycle, nowMs) : null
  if (next?.kind === 'begin') return next
  if (!cycle.reported) return { kind: 'report' }
  if (next?.kind === 'wait') return next
  const correction = decideCorrection(cycle, nowMs)
  if (correction?.kind === 'rerun') return correction
  const untilMs = cycle.stateSinceMs + cycle.input.settings.errorWaitMs
  if (nowMs >= untilMs && !correction) return { kind: 'give-up' }
  return { kind: 'wait', untilMs: correction?.untilMs ?? earlier(untilMs, inputs?.untilMs ?? null) }
}
