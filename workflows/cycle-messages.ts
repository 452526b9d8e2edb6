// What a cycle answers: arrivals and reruns. Handlers are synchronous, so every later decision sees what they did.
// Never: a handler registered after the first await; a rerun whose reason is not kept.
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow'
import type { Blocker, Cycle, RerunCommand } from '../model/cycle/cycle.ts'
import { refuseRerun } from '../model/cycle/rerun.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_QUERY, RERUN } from './contract.ts'
import type { CycleRun } from './cycle-run.ts'

const arrivals = defineSignal<[Arrival[]]>(ARRIVALS_SIGNAL)
const blockers = defineSignal<[Blocker[]]>(BLOCKERS_SIGNAL)
const rerunSignal = defineSignal<[RerunCommand]>(RERUN)
const rerunUpdate = defineUpdate<{ attempt: number }, [RerunCommand]>(RERUN)
const cycleQuery = defineQuery<Cycle>(CYCLE_QUERY)

export function answerMessages(run: CycleRun): void {
  setHandler(cycleQuery, () => run.cycle, { description: 'Where the cycle stands: inputs, attempts, outcomes.' })
  setHandler(arrivals, (list) => run.arrive(list), {
    description:
      'Refresh events of upstreams: [{eventId, product, key, revision, location, correlationId, occurredAt}].',
  })
  setHandler(blockers, (list) => run.learnBlockers(list), {
    description: 'Upstreams that did not refresh: [{eventId, product, key, state, step, reason, occurredAt}].',
  })
  setHandler(rerunSignal, (command) => void rerun(run, fromPerson(run, command)), {
    description:
      'Runs the product again for this cycle. Input: {"actor": "who", "reason": "why"}. A refusal is recorded.',
  })
  setHandler(rerunUpdate, (command) => rerun(run, command), {
    description:
      'Runs the product again for this cycle and answers the attempt number. Input: {"actor", "reason", "requestId"}.',
    validator: (command) => requireRerun(run, command),
  })
}

/** A repeated request is the same action: it changes nothing and gets the same answer. */
function rerun(run: CycleRun, command: RerunCommand): { attempt: number } {
  if (!isKnown(run, command)) run.apply({ kind: 'rerun', command })
  return { attempt: run.cycle.lastAttempt + 1 }
}

function requireRerun(run: CycleRun, command: RerunCommand): void {
  if (!command?.reason?.trim() || !command.actor?.trim() || !command.requestId?.trim()) {
    throw ApplicationFailure.nonRetryable('A rerun needs an actor, a reason and a request id.', 'CommandIncomplete')
  }
  const refused = isKnown(run, command) ? null : refuseRerun(run.cycle)
  if (refused) throw ApplicationFailure.nonRetryable(`${run.cycle.id} cannot be rerun now. ${refused}`, 'RerunRefused')
}

const isKnown = (run: CycleRun, command: RerunCommand): boolean =>
  run.cycle.actions.some((action) => action.requestId === command.requestId)

/** A signal sent by hand has no validator: what it leaves out is filled in, so that its refusal can be recorded too. */
const fromPerson = (run: CycleRun, command: Partial<RerunCommand> | undefined): RerunCommand => ({
  actor: command?.actor?.trim() || 'unknown (signal)',
  reason: command?.reason?.trim() || '',
  requestId: command?.requestId?.trim() || `signal-${run.cycle.id}-${run.cycle.runNumber}-${run.cycle.version}`,
})
