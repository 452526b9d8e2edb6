// In: a cycle, an actor, a reason. Out: what follows, or why it may not; audited either way.
// Recipe for a closed cycle (facts: an update-with-start can leave a run behind): update; not found, then start with the
// command in the input; started by someone else meanwhile, then update again. Never: another way to use an id twice.
import { randomUUID } from 'node:crypto'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { loadDomainCatalog } from '../catalog/load.ts'
import { readConfig } from '../clients/config.ts'
import { readLastResult } from '../clients/last-result.ts'
import { readPast } from '../mirror/past.ts'
import { recallArrivals } from '../mirror/recall.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import { toTimetable } from '../model/calendar/routing.ts'
import { rememberCorrections } from '../model/cycle/corrections.ts'
import {
  type CycleInput,
  type DependencyStatus,
  openRun,
  type PastRuns,
  type RerunCommand,
} from '../model/cycle/cycle.ts'
import { laterEnd, type Past } from '../model/cycle/last-end.ts'
import { refuseRerun } from '../model/cycle/rerun.ts'
import type { ProductDefinition } from '../model/definition.ts'
import { refusesPartial } from '../model/dependencies.ts'
import { type CycleId, type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { CYCLE_WORKFLOW, RERUN, toCycleStart } from '../workflows/contract.ts'
import { auditRefusal } from './audit.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { toNoAnswer } from './no-answer.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { type Next, toNext, toSentence } from './reopened.ts'

export interface RerunOptions {
  reason: string
  actor: string
  stack?: string
  output: Output
}

export async function rerun(parts: CycleParts, options: RerunOptions): Promise<number> {
  const command = { actor: options.actor.trim(), reason: options.reason.trim(), requestId: randomUUID() }
  if (!command.actor || !command.reason)
    throw new CommandFailure(EXIT.notAllowed, 'A rerun needs an actor and a reason that say something.')
  return withConnection(options, domainOf(parts.product), async (connection) => {
    const cycle = toCycleId(parts.product, parts.key)
    const next = await rerunCycle(connection, parts, command).catch(async (error: unknown) => {
      if (error instanceof CommandFailure)
        await auditRefusal(connection, { ...command, cycle, action: 'rerun', refused: error.message })
      throw error
    })
    if (options.output === 'json') printJson({ cycle, ...next, ...command })
    else print(`${toSentence(cycle, next)} Follow it: sluice explain ${cycle}`)
    return 0
  })
}

async function rerunCycle(connection: Connection, parts: CycleParts, command: RerunCommand): Promise<Next> {
  const temporal = await connection.temporal()
  const cycle = toCycleId(parts.product, parts.key)
  const open = await updateOpen(temporal, cycle, command)
  if (open) return open
  const past = await readEnd(connection, temporal, cycle)
  if (!past)
    throw new CommandFailure(
      EXIT.notAllowed,
      `Neither Temporal nor the mirror knows ${cycle}: there is nothing to run again. To run it first: sluice open ${cycle}`,
    )
  const started = await startAgain(connection, temporal, parts, { ...past, command })
  if (started) return toNext(started, command)
  const other = await updateOpen(temporal, cycle, command)
  if (other) return other
  throw new CommandFailure(
    EXIT.conflict,
    `Another command brought ${cycle} back and it closed again at once. See: sluice explain ${cycle}`,
  )
}

/** Undefined when no run of the cycle is open. */
async function updateOpen(temporal: Client, cycle: string, command: RerunCommand): Promise<Next | undefined> {
  try {
    const handle = temporal.workflow.getHandle(cycle)
    const { attempt } = await temporal.withDeadline(Date.now() + 15_000, () =>
      handle.executeUpdate<{ attempt: number }, [RerunCommand]>(RERUN, {
        args: [command],
        updateId: command.requestId,
      }),
    )
    return { attempt, waitsFor: null }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    if (error instanceof WorkflowUpdateFailedError)
      throw new CommandFailure(EXIT.notAllowed, error.cause?.message ?? error.message)
    throw toNoAnswer(cycle, error)
  }
}

/** By the run's result or the mirror's row, whichever tells of the later end. */
async function readEnd(connection: Connection, temporal: Client, cycle: CycleId): Promise<Past | undefined> {
  const result = await readLastResult(temporal, cycle)
  try {
    return laterEnd(result, await readPast(connection.db(), cycle))
  } catch (error) {
    if (!result) throw error
    talk(`The mirror could not say how ${cycle} stood: ${(error as Error).message}. The rerun goes on from Temporal.`)
    return laterEnd(result, undefined)
  }
}

/** What came of the inputs while no run was open to remember it, and will do by the definition. */
async function withCorrections(
  connection: Connection,
  definition: ProductDefinition,
  dependencies: DependencyStatus[],
): Promise<DependencyStatus[]> {
  try {
    const published = await recallArrivals(connection.db(), domainOf(definition.product), dependencies)
    return rememberCorrections(
      dependencies,
      published.filter((arrival) => !refusesPartial(definition, arrival)),
    )
  } catch (error) {
    talk(
      `The mirror could not say whether inputs were corrected since the last run: ${(error as Error).message}. ` +
        'The rerun goes on with the revisions that are known.',
    )
    return dependencies
  }
}

/** Undefined when somebody else was quicker. The definition in force now is what a rerun runs by. */
async function startAgain(
  connection: Connection,
  temporal: Client,
  { product, key }: CycleParts,
  past: PastRuns,
): Promise<CycleInput | undefined> {
  const { aws, settings } = connection
  const domain = domainOf(product)
  const loaded = await loadDomainCatalog((await aws()).s3, settings.SLUICE_CATALOG_BUCKET, domain)
  const version =
    loaded.kind === 'loaded' && loaded.catalog.products.find(({ definition }) => definition.product === product)
  if (loaded.kind !== 'loaded' || !version)
    throw new CommandFailure(
      EXIT.notAllowed,
      `No definition of ${product} is applied any more, so it cannot run again.`,
    )
  const timetable = toTimetable(loaded.catalog)
  const notDue = whyNotDue(timetable, version.definition, key)
  if (notDue) throw new CommandFailure(EXIT.notAllowed, `By its present definition ${notDue}, so it cannot run again.`)
  const opening = { key, openedBy: 'rerun' as const, settings: readConfig(process.env, domain).cycle }
  const dependencies = await withCorrections(connection, version.definition, past.dependencies)
  const input = { ...openCycle(timetable, version, opening), past: { ...past, dependencies } }
  requireRerun(input)
  try {
    await temporal.workflow.start(CYCLE_WORKFLOW, {
      ...toCycleStart(input),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
    })
    return input
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined
    throw error
  }
}

/** As the run would judge it that the command starts: with the condition of the definition in force now. */
function requireRerun(input: CycleInput): void {
  const nowMs = Date.now()
  const refused = refuseRerun(openRun(input, nowMs), 'closed', nowMs)
  const cycle = toCycleId(input.product, input.key)
  if (refused) throw new CommandFailure(EXIT.notAllowed, `${cycle} cannot be rerun now. ${refused}`)
}
