// In: a cycle and what somebody asks of it. Out: the cycle after it, which remembers the action, taken or refused.
// Never: a command taken that commands.ts refuses.
import type { ProductId } from '../ids.ts'
import { withAction } from './actions.ts'
import { refuseCommand } from './commands.ts'
import { joinCascades } from './corrections.ts'
import type { Attempt } from './attempt.ts'
import {
  type Asked,
  type Command,
  type Cycle,
  type CycleInput,
  currentAttempt,
  isUnbegun,
  type OperatorAction,
  type OperatorCommand,
  type RerunCommand,
  type WaiveCommand,
} from './cycle.ts'
import { missingOf } from './inputs.ts'
import { move } from './move.ts'
import { hasAttemptToGoOnWith, type RunStatus } from './rerun.ts'

/** Records the command; when it makes sense in this state, the cycle does as it says. */
export function obey(cycle: Cycle, command: Command, run: RunStatus, nowMs: number): Cycle {
  const refused = refuseCommand(cycle, command, run, nowMs)
  if (refused !== null) return refuse(cycle, command, refused, nowMs)
  const said = { command, action: command.action, refused, nowMs, ...toSaid(cycle, command) }
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

/** Records the command, and why it is not obeyed. */
export const refuse = (cycle: Cycle, command: Command, refused: string, nowMs: number): Cycle =>
  withAction(cycle, { command, action: command.action, refused, nowMs, ...toSaid(cycle, command) }, cycle)

/** For the audit: what it asks beyond its name. */
function toSaid(cycle: Cycle, command: Command): { asked?: Asked; versions?: OperatorAction['versions'] } {
  switch (command.action) {
    case 'rerun': {
      const { publish, cascade, to, openedBy } = command
      const asked = {
        ...{ ...(publish === false && { publish }), ...(cascade && { cascade }) },
        ...(openedBy && { backfill: true as const }),
      }
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
  const asked = becomeOf(command.to ? goBy(undeclined, command.to) : undeclined, command)
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

/** A backfill's for as long as nobody else asks: then it is again whose it was, and wakes somebody up. */
function becomeOf(cycle: Cycle, { openedBy }: RerunCommand): Cycle {
  const { openedBefore = cycle.input.openedBy, ...input } = cycle.input
  if (openedBy) return { ...cycle, input: { ...input, openedBy, openedBefore } }
  return { ...cycle, input: { ...input, openedBy: openedBefore } }
}

function toWaitReason(cycle: Cycle, { actor, reason }: RerunCommand, nowMs: number): string {
  const missing = missingOf(cycle, nowMs)
  const opened = `opened again by ${actor}: ${reason}`
  return missing.length > 0 ? `${opened}; still waiting for ${missing.join(', ')}` : opened
}
