// In: a cycle and one thing that happened. Out: the cycle after it, its version one higher.
// Never: an illegal move (move.ts); a fact for an attempt that is not the current one.
import { domainOf } from '../ids.ts'
import type { Cascade } from '../refresh-event.ts'
import { joinCascades, takeCorrections, toFoundDeliveries } from './corrections.ts'
import type { Attempt, GlueRunEnd } from './attempt.ts'
import {
  type Command,
  type Cycle,
  currentAttempt,
  type DependencyStatus,
  type Held,
  type OperatorAction,
  type ReopenCommand,
  type RerunCommand,
  type UpgradeCommand,
} from './cycle.ts'
import { inputsOf, judgeInputs } from './inputs.ts'
import { classifyFailure } from './failure-class.ts'
import { move } from './move.ts'
import { obey, refuse } from './obey.ts'
import { builtFrom, toOwnArrival } from './outgoing.ts'
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
  /** What else somebody asked of it. */
  | { kind: 'commanded'; command: Command }
  /** What somebody asked that is refused however it stands: what was said makes no sense. */
  | { kind: 'refused'; command: Command; why: string }
  /** The command that brought the closed cycle back: the first fact of the new run. */
  | { kind: 'reopened'; command: ReopenCommand }
  /** Glue was not asked, because its product is held: this cycle had not heard of it. */
  | { kind: 'found-held'; held: Held }
  /** It goes by a newer version of its definition from now on. */
  | { kind: 'upgraded'; command: UpgradeCommand }

/** The cycle after the fact; facts are applied in the order in which they happened. */
export function applyFact(cycle: Cycle, fact: Fact, nowMs: number): Cycle {
  // A command changes nothing about the step under way; every other fact is its end.
  const heldUp = COMMANDS.has(fact.kind) ? cycle.heldUp : null
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
      return move(heard(next), 'COMPLETED', null, null, nowMs)
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
      return obey(next, { ...fact.command, action: 'rerun' }, 'open', nowMs)
    case 'commanded':
      return obey(next, fact.command, 'open', nowMs)
    case 'refused':
      return refuse(next, fact.command, fact.why, nowMs)
    case 'reopened':
      return obey(
        { ...next, deliveries: toFoundDeliveries(next, nowMs) },
        { action: 'rerun', ...fact.command } as Command,
        'closed',
        nowMs,
      )
    case 'found-held':
      // Its own hold came meanwhile: that lasts until somebody releases the cycle.
      return { ...next, held: next.held?.of === 'cycle' ? next.held : fact.held }
    case 'upgraded':
      return upgrade(next, fact.command, nowMs)
  }
}

const COMMANDS: ReadonlySet<Fact['kind']> = new Set(['rerun', 'commanded', 'refused', 'upgraded'])

function complete(cycle: Cycle, { eventId, revision }: { eventId: string; revision: number }, nowMs: number): Cycle {
  const published = toOwnArrival(cycle, eventId, revision)
  return { ...move(heard(cycle), 'COMPLETED', null, null, nowMs), revision, published }
}

/** What its attempts were to ask of consumers is asked, or nobody wants that any more. */
const heard = (cycle: Cycle): Cycle => ({ ...cycle, attempts: cycle.attempts.map(({ cascade: _, ...rest }) => rest) })

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
  const isUnpublished = lastRerun(cycle)?.asked?.publish === false
  const cascade = cascadeOf(cycle)
  const how = {
    ...{ ...(isCorrection && { isCorrection }), ...(isUnpublished && { isUnpublished }) },
    ...(cascade && { cascade }),
  }
  const whole: Attempt = { ...attempt, inputs: builtFrom(begun), ...how }
  return { ...begun, attempts: [...cycle.attempts, whole] }
}

/** Whom the publication of the attempt that begins asks to run again: as a person said, or the corrections that it takes. */
function cascadeOf(cycle: Cycle): Cascade | undefined {
  // What was asked for and never published is still asked for.
  const before = currentAttempt(cycle)
  const unheard = before ? before.cascade : cycle.input.past?.cascade
  const own = domainOf(cycle.input.product)
  const taken = cycle.dependencies.flatMap(({ newer }) =>
    newer?.cascade && domainOf(newer.product) === own ? [newer.cascade] : [],
  )
  // Also by a rerun that was cancelled before this attempt could begin.
  const asked = rerunsFor(cycle, cycle.lastAttempt + 1).map((action) => action.asked?.cascade)
  return joinCascades([unheard, ...asked, ...taken])
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

function onAttempt(cycle: Cycle, change: Partial<Attempt>): Cycle {
  const attempts = cycle.attempts.map((attempt) =>
    attempt.number === cycle.lastAttempt ? { ...attempt, ...change } : attempt,
  )
  return { ...cycle, attempts }
}

/** The reruns that lead to the attempt of this number. */
const rerunsFor = ({ actions }: Cycle, number: number): OperatorAction[] =>
  actions.filter(({ action, refused, attempt }) => action === 'rerun' && refused === null && attempt === number)

/** The rerun that the next attempt is for; undefined: it is the first, or follows a rerun that its cycle no longer knows. */
const lastRerun = ({ actions }: Cycle): OperatorAction | undefined =>
  actions.findLast(({ action, refused }) => action === 'rerun' && refused === null)
