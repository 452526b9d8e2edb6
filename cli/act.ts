// What an operator asks of one cycle. In: the cycle, the action, who and why. Out: what came of it, or would come (`--dry-run`);
// audited either way. Recipe for a closed cycle (facts: an update-with-start can leave a run behind): update; not found, then
// start with the command in the input; started by someone else meanwhile, then all of it again.
// Never: another way to use an id twice; a dry run that changes anything.
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { readReaders } from '../mirror/readers.ts'
import { toRerunBy } from '../model/calendar/come-back.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import { toTimetable } from '../model/calendar/routing.ts'
import { ACTION_WORDS, refuseCommand, toRefusal } from '../model/cycle/commands.ts'
import {
  type Command,
  type CycleInput,
  type OperatorCommand,
  type ReopenCommand,
  type Standing,
} from '../model/cycle/cycle.ts'
import { toNext } from '../model/cycle/next-run.ts'
import { type Preview, previewOf } from '../model/cycle/preview.ts'
import type { Readers, UnknownReaders } from '../model/cycle/readers.ts'
import { withFullStop } from '../model/full-stop.ts'
import { type CycleId, type CycleParts, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import { CYCLE_WORKFLOW, toReopening } from '../workflows/contract.ts'
import { requireAsker } from './asker.ts'
import { auditRefusal, lastDone, toWhoWasFirst } from './audit.ts'
import { reachOf } from './cascade.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import {
  ANSWER_MS,
  askCycle,
  type DefinitionChoice,
  type FoundCycle,
  findClosed,
  presentVersion,
  readLastRun,
} from './find-cycle.ts'
import { toNoAnswer } from './no-answer.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export interface ActOptions {
  reason: string
  actor: string
  dryRun: boolean
  stack?: string
  output: Output
}

/** An action without the person: who asks is the same for all. */
export type Wish = Command extends infer One ? (One extends Command ? Omit<One, keyof OperatorCommand> : never) : never

export interface Act {
  cycle: CycleId
  parts: CycleParts
  command: Command
  /** Of a rerun: by which version; absent: by what goes without saying, its own while a run is open, else the one in force. */
  definition?: DefinitionChoice
}

/** What came of it. */
export interface Done {
  run: 'open' | 'reopened'
  /** Of a rerun. */
  attempt: number | null
  /** How the cycle stands directly after; null of a rerun that an open run took. */
  after: Standing | null
  /** Null when it processes or is over; else what is missing, if anything. */
  waitsFor: string[] | null
}

export function toCommandOf(wish: Wish, { actor, reason }: Pick<ActOptions, 'actor' | 'reason'>): Command {
  const needs = `${ACTION_WORDS[wish.action]} needs an actor and a reason that say something.`
  return { ...wish, ...requireAsker({ actor, reason }, needs) } as Command
}

/** The one way by which every action on a cycle goes. `tell`: the sentence of what came of it. */
export async function act(
  parts: CycleParts,
  wish: { command: Wish; definition?: DefinitionChoice; tell: (done: Done) => string },
  options: ActOptions,
): Promise<number> {
  const cycle = toCycleId(parts.product, parts.key)
  const command = toCommandOf(wish.command, options)
  const asked: Act = { cycle, parts, command, ...(wish.definition && { definition: wish.definition }) }
  return withConnection(options, domainOf(parts.product), async (connection) => {
    const reached = await requireReach(connection, asked)
    if (options.dryRun) return preview(connection, { ...asked, reached }, options.output)
    const done = await give(connection, asked).catch(async (error: unknown) => {
      if (error instanceof CommandFailure && error.exitCode !== EXIT.failed)
        await auditRefusal(connection, { ...command, cycle, refused: error.message })
      throw error
    })
    if (options.output === 'json') printJson({ cycle, ...done, ...command })
    else print(`${wish.tell(done)} Follow it: sluice explain ${cycle}`)
    return 0
  })
}

/** A name that would be passed over is refused before anything is done. */
async function requireReach(connection: Connection, { command, parts }: Act): Promise<ProductId[]> {
  if (command.action !== 'rerun' || !command.cascade) return []
  const reach = reachOf(await readCatalog(connection, domainOf(parts.product)), parts.product, command.cascade)
  if ('refused' in reach) throw new CommandFailure(EXIT.failed, reach.refused)
  return reach.reached
}

async function preview(connection: Connection, asked: Act & { reached: ProductId[] }, output: Output): Promise<number> {
  const found = await find(connection, asked)
  const command = await withDefinition(connection, asked, found)
  const readers = await askReaders(connection, asked.parts)
  const told = previewOf(found.cycle, {
    ...{ command, run: found.run, readers, nowMs: Date.now(), reached: asked.reached },
  })
  const { actor, reason } = asked.command
  const about = { cycle: asked.cycle, action: command.action, isDryRun: true, run: found.run, actor, reason }
  if (output === 'json') printJson({ ...about, ...told, readers: 'unknown' in readers ? null : readers })
  else tellPreview(asked, told)
  return told.refused === null ? 0 : EXIT.notAllowed
}

/** A preview says what else would be done all the same. */
async function askReaders({ db }: Connection, parts: CycleParts): Promise<Readers | UnknownReaders> {
  try {
    return await readReaders(db(), parts)
  } catch (error) {
    return { unknown: (error as Error).message }
  }
}

function tellPreview({ cycle, command }: Act, { refused, before, after, then, effects }: Preview): void {
  if (refused !== null) return talk(`${toRefusal(cycle, command.action, refused)} Nothing would be done.`)
  const becomes = then ?? after
  print(`${cycle}: ${toStandingWords(before)} -> ${becomes ? toStandingWords(becomes) : ''}`)
  for (const effect of effects) print(`  ${effect}`)
  talk('Nothing was done: it was a dry run. To do it, leave --dry-run out.')
}

const toStandingWords = ({ state, step, held }: Standing): string =>
  `${state}${step ? ` (${step})` : ''}${held ? ', held' : ''}`

/** A skip or a waiver is about the cycle as it was; a rerun, about the data of now. */
const usualOf = ({ action }: Command): DefinitionChoice =>
  action === 'skip' || action === 'waive' ? 'cycle' : 'current'

async function find(connection: Connection, { cycle, parts, definition, command }: Act): Promise<FoundCycle> {
  const open = await askCycle(await connection.temporal(), cycle)
  return open ? { run: 'open', cycle: open } : findClosed(connection, parts, definition ?? usualOf(command))
}

/** So often may others bring it back, and it close again, while this command looks how it stands. */
const MOST_LOOKS = 3

async function give(connection: Connection, asked: Act): Promise<Done> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const done = (await updateOpen(connection, asked)) ?? (await reopen(connection, asked))
    if (done) return done
  }
  throw new CommandFailure(
    EXIT.conflict,
    `Others brought ${asked.cycle} back and it closed again at once, ${MOST_LOOKS} times. See: sluice explain ${asked.cycle}`,
  )
}

/** Undefined when it is not any more as it was found: somebody else was quicker, whose run may have closed already. */
async function reopen(connection: Connection, asked: Act): Promise<Done | undefined> {
  const temporal = await connection.temporal()
  const last = await readLastRun(temporal, asked.cycle)
  const { cycle, input } = await findClosed(connection, asked.parts, asked.definition ?? usualOf(asked.command))
  // Before a refusal, too: it shall be told by how the cycle stands.
  if ((await readLastRun(temporal, asked.cycle))?.runId !== last?.runId) return undefined
  const refused = refuseCommand(cycle, asked.command, 'closed', Date.now())
  if (refused !== null) {
    const why = toRefusal(asked.cycle, asked.command.action, refused)
    const first = await whoWasFirst(connection, asked, why)
    throw new CommandFailure(EXIT.notAllowed, first === '' ? why : withFullStop(why) + first)
  }
  return startAgain(temporal, input, asked.command as ReopenCommand)
}

/** A closed cycle does not know it any more: the audit does, while it answers. */
async function whoWasFirst(connection: Connection, { cycle, command }: Act, why: string): Promise<string> {
  const last = await lastDone(connection, cycle).catch(() => undefined)
  return last?.action === command.action && !why.includes(last.actor) ? toWhoWasFirst(last) : ''
}

/** Undefined when no run of the cycle is open. */
async function updateOpen(connection: Connection, asked: Act): Promise<Done | undefined> {
  const temporal = await connection.temporal()
  const { action, requestId } = asked.command
  try {
    // Asked first only where the command depends on how it stands.
    const open = asked.definition === 'current' ? await askCycle(temporal, asked.cycle) : undefined
    const command = open ? await withDefinition(connection, asked, { run: 'open', cycle: open }) : asked.command
    const answer = await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
      temporal.workflow
        .getHandle(asked.cycle)
        .executeUpdate<Answer, [Command]>(action, { args: [command], updateId: requestId }),
    )
    const { attempt, state } = answer
    return { run: 'open', attempt, after: state === undefined ? null : (answer as Standing), waitsFor: null }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    if (error instanceof WorkflowUpdateFailedError)
      throw new CommandFailure(EXIT.notAllowed, error.cause?.message ?? error.message)
    throw error instanceof CommandFailure ? error : toNoAnswer(asked.cycle, error)
  }
}

/** Of a rerun only the attempt. */
type Answer = Standing | { attempt: number; state?: undefined }

/** A rerun of an open cycle by the version in force brings what the cycle would be opened with by it. */
async function withDefinition(
  connection: Connection,
  { command, parts, definition }: Act,
  found: FoundCycle,
): Promise<Command> {
  if (command.action !== 'rerun' || definition !== 'current' || found.run === 'closed') return command
  const catalog = await readCatalog(connection, domainOf(parts.product))
  const version = presentVersion(catalog, parts)
  if (!version)
    throw new CommandFailure(
      EXIT.notAllowed,
      `No definition of ${parts.product} is applied any more. By its own: --definition cycle`,
    )
  if (version.version <= found.cycle.input.definitionVersion) return command
  const timetable = toTimetable(catalog)
  const notDue = whyNotDue(timetable, version.definition, parts.key)
  if (notDue)
    throw new CommandFailure(EXIT.notAllowed, `By its present definition ${notDue}. By its own: --definition cycle`)
  const to = toRerunBy({ version, key: parts.key, timetable }, found.cycle.input)
  return { ...command, ...(to && { to }) }
}

/** Undefined when somebody else was quicker. */
async function startAgain(temporal: Client, input: CycleInput, command: ReopenCommand): Promise<Done | undefined> {
  try {
    await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
      temporal.workflow.start(CYCLE_WORKFLOW, toReopening(input, command)),
    )
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined
    throw toNoAnswer(toCycleId(input.product, input.key), error)
  }
  return { run: 'reopened', ...toNext(input, command, Date.now()) }
}
