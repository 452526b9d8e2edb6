// A cycle that somebody wants something of. In: its name. Out: how it stands, and what a next run of it would be opened with where
// no run is open; from its workflow while one is, else from Temporal's result and the mirror's row, whichever tells the later end.
// Never: "closed" because nobody answers.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { selectVersions } from '../catalog/rows.ts'
import { readConfig } from '../clients/config.ts'
import { readLastResult } from '../clients/last-result.ts'
import { readPast } from '../mirror/past.ts'
import { recallArrivals } from '../mirror/recall.ts'
import { readCycleRow } from '../mirror/status.ts'
import { goesByItsOwn, toNextRun } from '../model/calendar/come-back.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import { type Cycle, type CycleInput, isUnbegun, openRun } from '../model/cycle/cycle.ts'
import { laterEnd, type Past } from '../model/cycle/last-end.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import { type CycleId, type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { withFullStop } from '../model/full-stop.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { CYCLE_QUERY } from '../workflows/contract.ts'
import type { Connection } from './connection.ts'
import { whyUnknown } from './explain-unknown.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { toNoWord } from './no-answer.ts'
import { talk } from './output.ts'
import { readCatalog } from './read-catalog.ts'

/** By which version of its definition a rerun goes: the one that the cycle carries, or the one in force. */
export const DEFINITIONS = ['cycle', 'current'] as const
export type DefinitionChoice = (typeof DEFINITIONS)[number]

export type FoundCycle =
  | { run: 'open'; cycle: Cycle }
  /** `input`: of its next run, with what the last one left and nobody's command. */
  | { run: 'closed'; cycle: Cycle; input: CycleInput }

/** A person waits, and a worker may be busy. */
export const ANSWER_MS = 15_000

/** The run that is open; undefined: none is. @throws when it does not answer. */
export async function askCycle(temporal: Client, cycle: CycleId): Promise<Cycle | undefined> {
  try {
    const handle = temporal.workflow.getHandle(cycle)
    return await temporal.withDeadline(Date.now() + ANSWER_MS, async () => {
      const { status } = await handle.describe()
      return status.name === 'RUNNING' ? handle.query<Cycle>(CYCLE_QUERY) : undefined
    })
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw toNoWord(cycle, error)
  }
}

/** Its last run, open or not; undefined: Temporal knows none. */
export async function readLastRun(
  temporal: Client,
  cycle: CycleId,
): Promise<{ runId: string; status: string } | undefined> {
  try {
    const handle = temporal.workflow.getHandle(cycle)
    const { runId, status } = await temporal.withDeadline(Date.now() + ANSWER_MS, () => handle.describe())
    return { runId, status: status.name }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw toNoWord(cycle, error)
  }
}

/** @throws CommandFailure when nobody knows it, with what it may be called or why it is not there. */
export async function findClosed(
  connection: Connection,
  parts: CycleParts,
  choice: DefinitionChoice = 'current',
): Promise<Extract<FoundCycle, { run: 'closed' }>> {
  const cycle = toCycleId(parts.product, parts.key)
  const past = await readEnd(connection, await connection.temporal(), cycle)
  const catalog = await readCatalog(connection, domainOf(parts.product))
  if (!past) throw new CommandFailure(EXIT.notAllowed, await whyNothingIsKnown(connection, parts))
  const timetable = toTimetable(catalog)
  const version = await chooseVersion(connection, { catalog, parts, past, choice })
  const notDue = whyNotDue(timetable, version.definition, parts.key)
  if (notDue)
    throw new CommandFailure(
      EXIT.notAllowed,
      `By its ${choice === 'cycle' ? 'own' : 'present'} definition ${notDue}, so it cannot run again.`,
    )
  const settings = readConfig(process.env, domainOf(parts.product)).cycle
  const published = await readCorrections(connection, parts, past)
  const of = { version, key: parts.key, timetable }
  const input = toNextRun(of, past, { openedBy: 'rerun', settings, published })
  return { run: 'closed', cycle: openRun(input, Date.now()), input }
}

export const presentVersion = (catalog: DomainCatalog, { product }: Pick<CycleParts, 'product'>) =>
  catalog.products.find(({ definition }) => definition.product === product)

function requirePresent(catalog: DomainCatalog, parts: CycleParts): DefinitionVersion {
  const version = presentVersion(catalog, parts)
  if (version) return version
  throw new CommandFailure(
    EXIT.notAllowed,
    `No definition of ${parts.product} is applied any more, so it cannot run again by the one in force. By its own: --definition cycle`,
  )
}

interface Choosing {
  catalog: DomainCatalog
  parts: CycleParts
  past: Past
  choice: DefinitionChoice
}

async function chooseVersion(
  connection: Connection,
  { catalog, parts, past, choice }: Choosing,
): Promise<DefinitionVersion> {
  if (choice === 'current' && !goesByItsOwn(past)) return requirePresent(catalog, parts)
  if (choice === 'cycle') return readCarried(connection, parts)
  return readCarried(connection, parts).catch(() => requirePresent(catalog, parts))
}

/** The version that its last run carried, from the mirror. */
async function readCarried({ db }: Connection, { product, key }: CycleParts): Promise<DefinitionVersion> {
  const row = await readCycleRow(db(), toCycleId(product, key))
  const [version] = row ? await selectVersions(db(), [{ product, version: row.definitionVersion }]) : []
  if (version) return version
  throw new CommandFailure(
    EXIT.failed,
    `The database does not know by which version ${product}/${key} ran; leave --definition out to go by the one in force.`,
  )
}

/** Neither a result of a run nor a row; a run that was ended from outside has no result, and its row is written by a tick. */
async function whyNothingIsKnown(connection: Connection, parts: CycleParts): Promise<string> {
  const cycle = toCycleId(parts.product, parts.key)
  const last = await readLastRun(await connection.temporal(), cycle)
  if (!last) return (await whyUnknown(connection, parts)).sentence
  return last.status === 'RUNNING'
    ? `${cycle} has been opened just now. Give the command again.`
    : `The run of ${cycle} was ended from outside (${last.status}), and its row is not written: nobody knows how it stood. The scheduler's next tick may write it; then give the command again. Whether it ticks: sluice doctor`
}

/** By the run's result or the mirror's row, whichever tells of the later end. */
async function readEnd(connection: Connection, temporal: Client, cycle: CycleId): Promise<Past | undefined> {
  const result = await readLastResult(temporal, cycle)
  try {
    return laterEnd(result, await readPast(connection.db(), cycle))
  } catch (error) {
    if (!result) throw error
    talk(
      `The mirror could not say how ${cycle} stood: ${withFullStop((error as Error).message)} It goes on from what Temporal knows.`,
    )
    return laterEnd(result, undefined)
  }
}

/** What came of the inputs while no run was open to remember it. */
async function readCorrections(connection: Connection, { product }: CycleParts, past: Past): Promise<Arrival[]> {
  if (isUnbegun(past)) return []
  try {
    return await recallArrivals(connection.db(), domainOf(product), past.dependencies)
  } catch (error) {
    talk(
      `The mirror could not say whether inputs were corrected since the last run: ${withFullStop((error as Error).message)} ` +
        'It goes on with the revisions that are known.',
    )
    return []
  }
}
