// In: a cycle and one thing that happened. Out: the cycle after it, its version one higher.
// Never: an illegal move (states.ts); a fact for an attempt that is not the current one.
import { domainOf, type ProductId } from '../ids.ts'
import type { Cascade } from '../refresh-event.ts'
import { type CycleState, isLegalMove, isSettled, type Step } from '../states.ts'
import { withAction } from './actions.ts'
import { refuseCommand } from './commands.ts'
import { joinCascades, takeCorrections } from './corrections.ts'
import {
  type Asked,
  type Attempt,
  type Command,
  type Cycle,
  type CycleInput,
  currentAttempt,
  type DependencyStatus,
  type GlueRunEnd,
  type Held,
  inputsOf,
  isUnbegun,
  judgeInputs,
  missingOf,
  type OperatorAction,
  type OperatorCommand,
  type ReopenCommand,
  type RerunCommand,
  type UpgradeCommand,
  type WaiveCommand,
} from './cycle.ts'
import { classifyFailure } from './failure-class.ts'
import { builtFrom, toOwnArrival } from './outgoing.ts'
import { hasAttemptToGoOnWith, type RunStatus } from './rerun.ts'
import { decideCorrection, isForCorrection } from './revisions.ts'
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
      return obey(next, { ...fact.command, action: 'rerun' }, 'open', nowMs)
    case 'commanded':
      return obey(next, fact.command, 'open', nowMs)
    case 'reopened':
      return obey(next, { action: 'rerun', ...fact.command } as Command, 'closed', nowMs)
    case 'found-held':
      return { ...next, held: fact.held }
    case 'upgraded':
      return upgrade(next, fact.command, nowMs)
  }
}

const COMMANDS: ReadonlySet<Fact['kind']> = new Set(['rerun', 'commanded', 'upgraded'])

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
  const unheard = before ? (before.end?.state === 'SUCCEEDED' ? undefined : before.cascade) : cycle.input.past?.cascade
  const own = domainOf(cycle.input.product)
  const taken = cycle.dependencies.flatMap(({ newer }) =>
    newer?.cascade && domainOf(newer.product) === own ? [newer.cascade] : [],
  )
  const asked = isForCorrection(cycle, cycle.lastAttempt + 1) ? undefined : lastRerun(cycle)?.asked?.cascade
  return joinCascades([unheard, asked, ...taken])
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

/** Records the command; when it makes sense in this state, the cycle does as it says. */
function obey(cycle: Cycle, command: Command, run: RunStatus, nowMs: number): Cycle {
  const refused = refuseCommand(cycle, command, run, nowMs)
  const said = { command, action: command.action, refused, nowMs, ...toSaid(cycle, command) }
  if (refused !== null) return withAction(cycle, said, cycle)
  switch (command.action) {
    case 'rerun': {
      const attempt = cycle.lastAttempt + (hasAttemptToGoOnWith(cycle) ? 0 : 1)
      return withAction(cycle, { ...said, attempt }, rerun(cycle, command, nowMs))
    }
    case 'skip':
      return withAction(cycle, said, move(cycle, 'SKIPPED', null, `skipped by ${toWho(command)}`, nowMs))
    case 'waive':
      return withAction(cycle, said, waiveFor(cycle, command))
    case 'hold': {
      const { actor, reason, of } = command
      return withAction(cycle, said, { ...cycle, held: { actor, reason, sinceMs: nowMs, of } })
    }
    case 'release':
      return withAction(cycle, said, { ...cycle, held: null })
    case 'cancel': {
      const { actor, reason, requestId } = command
      return withAction(cycle, said, { ...cycle, cancelling: { actor, reason, requestId } })
    }
  }
}

/** For the audit: what it asks beyond its name. */
function toSaid(cycle: Cycle, command: Command): { asked?: Asked; versions?: OperatorAction['versions'] } {
  switch (command.action) {
    case 'rerun': {
      const { publish, cascade, to } = command
      const asked = { ...(publish === false && { publish }), ...(cascade && { cascade }) }
      const { definitionVersion, past } = cycle.input
      const versions = to
        ? { from: definitionVersion, to: to.definitionVersion }
        : { from: past?.definitionVersion ?? definitionVersion, to: definitionVersion }
      return { asked, ...(versions.from !== versions.to && { versions }) }
    }
    case 'waive':
      return { asked: { products: waivedProducts(cycle, command) } }
    case 'hold':
    case 'release':
      return { asked: { of: command.of } }
    case 'skip':
    case 'cancel':
      return {}
  }
}

const toWho = ({ actor, reason }: OperatorCommand): string => `${actor}: ${reason}`

const waivedProducts = (cycle: Cycle, { products }: WaiveCommand): ProductId[] =>
  products ?? [...new Set(cycle.dependencies.filter(({ state }) => state === 'WAITING').map(({ product }) => product))]

function waiveFor(cycle: Cycle, command: WaiveCommand): Cycle {
  const products = waivedProducts(cycle, command)
  const waivedBy = { actor: command.actor, reason: command.reason }
  const dependencies = cycle.dependencies.map((one) =>
    one.state === 'WAITING' && products.includes(one.product) ? { ...one, state: 'WAIVED' as const, waivedBy } : one,
  )
  const waived = { ...cycle, dependencies }
  const said = `${products.join(', ')} waived by ${toWho(command)}`
  return { ...waived, reason: said }
}

/** The cycle processes again, or waits again for its inputs. */
function rerun(cycle: Cycle, command: RerunCommand, nowMs: number): Cycle {
  const goesOn = hasAttemptToGoOnWith(cycle)
  const { declined: _declined, ...undeclined } = cycle
  const asked = command.to ? goBy(undeclined, command.to) : undeclined
  if (isUnbegun(cycle)) return { ...asked, reason: toWaitReason(asked, command, nowMs) }
  const reason = `rerun by ${toWho(command)}`
  const going = goesOn ? goOn(asked, command) : asked
  // Terminated in PROCESSING, it goes on there.
  if (cycle.state === 'PROCESSING') return { ...going, reason }
  const moved = move(going, 'PROCESSING', null, reason, nowMs)
  return { ...moved, attemptsBefore: goesOn ? cycle.attemptsBefore : cycle.lastAttempt, retryAtMs: null }
}

/** What is left of the attempt is done as this command says. */
function goOn(cycle: Cycle, { publish, cascade }: RerunCommand): Cycle {
  const { isUnpublished: _, ...attempt } = currentAttempt(cycle) as Attempt
  const asked = joinCascades([attempt.cascade, cascade])
  const whole = {
    ...{ ...attempt, ...(publish === false && { isUnpublished: true as const }) },
    ...(asked && { cascade: asked }),
  }
  return { ...cycle, attempts: [...cycle.attempts.slice(0, -1), whole] }
}

/** It has begun, so it keeps its inputs and times: what it runs and publishes by is new. */
const goBy = (cycle: Cycle, { definition, definitionVersion, expected, condition }: CycleInput): Cycle => {
  const { condition: _before, ...input } = cycle.input
  return { ...cycle, input: { ...input, definition, definitionVersion, expected, ...(condition && { condition }) } }
}

/** The rerun that the next attempt is for; undefined: it is the first, or follows a rerun that its cycle no longer knows. */
const lastRerun = ({ actions }: Cycle): OperatorAction | undefined =>
  actions.findLast(({ action, refused }) => action === 'rerun' && refused === null)

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
  const { cancelling: _over, ...settled } = cycle
  const moved = {
    ...(isSettled(to) ? settled : cycle),
    state: to,
    step,
    reason,
    stateSinceMs: nowMs,
    reported,
    transitions: [...cycle.transitions, transition],
  }
  return isSettled(to) ? { ...moved, held: heldAfter(moved, nowMs) } : moved
}

/** A hold of its own ends with what it could start; a product stays held for whatever comes back. */
const heldAfter = (cycle: Cycle, nowMs: number): Held | null =>
  cycle.held && (cycle.held.of === 'product' || decideCorrection(cycle, nowMs) !== null) ? cycle.held : null
