// What a cycle answers: arrivals, and what operators ask of it. Handlers are synchronous, so every later decision sees what they did.
// Never: a handler registered after the first await; a rerun whose reason is not kept.
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow'
import { isRerunId } from '../model/backfill-rerun.ts'
import { toStanding } from '../model/cycle/actions.ts'
import { isHoldRepair, refuseAsker, refuseTexts, toKept } from '../model/cycle/asker.ts'
import { ACTION_WORDS, refuseCommand, toRefusal } from '../model/cycle/commands.ts'
import type { Command, Cycle, OperatorAction, OperatorCommand, Standing, UpgradeCommand } from '../model/cycle/cycle.ts'
import { refuseUpgrade } from '../model/cycle/upgrade.ts'
import { faultOfInput } from '../model/cycle/upgrade-input.ts'
import type { CycleKey } from '../model/ids.ts'
import { faultOfOptions, toCommand, toRerun, toUpgrade } from './command-payloads.ts'
import { ARRIVALS_SIGNAL, BLOCKERS_SIGNAL, CYCLE_QUERY, HELD_UP_SIGNAL, RERUN, UPGRADE } from './contract.ts'
import type { CycleRun } from './cycle-run.ts'
import { holdUp, recall } from './cycle-steps.ts'
import { toArrivals, toBlockers, toHoldUps } from './signal-payloads.ts'

/** Signals may be sent by hand, so what they bring is not known yet. */
const arrivals = defineSignal<[unknown]>(ARRIVALS_SIGNAL)
const blockers = defineSignal<[unknown]>(BLOCKERS_SIGNAL)
const heldUp = defineSignal<[unknown]>(HELD_UP_SIGNAL)
const rerunSignal = defineSignal<[unknown]>(RERUN)
const rerunUpdate = defineUpdate<{ attempt: number }, [unknown]>(RERUN)
const upgradeUpdate = defineUpdate<{ definitionVersion: number }, [unknown]>(UPGRADE)
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
  setHandler(rerunSignal, (payload) => obeyPerson(run, payload), {
    description:
      'Runs the product again for this cycle. Input: {"actor": "who", "reason": "why"}. A refusal is recorded.',
  })
  setHandler(rerunUpdate, (payload) => rerun(run, toRerun(payload)), {
    description:
      'Runs the product again for this cycle and answers the attempt number. Input: {"actor": "who", "reason": "why", "requestId": "any new text"}; with "publish": false no event tells of it.',
    validator: (payload) => requireSense(run, toRerun(payload), payload),
  })
  for (const [action, description] of ACTIONS) {
    setHandler(defineUpdate<Standing, [unknown]>(action), (payload) => obey(run, toCommand(action, payload)), {
      description,
      validator: (payload) => requireSense(run, toCommand(action, payload), payload),
    })
  }
  setHandler(upgradeUpdate, (payload) => upgrade(run, toUpgrade(payload)), {
    description:
      'Goes by a newer version of the definition, while no attempt has begun: use `sluice upgrade`, which computes the input.',
    validator: (payload) => requireUpgrade(run, toUpgrade(payload), payload),
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
function requireSense(run: CycleRun, command: Command, payload: unknown): void {
  requireWhole(command, ACTION_WORDS[command.action])
  const known = knownAction(run, command)
  const refused = known
    ? known.refused
    : (refuseWords(run, command, payload) ??
      refuseNoBackfill(command, run.cycle.input.key) ??
      refuseCommand(run.cycle, command, 'open', Date.now()))
  if (refused !== null)
    throw ApplicationFailure.nonRetryable(toRefusal(run.cycle.id, command.action, refused), 'ActionRefused')
}

/** What of it makes no sense, however the cycle stands; null: nothing. */
function refuseWords({ cycle }: CycleRun, command: Command, payload: unknown): string | null {
  const refused = isHoldRepair(command, cycle.id) ? refuseTexts(command) : refuseAsker(command)
  if (refused !== null) return refused
  const fault = command.action === 'rerun' && command.to ? faultOfInput(command.to) : null
  return fault === null ? faultOfOptions(command.action, payload) : toNonsense(fault)
}

/** Whoever says so by hand would keep the failures of this cycle from its owner. */
function refuseNoBackfill(command: Command, key: CycleKey): string | null {
  if (command.action !== 'rerun' || !command.openedBy || isRerunId(command.requestId, key)) return null
  return 'Only a backfill reruns as one: sluice backfill --rerun. Leave "openedBy" out.'
}

const toNonsense = (fault: string): string => `What it brings makes no sense at "${fault}".`

function requireUpgrade(run: CycleRun, command: UpgradeCommand, payload: unknown): void {
  requireWhole(command, 'An upgrade')
  const refuse = (why: string) =>
    ApplicationFailure.nonRetryable(`${run.cycle.id} cannot be upgraded now. ${why}`, 'UpgradeRefused')
  const fault = faultOfInput(command.to)
  if (fault !== null) throw refuse(toNonsense(fault))
  const known = knownAction(run, command)
  const refused = known
    ? known.refused
    : (refuseAsker(command) ?? faultOfOptions('upgrade', payload) ?? refuseUpgrade(run.cycle, command.to))
  if (refused) throw refuse(refused)
}

function requireWhole({ actor, reason, requestId }: OperatorCommand, what: string): void {
  if (!reason || !actor || !requestId)
    throw ApplicationFailure.nonRetryable(`${what} needs an actor, a reason and a request id.`, 'CommandIncomplete')
}

const knownAction = (run: CycleRun, { requestId }: OperatorCommand): OperatorAction | undefined =>
  run.cycle.actions.find((action) => action.requestId === requestId)

/** A signal sent by hand has no validator: what makes no sense, or is left out (model/cycle), is refused and recorded. */
function obeyPerson(run: CycleRun, payload: unknown): void {
  // By another version only `sluice rerun` can make it go, which computes the input; and a person is no backfill.
  const { to, openedBy, ...command } = toRerun(payload)
  const { id, runNumber, version } = run.cycle
  const asked = { ...command, requestId: command.requestId || `signal-${id}-${runNumber}-${version}` }
  const why = to || openedBy ? ONLY_BY_COMMAND : refuseWords(run, asked, payload)
  if (why === null) obey(run, asked)
  else decline(run, { ...asked, ...toKept(asked) }, why)
}

const ONLY_BY_COMMAND =
  'A signal takes neither "to" nor "openedBy": use sluice rerun --definition current, or sluice backfill.'

function decline(run: CycleRun, command: Command, why: string): void {
  if (!knownAction(run, command)) run.apply({ kind: 'refused', command, why })
}
