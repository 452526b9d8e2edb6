// In: a cycle, what somebody asks of it, whether a run of it is open, the time. Out: why that makes no sense now, or null.
// One function for the validator of an update, the preview of a command and the start that brings a closed cycle back. Pure.
// Never: a refusal that does not say in which states the action makes sense.
import { toCycleId } from '../ids.ts'
import { withFullStop } from '../full-stop.ts'
import { type CycleState, isSettled, type Step } from '../states.ts'
import { toShort } from './asker.ts'
import { type Command, type Cycle, type CycleInput, type Held, isUnbegun, type OperatorCommand } from './cycle.ts'
import { missingOf } from './inputs.ts'
import { hasAttemptToGoOnWith, type RunStatus, refuseRerun } from './rerun.ts'
import { decideCorrection } from './revisions.ts'

/** Null when it may go ahead; else sentences that say what to do instead. */
export function refuseCommand(cycle: Cycle, command: Command, run: RunStatus, nowMs: number): string | null {
  const incomplete = refuseIncomplete(command, ACTION_WORDS[command.action])
  if (incomplete !== null) return incomplete
  const refused = refuseNow(cycle, command, run, nowMs)
  const first = refused === null ? '' : whoWasFirst(cycle, command.action)
  return refused === null || first === '' ? refused : withFullStop(refused) + first
}

/** Of two who ask for the same the second learns of the first; what is held or being cancelled says by whom in any case. */
function whoWasFirst({ state, reason, actions, held, cancelling }: Cycle, action: Command['action']): string {
  if (action === 'skip' || action === 'cancel') {
    const isOver = state === 'SKIPPED' || state === 'CANCELLED'
    return isOver && reason !== null && !cancelling ? ` Why it is: ${toShort(reason)}.` : ''
  }
  const last = actions.findLast(({ refused }) => refused === null)
  if (last?.action !== action || held) return ''
  return ` ${last.actor} asked for it first, at ${new Date(last.atMs).toISOString()}: ${toShort(last.reason)}.`
}

function refuseNow(cycle: Cycle, command: Command, run: RunStatus, nowMs: number): string | null {
  switch (command.action) {
    case 'rerun':
      return refuseTarget(cycle, command.to) ?? refuseRerun(cycle, run, nowMs)
    case 'skip':
      return refuseSkip(cycle)
    case 'waive':
      return refuseWaive(cycle, command.products, nowMs)
    case 'hold':
      return refuseHold(cycle, command.of, { run, nowMs })
    case 'release':
      return refuseRelease(cycle, command.of, run)
    case 'cancel':
      return refuseCancel(cycle, run)
  }
}

/** A signal has no validator, so what it leaves out is refused here. */
function refuseIncomplete({ actor, reason }: Pick<OperatorCommand, 'actor' | 'reason'>, what: string): string | null {
  const lacking = [...(actor.trim() ? [] : ['an actor']), ...(reason.trim() ? [] : ['a reason'])]
  return lacking.length > 0 ? `${what} needs ${lacking.join(' and ')}.` : null
}

/** The sentence of a no: what was asked of which cycle, and why not. */
export const toRefusal = (id: string, action: Command['action'], refused: string): string =>
  `${id} ${CANNOT[action]} now. ${refused}`

const CANNOT: Record<Command['action'], string> = {
  rerun: 'cannot be rerun',
  skip: 'cannot be skipped',
  waive: 'cannot go without an input',
  hold: 'cannot be held',
  release: 'cannot be released',
  cancel: 'cannot be cancelled',
}

/** What each is called, at the beginning of a sentence. */
export const ACTION_WORDS: Record<Command['action'], string> = {
  rerun: 'A rerun',
  skip: 'A skip',
  waive: 'A waiver',
  hold: 'A hold',
  release: 'A release',
  cancel: 'A cancellation',
}

function refuseTarget(cycle: Cycle, to: CycleInput | undefined): string | null {
  if (!to) return null
  const { id, input } = cycle
  if (hasAttemptToGoOnWith(cycle))
    return `What its attempt ${cycle.lastAttempt} made by version ${input.definitionVersion} is only published again, so it cannot go by another version. To do that: leave --definition out, or say --definition cycle.`
  if (toCycleId(to.product, to.key) !== id) return `${toCycleId(to.product, to.key)} is another cycle.`
  return to.definitionVersion < input.definitionVersion
    ? `It carries version ${input.definitionVersion} of its definition; version ${to.definitionVersion} is older.`
    : null
}

const SKIPPABLE = 'Only a cycle that is WAITING, in ERROR or CANCELLED can be skipped'

function refuseSkip({ id, state, revision }: Cycle): string | null {
  switch (state) {
    case 'WAITING':
    case 'ERROR':
    case 'CANCELLED':
      return revision > 0 ? `${SKIPPABLE} that has published nothing. ${toTakeBack({ id, revision })}` : null
    case 'PROCESSING':
      return `${SKIPPABLE}, and it is running now. Cancel it first (sluice cancel ${id}), then skip it.`
    case 'COMPLETED':
      return `${SKIPPABLE}, and it has completed. ${toTakeBack({ id, revision })}`
    case 'SKIPPED':
      return 'It is skipped already.'
  }
}

const toTakeBack = ({ id, revision }: Pick<Cycle, 'id' | 'revision'>): string =>
  revision > 0
    ? `To take its revision ${revision} back, if nobody has yet: sluice events withdraw ${id}/r${revision} --reason "…"`
    : 'It told nobody, so there is nothing to take back.'

const WAIVABLE = 'Only a cycle that still gathers its inputs, WAITING or in ERROR (wait), can go without one'

function refuseWaive(cycle: Cycle, products: string[] | null, nowMs: number): string | null {
  if (!isUnbegun(cycle)) return `${WAIVABLE}, and it is ${toWords(cycle)}.`
  const waiting = [
    ...new Set(cycle.dependencies.filter(({ state }) => state === 'WAITING').map(({ product }) => product)),
  ]
  if (products === null) return waiting.length > 0 ? null : `There is no input left to waive. ${toWait(cycle, nowMs)}`
  const unknown = products.filter((product) => !cycle.dependencies.some((one) => one.product === product))
  if (unknown.length > 0)
    return `It does not wait for ${unknown.join(', ')}. Its inputs are ${toNames(cycle.dependencies.map((one) => one.product))}.`
  const there = products.filter((product) => !waiting.some((one) => one === product))
  return there.length > 0
    ? `${there.join(', ')} ${there.length === 1 ? 'has' : 'have'} arrived or been waived already. It still waits for ${toNames(waiting)}.`
    : null
}

function toWait(cycle: Cycle, nowMs: number): string {
  const missing = missingOf(cycle, nowMs)
  if (missing.length === 0 && cycle.held)
    return `It is held, ${toHeldWords(cycle.held)}. To let it go on: sluice release ${cycle.held.of === 'product' ? cycle.input.product : cycle.id} --reason "…"`
  return missing.length > 0
    ? `It waits for what no cycle of ${missing.join(', ')} can bring, so it can only be skipped: sluice skip ${cycle.id} --reason "…"`
    : 'It starts by itself when its time has come.'
}

const toNames = (products: string[]): string => (products.length > 0 ? [...new Set(products)].join(', ') : 'none')

const HOLDABLE = 'Only a cycle that is WAITING, PROCESSING or in ERROR can be held'

function refuseHold(cycle: Cycle, of: Held['of'], { run, nowMs }: { run: RunStatus; nowMs: number }): string | null {
  const product = cycle.input.product
  // One that would run again by itself has something left to start.
  if (isSettled(cycle.state) && (run === 'closed' || decideCorrection(cycle, nowMs) === null))
    return `${HOLDABLE}, and it is ${cycle.state}: nothing of it is left to start. To keep all cycles of its product from starting: sluice hold ${product} --reason "…"`
  if (run === 'closed')
    return `${HOLDABLE} while its run is open; this one has closed, so nothing starts by itself. To keep all cycles of its product from starting: sluice hold ${product} --reason "…"`
  if (cycle.held && !(cycle.held.of === 'product' && of === 'cycle'))
    return `It is held already, ${toHeldWords(cycle.held)}.`
  return null
}

function refuseRelease(cycle: Cycle, of: Held['of'], run: RunStatus): string | null {
  if (!cycle.held)
    return `It is not held${run === 'closed' ? ', and no run of it is open' : ''}. Only a held cycle can be released.`
  if (of === cycle.held.of) return null
  return cycle.held.of === 'product'
    ? `Its product is held, ${toHeldWords(cycle.held)}: sluice release ${cycle.input.product} --reason "…"`
    : `It is held by itself, ${toHeldWords(cycle.held)}, not with its product: sluice release ${cycle.id} --reason "…"`
}

const CANCELLABLE = 'Only a cycle that is WAITING, PROCESSING or in ERROR can be cancelled'

function refuseCancel(cycle: Cycle, run: RunStatus): string | null {
  if (isSettled(cycle.state)) return `${CANCELLABLE}, and it is ${cycle.state}.`
  if (run === 'closed')
    return `${CANCELLABLE} while its run is open; this one has closed, so nothing of it is under way. To say that it goes without data: sluice skip ${cycle.id} --reason "…"`
  if (cycle.cancelling)
    return `It is being cancelled already, by ${cycle.cancelling.actor}: ${toShort(cycle.cancelling.reason)}.`
  return null
}

const toWords = ({ state, step }: { state: CycleState; step: Step | null }): string =>
  step ? `in ${state} (${step})` : state

/** By whom, since when and why, in one short line; for a sentence. */
export const toHeldWords = ({ actor, reason, sinceMs }: Held): string =>
  `by ${actor} since ${new Date(sinceMs).toISOString()}: ${toShort(reason)}`
