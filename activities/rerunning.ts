// Makes a cycle anew that is there already, for a backfill. In: a cycle, what was asked for and by whom. Out: rerun, left alone
// because it is not as was asked for, or refused, as `sluice rerun` would be. As cli/act.ts does it: an update while a run is
// open, else a start that carries the command.
// Never: a second attempt for the same request: it is known again by the memo of the run that it began, by the open run, which
// remembers it, and by its row in the audit, which is there before a run closes.
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { selectVersions } from '../catalog/rows.ts'
import { readLastResult } from '../clients/last-result.ts'
import type { Postgres } from '../clients/postgres.ts'
import { howUnanswered, whyRefused } from '../clients/temporal-refusals.ts'
import { readOutcome, recordAction } from '../mirror/actions.ts'
import { readPast } from '../mirror/past.ts'
import { recallArrivals } from '../mirror/recall.ts'
import type { OpenedCycle, RowMark } from '../model/backfill.ts'
import { isToRerun, toRerunId } from '../model/backfill-rerun.ts'
import { goesByItsOwn, toNextRun, toRerunBy } from '../model/calendar/come-back.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import { refuseCommand, toRefusal } from '../model/cycle/commands.ts'
import { type Command, type Cycle, type CycleSettings, isUnbegun, openRun } from '../model/cycle/cycle.ts'
import { laterEnd, type Past } from '../model/cycle/last-end.ts'
import { toNext } from '../model/cycle/next-run.ts'
import { hasAttemptToGoOnWith } from '../model/cycle/rerun.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import { type CycleId, type CycleKey, domainOf, toCycleId } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import type { RerunOrder } from '../workflows/backfill-contract.ts'
import { CYCLE_QUERY, CYCLE_WORKFLOW, RERUN, toReopening } from '../workflows/contract.ts'
import { type Described, describeRun, knowsUpdate } from './describe-run.ts'

export interface RerunningParts {
  temporal: Client
  db: Postgres
  settings: CycleSettings
  warn(message: string, facts: Record<string, unknown>): void
  nowMs(): number
}

type Wish = Omit<RerunOrder, 'keys'> & { key: CycleKey }

/** One cycle, and all that is needed to make it anew. */
interface Rerunning extends RerunningParts, RoutingIndex {
  cycle: CycleId
  wish: Wish
  command: Extract<Command, { action: 'rerun' }>
}

/** It is not any more as it was found: why, if that is all there is to say. */
interface Again {
  again: string
}

/** So often may others bring it back, and it close again, while it is looked at. */
const MOST_LOOKS = 3

export async function rerunOne(parts: RerunningParts, index: RoutingIndex, wish: Wish): Promise<OpenedCycle> {
  const { product, key, actor, reason } = wish
  const asked = { actor, reason, requestId: toRerunId(wish.requestId, key) }
  const command = { action: 'rerun' as const, openedBy: 'backfill' as const, ...asked }
  const one: Rerunning = { ...parts, ...index, cycle: toCycleId(product, key), wish, command }
  let why = ''
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const answer = await lookAndRerun(one)
    if (!('again' in answer)) return answer
    why = answer.again
  }
  return refuse(one, why)
}

async function lookAndRerun(one: Rerunning): Promise<OpenedCycle | Again> {
  // Before the audit is read: of a run that is closed by now all is written.
  const last = await describeRun(one.temporal, one.cycle)
  const known = await findOwn(one, last)
  if (known) return known
  return last?.status.name === 'RUNNING' ? rerunOpen(one) : rerunClosed(one, last)
}

/** A memo of the run that a rerun began: which one, and the number of that run. */
interface BegunBy {
  rerun: string
  runNumber: number
}

/** What an earlier try has done already, though it may have come to its end since. */
async function findOwn(one: Rerunning, last: Described | undefined): Promise<OpenedCycle | undefined> {
  const { cycle, command, wish } = one
  const memo = last?.memo as Partial<BegunBy> | undefined
  if (memo?.rerun === command.requestId) return toRerun(one, { runNumber: memo.runNumber ?? 0, version: 0 })
  const outcome = await readOutcome(one.db, { cycle, requestId: command.requestId })
  if (!outcome) return undefined
  if (outcome.refused === null) return { key: wish.key, answer: 'rerun', isReady: true }
  return toRefused(one, outcome.refused)
}

/** A person waits for nothing here, but a slot of the worker does. */
const ANSWER_MS = 15_000
/** So often a cycle is asked how it stands: its worker may be about to be started again. */
const MOST_QUESTIONS = 4

async function rerunOpen(one: Rerunning): Promise<OpenedCycle | Again> {
  const cycle = await askCycle(one)
  if ('unanswered' in cycle) return refuseUnanswered(one, cycle.unanswered)
  const { runNumber, version } = cycle
  const own = cycle.actions.find(({ requestId }) => requestId === one.command.requestId)
  if (own && own.refused !== null) return toRefused(one, own.refused)
  if (own) {
    await putBehindOthers(one)
    return toRerun(one, { runNumber, version: own.version })
  }
  if (!isToRerun(one.wish.rerun, { state: cycle.state, isWithoutRun: false, sinceMs: cycle.stateSinceMs }))
    return toLeft(one, { runNumber, version })
  const command = toOpenCommand(one, cycle)
  if ('refused' in command) return refuse(one, command.refused)
  const refused = refuseCommand(cycle, command, 'open', one.nowMs())
  if (refused !== null) return refuse(one, toRefusal(one.cycle, 'rerun', refused))
  const why = await update(one, command)
  if (why !== null) return { again: why }
  // Not before: what did not take the rerun is work of this morning as it was.
  await putBehindOthers(one)
  return toRerun(one, (await findMark(one)) ?? { runNumber, version: version + 1 })
}

/** From where on its row tells of the rerun: what came between the question and the update has a version too. */
async function findMark(one: Rerunning): Promise<RowMark | undefined> {
  const cycle = await askCycle(one)
  if ('unanswered' in cycle) return undefined
  const own = cycle.actions.find(({ requestId }) => requestId === one.command.requestId)
  return own && { runNumber: cycle.runNumber, version: own.version }
}

/** Or why it gives no answer: one whose worker is gone must not keep the others waiting. */
async function askCycle({ temporal, cycle, warn }: Rerunning): Promise<Cycle | { unanswered: unknown }> {
  const handle = temporal.workflow.getHandle(cycle)
  for (let question = 1; ; question += 1) {
    try {
      return await temporal.withDeadline(Date.now() + ANSWER_MS, () => handle.query<Cycle>(CYCLE_QUERY))
    } catch (error) {
      const how = howUnanswered(error)
      if (how === 'temporal-is-away') throw error
      warn('A cycle to rerun does not answer', { cycle, question, error: String(error) })
      if (how === 'for-good' || question >= MOST_QUESTIONS) return { unanswered: error }
    }
  }
}

/** An earlier try may have asked it for the rerun, and it may still hear of that: then nobody knows yet whether it is refused. */
async function refuseUnanswered(one: Rerunning, error: unknown): Promise<OpenedCycle> {
  const { temporal, cycle, command } = one
  if (await knowsUpdate(temporal, cycle, command.requestId)) throw error
  return refuse(one, `its run does not answer: ${(error as Error).message}. See: sluice doctor`)
}

/** By the definition in force; what an attempt has made and is only published, by its own. */
function toOpenCommand({ command, wish, current, timetable }: Rerunning, cycle: Cycle): Command | { refused: string } {
  if (hasAttemptToGoOnWith(cycle)) return command
  const version = current.get(wish.product)
  const why = whyNoCycle({ version, timetable, wish })
  if (!version || why !== null) return { refused: why ?? '' }
  const to = toRerunBy({ version, key: wish.key, timetable }, cycle.input)
  return { ...command, ...(to && { to }) }
}

/** Its workflow began with the priority of this morning's work. Where the server is too old for that it keeps it. */
async function putBehindOthers({ temporal, cycle, warn }: Rerunning): Promise<void> {
  try {
    await temporal.workflowService.updateWorkflowExecutionOptions({
      namespace: temporal.options.namespace,
      workflowExecution: { workflowId: cycle },
      workflowExecutionOptions: { priority: { priorityKey: 5 } },
      updateMask: { paths: ['priority'] },
    })
  } catch (error) {
    warn('A rerun keeps the priority of its run', { cycle, error: String(error) })
  }
}

/** Null when it was taken. */
async function update(
  { temporal, cycle, command: { requestId } }: Rerunning,
  command: Command,
): Promise<string | null> {
  try {
    const handle = temporal.workflow.getHandle(cycle)
    await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
      handle.executeUpdate<unknown, [Command]>(RERUN, { args: [command], updateId: requestId }),
    )
    return null
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return CLOSED_AGAIN
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message
    throw error
  }
}

const CLOSED_AGAIN = `others brought it back and it closed again at once, ${MOST_LOOKS} times`

async function rerunClosed(one: Rerunning, last: Described | undefined): Promise<OpenedCycle | Again> {
  const { temporal, db, wish, cycle, command, timetable } = one
  const past = laterEnd(await readLastResult(temporal, cycle), await readPast(db, cycle))
  if (!past) return refuse(one, 'neither Temporal nor the mirror knows it')
  if (!isToRerun(one.wish.rerun, toStood(past, last))) return toLeft(one, { runNumber: past.runNumber, version: 0 })
  const version = await chooseVersion(one, past)
  const why = whyNoCycle({ version, timetable, wish })
  if (!version || why !== null) return refuse(one, why ?? '')
  const published = isUnbegun(past) ? [] : await recallArrivals(db, domainOf(wish.product), past.dependencies)
  const opening = { openedBy: 'backfill' as const, settings: one.settings, published }
  const input = toNextRun({ version, key: wish.key, timetable }, past, opening)
  const refused = refuseCommand(openRun(input, one.nowMs()), command, 'closed', one.nowMs())
  if (refused !== null) return refuse(one, toRefusal(cycle, 'rerun', refused))
  if ((await describeRun(temporal, cycle))?.runId !== last?.runId) return { again: CLOSED_AGAIN }
  const runNumber = past.runNumber + 1
  const memo: BegunBy = { rerun: command.requestId, runNumber }
  try {
    await temporal.workflow.start(CYCLE_WORKFLOW, { ...toReopening(input, command), memo: { ...memo } })
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { again: CLOSED_AGAIN }
    const unfit = whyRefused(error)
    if (unfit === null) throw error
    return refuse(one, unfit)
  }
  const isReady = (toNext(input, command, one.nowMs()).waitsFor ?? []).length === 0
  return { ...toRerun(one, { runNumber, version: 0 }), isReady }
}

/** No run is open, so one that is not over was ended from outside; since then, as far as Temporal knows when that was. */
function toStood({ state, stateSinceMs }: Past, last: Described | undefined) {
  const isWithoutRun = !isSettled(state) && state !== 'ERROR'
  const closedMs = last?.closeTime?.getTime()
  const sinceMs = isWithoutRun ? (closedMs ?? stateSinceMs) : (stateSinceMs ?? closedMs)
  return { state, isWithoutRun, ...(sinceMs !== undefined && { sinceMs }) }
}

async function chooseVersion({ db, current, wish }: Rerunning, past: Past): Promise<DefinitionVersion | undefined> {
  const present = current.get(wish.product)
  if (!goesByItsOwn(past) || past.definitionVersion === undefined) return present
  const [own] = await selectVersions(db, [{ product: wish.product, version: past.definitionVersion }])
  return own ?? present
}

/** Null: there is one. */
function whyNoCycle({
  version,
  timetable,
  wish: { product, key },
}: Pick<Rerunning, 'timetable' | 'wish'> & { version: DefinitionVersion | undefined }): string | null {
  if (!version) return `no definition of ${product} is applied any more`
  return whyNotDue(timetable, version.definition, key)
}

const toRerun = ({ wish: { key } }: Rerunning, from: RowMark): OpenedCycle => ({
  ...{ key, answer: 'rerun', isReady: true, from },
})

/** It counts as busy until its row says how it stands. */
const toLeft = ({ wish: { key } }: Rerunning, from: RowMark): OpenedCycle => ({
  ...{ key, answer: 'existing', isReady: true, from },
})

const toRefused = ({ wish: { key } }: Rerunning, reason: string): OpenedCycle => ({
  ...{ key, answer: 'refused', isReady: false, reason },
})

/** What its cycle would have written down, had it been asked. */
async function refuse(one: Rerunning, refused: string): Promise<OpenedCycle> {
  const { db, cycle, nowMs } = one
  const { openedBy: _, ...command } = one.command
  const asked = { backfill: true }
  await recordAction(db, { ...command, asked, cycle, actorVerified: false, refused, atMs: nowMs() })
  return toRefused(one, refused)
}
