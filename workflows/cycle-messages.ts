// What a cycle answers: arrivals, reruns, upgrades. Handlers are synchronous, so every later decision sees what they did.
// Never: a handler registered after the first await; a rerun whose reason is not kept.
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow'
import type { Cycle, OperatorAction, RerunCommand, UpgradeCommand } from '../model/cycle/cycle.ts'
import { refuseRerun } from '../model/cycle/rerun.ts'
import { refuseUpgrade } from '../model/cycle/upgrade.ts'
import { faultOfInput } from '../model/cycle/upgrade-input.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_QUERY, HELD_UP_SIGNAL, RERUN, UPGRADE } from './contract.ts'
import type { CycleRun } from './cycle-run.ts'
import { holdUp, recall } from './cycle-steps.ts'
import { toArrivals, toBlockers, toHoldUps, toText } from './signal-payloads.ts'

/** Signals may be sent by hand, so what they bring is not known yet. */
const arrivals = defineSignal<[unknown]>(ARRIVALS_SIGNAL)
const blockers = defineSignal<[unknown]>(BLOCKERS_SIGNAL)
const heldUp = defineSignal<[unknown]>(HELD_UP_SIGNAL)
const rerunSignal = defineSignal<[unknown]>(RERUN)
const rerunUpdate = defineUpdate<{ attempt: number }, [RerunCommand]>(RERUN)
const upgradeUpdate = defineUpdate<{ definitionVersion: number }, [UpgradeCommand]>(UPGRADE)
const cycleQuery = defineQuery<Cycle>(CYCLE_QUERY)

export function answerMessages(run: CycleRun): void {
  setHandler(cycleQuery, () => run.cycle, { description: 'Where the cycle stands: inputs, attempts, outcomes.' })
  setHandler(arrivals, (payload) => run.arrive(toArrivals(payload)), {
    description:
      'Refresh events of upstreams: [{eventId, product, key, revision, location, correlationId, occurredAt}].',
  })
  setHandler(blockers, (payload) => run.learnBlockers(toBlockers(payload)), {
    description: 'Upstreams that did not refresh: [{eventId, product, key, state, step, reason, occurredAt}].',
  })
  setHandler(heldUp, (payload) => toHoldUps(payload).forEach((said) => holdUp(run, said)), {
    description:
      'Why the step under way does not get on, said by its activity: {step, reason, isRefusal}; no reason: it gets on again.',
  })
  setHandler(rerunSignal, (payload) => void rerun(run, fromPerson(run, payload)), {
    description:
      'Runs the product again for this cycle. Input: {"actor": "who", "reason": "why"}. A refusal is recorded.',
  })
  setHandler(rerunUpdate, (command) => rerun(run, command), {
    description:
      'Runs the product again for this cycle and answers the attempt number. Input: {"actor", "reason", "requestId"}.',
    validator: (command) => requireRerun(run, command),
  })
  setHandler(upgradeUpdate, (command) => upgrade(run, command), {
    description:
      'Goes by a newer version of the definition, while no attempt has begun: use `sluice upgrade`, which computes the input.',
    validator: (command) => requireUpgrade(run, command),
  })
}

/** A repeated request is the same action: it changes nothing and gets the same answer. */
function rerun(run: CycleRun, command: RerunCommand): { attempt: number } {
  if (!knownAction(run, command)) run.apply({ kind: 'rerun', command })
  return { attempt: knownAction(run, command)?.attempt ?? run.cycle.lastAttempt }
}

/** What was published of its new inputs before it waited for them comes by a recall, as when it opened. */
function upgrade(run: CycleRun, command: UpgradeCommand): { definitionVersion: number } {
  if (!knownAction(run, command)) {
    run.apply({ kind: 'upgraded', command })
    recall(run)
  }
  return { definitionVersion: run.cycle.input.definitionVersion }
}

function requireRerun(run: CycleRun, command: RerunCommand): void {
  requireWhole(command, 'A rerun')
  const known = knownAction(run, command)
  const refused = known ? known.refused : refuseRerun(run.cycle, 'open', Date.now())
  if (refused) throw ApplicationFailure.nonRetryable(`${run.cycle.id} cannot be rerun now. ${refused}`, 'RerunRefused')
}

function requireUpgrade(run: CycleRun, command: UpgradeCommand): void {
  requireWhole(command, 'An upgrade')
  const refuse = (why: string) =>
    ApplicationFailure.nonRetryable(`${run.cycle.id} cannot be upgraded now. ${why}`, 'UpgradeRefused')
  const fault = faultOfInput(command.to)
  if (fault !== null) throw refuse(`What it brings makes no sense at "${fault}".`)
  const known = knownAction(run, command)
  const refused = known ? known.refused : refuseUpgrade(run.cycle, command.to)
  if (refused) throw refuse(refused)
}

function requireWhole(command: RerunCommand, what: string): void {
  if (!toText(command?.reason) || !toText(command?.actor) || !toText(command?.requestId))
    throw ApplicationFailure.nonRetryable(`${what} needs an actor, a reason and a request id.`, 'CommandIncomplete')
}

const knownAction = (run: CycleRun, { requestId }: RerunCommand): OperatorAction | undefined =>
  run.cycle.actions.find((action) => action.requestId === requestId)

/** A signal sent by hand has no validator: what it leaves out is refused and recorded (model/cycle). */
function fromPerson(run: CycleRun, payload: unknown): RerunCommand {
  const { actor, reason, requestId } = (payload ?? {}) as Partial<Record<keyof RerunCommand, unknown>>
  return {
    actor: toText(actor),
    reason: toText(reason),
    requestId: toText(requestId) || `signal-${run.cycle.id}-${run.cycle.runNumber}-${run.cycle.version}`,
  }
}
