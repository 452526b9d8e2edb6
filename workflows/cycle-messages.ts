// What a cycle answers: arrivals, and what operators ask of it. Handlers are synchronous, so every later decision sees what they did.
// Never: a handler registered after the first await; a rerun whose reason is not kept.
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow'
import { toStanding } from '../model/cycle/actions.ts'
import { ACTION_WORDS, refuseCommand, toRefusal } from '../model/cycle/commands.ts'
import type { Command, Cycle, OperatorAction, OperatorCommand, Standing, UpgradeCommand } from '../model/cycle/cycle.ts'
import { refuseUpgrade } from '../model/cycle/upgrade.ts'
import { faultOfInput } from '../model/cycle/upgrade-input.ts'
import { toCommand, toRerun } from './command-payloads.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_QUERY, HELD_UP_SIGNAL, RERUN, UPGRADE } from './contract.ts'
import type { CycleRun } from './cycle-run.ts'
import { holdUp, recall } from './cycle-steps.ts'
import { toArrivals, toBlockers, toHoldUps, toText } from './signal-payloads.ts'

/** Signals may be sent by hand, so what they bring is not known yet. */
const arrivals = defineSignal<[unknown]>(ARRIVALS_SIGNAL)
const blockers = defineSignal<[unknown]>(BLOCKERS_SIGNAL)
const heldUp = defineSignal<[unknown]>(HELD_UP_SIGNAL)
const rerunSignal = defineSignal<[unknown]>(RERUN)
const rerunUpdate = defineUpdate<{ attempt: number }, [unknown]>(RERUN)
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
  setHandler(rerunSignal, (payload) => void obey(run, fromPerson(run, payload)), {
    description:
      'Runs the product again for this cycle. Input: {"actor": "who", "reason": "why"}. A refusal is recorded.',
  })
  setHandler(rerunUpdate, (payload) => rerun(run, toRerun(payload)), {
    description:
      'Runs the product again for this cycle and answers the attempt number. Input: {"actor": "who", "reason": "why", "requestId": "any new text"}; with "publish": false no event tells of it.',
    validator: (payload) => requireSense(run, toRerun(payload)),
  })
  for (const [action, description] of ACTIONS) {
    setHandler(defineUpdate<Standing, [unknown]>(action), (payload) => obey(run, toCommand(action, payload)), {
      description,
      validator: (payload) => requireSense(run, toCommand(action, payload)),
    })
  }
  setHandler(upgradeUpdate, (command) => upgrade(run, command), {
    description:
      'Goes by a newer version of the definition, while no attempt has begun: use `sluice upgrade`, which computes the input.',
    validator: (command) => requireUpgrade(run, command),
  })
}

const INPUT = 'Input: {"actor": "who", "reason": "why", "requestId": "any new text"}'

/** What else people may ask, each an update; told in the dialogs of the Temporal UI. */
const ACTIONS: [Exclude<Command['action'], 'rerun'>, string][] = [
  [
    'skip',
    `Ends a cycle that is WAITING, in ERROR or CANCELLED as SKIPPED: it goes without data, and consumers are told. ${INPUT}.`,
  ],
  [
    'waive',
    `Lets a cycle that has not begun go without an input: it counts as WAIVED. ${INPUT.replace('}', ', "products": ["raw/rd2"]}')}; null for all that are missing.`,
  ],
  ['hold', `Keeps attempts from beginning; arrivals are recorded all the same. ${INPUT}.`],
  ['release', `Ends a hold: the cycle goes on by itself. ${INPUT}.`],
  ['cancel', `Stops the Glue run and ends the cycle as CANCELLED. ${INPUT}.`],
]

/** A repeated request is the same action: it changes nothing and gets the same answer. */
function obey(run: CycleRun, command: Command): Standing {
  if (!knownAction(run, command)) {
    run.apply({ kind: 'commanded', command })
    if (run.cycle.cancelling) run.cancel()
  }
  return knownAction(run, command)?.after ?? toStanding(run.cycle)
}

function rerun(run: CycleRun, command: Command): { attempt: number } {
  obey(run, command)
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

/** @throws ApplicationFailure: the validator's no, which leaves no event in the history. */
function requireSense(run: CycleRun, command: Command): void {
  const what = ACTION_WORDS[command.action]
  requireWhole(command, what)
  const fault = command.action === 'rerun' && command.to ? faultOfInput(command.to) : null
  const known = knownAction(run, command)
  const nonsense = fault === null ? null : `What it brings makes no sense at "${fault}".`
  const refused = known ? known.refused : (nonsense ?? refuseCommand(run.cycle, command, 'open', Date.now()))
  if (refused !== null)
    throw ApplicationFailure.nonRetryable(toRefusal(run.cycle.id, command.action, refused), 'ActionRefused')
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

function requireWhole(command: OperatorCommand, what: string): void {
  if (!toText(command?.reason) || !toText(command?.actor) || !toText(command?.requestId))
    throw ApplicationFailure.nonRetryable(`${what} needs an actor, a reason and a request id.`, 'CommandIncomplete')
}

const knownAction = (run: CycleRun, { requestId }: OperatorCommand): OperatorAction | undefined =>
  run.cycle.actions.find((action) => action.requestId === requestId)

/** A signal sent by hand has no validator: what it leaves out is refused and recorded (model/cycle). */
function fromPerson(run: CycleRun, payload: unknown): Command {
  // By another version only `sluice rerun` can make it go, which computes the input; and a person is no backfill.
  const { to: _to, openedBy: _openedBy, ...command } = toRerun(payload)
  const { id, runNumber, version } = run.cycle
  return { ...command, requestId: command.requestId || `signal-${id}-${runNumber}-${version}` }
}
