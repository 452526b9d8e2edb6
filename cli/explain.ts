// In: a cycle. Out: the whole of what is known of it, from its workflow while it runs, else from the mirror.
// Never: "not found" without the reason, or on the word of one of them alone.
import { WorkflowNotFoundError } from '@temporalio/client'
import { loadDomainCatalog } from '../catalog/load.ts'
import { toDependency } from '../mirror/past.ts'
import { type CycleReport, type CycleRow, type DependencyRow, flagsAt, readCycle } from '../mirror/status.ts'
import { listUnheard, type Unheard } from '../mirror/unheard.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import { OPENING_WINDOW, toTimetable } from '../model/calendar/routing.ts'
import { type Cycle, type CycleInput, type CycleSettings, isUnbegun, openRun } from '../model/cycle/cycle.ts'
import { FAILURE_WORDS } from '../model/cycle/failure-class.ts'
import { flagsOf, flagWords, isOfStep } from '../model/cycle/flags.ts'
import { type CycleId, type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import { CYCLE_QUERY } from '../workflows/contract.ts'
import { type Connection, withConnection } from './connection.ts'
import { toEndedWords, withEnd } from './ended-run.ts'
import { dataLines, outdatedLines, readWords } from './explain-data.ts'
import { inputLines, OPEN_WORDS, PAST_WORDS } from './explain-inputs.ts'
import { foreignInputs, unheardLines } from './explain-unheard.ts'
import { vanishedLines } from './explain-vanished.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { whyNoDefinition } from './no-definition.ts'
import { toVersionLine } from './older-version.ts'
import { colourState, type Output, print, printJson, talk } from './output.ts'
import { CENTRAL } from './stack-environment.ts'
import { type Asked, toUnexplained } from './unexplained.ts'

export async function explain(parts: CycleParts, options: { stack?: string; output: Output }): Promise<number> {
  return withConnection(options, CENTRAL, async (connection) => {
    const cycle = toCycleId(parts.product, parts.key)
    const [workflow, mirror] = await Promise.all([askWorkflow(connection, cycle), askMirror(connection, cycle)])
    const live = workflow.kind === 'live' ? workflow.cycle : undefined
    const { report } = mirror
    if (options.output === 'json') printJson({ cycle, live: live ?? null, mirror: report ?? null })
    else if (live) {
      tellLive(live)
      if (!isSettled(live.state)) await tellPresent(connection, live)
    }
    if (options.output === 'table' && report)
      tellReport({ ...report, row: withEnd(report.row, workflow) }, live !== undefined)
    if (workflow.kind === 'live' || report) return 0
    const reason =
      toUnexplained(cycle, workflow, mirror.isAsked) ?? (await whyUnknown(connection, parts, options.output))
    throw new CommandFailure(EXIT.failed, reason)
  })
}

/** When it does not run, or nobody answers, that is said, and the mirror is asked instead. */
async function askWorkflow(connection: Connection, cycle: string): Promise<Asked | { kind: 'live'; cycle: Cycle }> {
  let isOpen = false
  try {
    const temporal = await connection.temporal()
    const handle = temporal.workflow.getHandle(cycle)
    const { status } = await handle.describe()
    if (status.name !== 'RUNNING') return { kind: 'closed', as: status.name }
    isOpen = true
    return { kind: 'live', cycle: await temporal.withDeadline(Date.now() + 5_000, () => handle.query(CYCLE_QUERY)) }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'none' }
    talk(`The workflow does not answer: ${(error as Error).message}`)
    return { kind: isOpen ? 'silent' : 'unasked' }
  }
}

async function askMirror(connection: Connection, cycle: CycleId): Promise<{ isAsked: boolean; report?: CycleReport }> {
  try {
    const report = await readCycle(connection.db(), cycle)
    return { isAsked: true, ...(report && { report }) }
  } catch (error) {
    talk(`The mirror does not answer: ${(error as Error).message}`)
    return { isAsked: false }
  }
}

function tellLive(cycle: Cycle): void {
  const step = cycle.step ? ` (${cycle.step})` : ''
  // Absent in what an older version answers.
  const reason = cycle.heldUp?.reason ?? cycle.reason
  print(`${cycle.id}  ${colourState(cycle.state)}${step}${reason ? `: ${toLine(reason)}` : ''}`)
  for (const flag of flagsOf(cycle))
    print(`  ${flagWords(flag)}${cycle.heldUp && isOfStep(flag) ? ` since ${toIso(cycle.heldUp.sinceMs)}` : ''}`)
  tellTimes(cycle.input)
  if (cycle.retryAtMs !== null) print(`  next attempt at ${toIso(cycle.retryAtMs)}`)
  const { input, dependencies } = cycle
  for (const line of inputLines(input, { dependencies, words: OPEN_WORDS, nowMs: Date.now() })) print(`  ${line}`)
  for (const line of dataLines(cycle, Date.now())) print(`  ${line}`)
}

function tellTimes({ notBeforeMs, cutoffMs, availableByMs, definition: { cutoff } }: CycleInput): void {
  if (notBeforeMs !== null) print(`  starts not before ${toIso(notBeforeMs)}`)
  if (cutoffMs !== null) print(`  waits until ${toIso(cutoffMs)}, then: ${cutoff?.then}`)
  if (availableByMs !== null) print(`  expected by ${toIso(availableByMs)}`)
}

/** What the definitions in force now say of it. */
async function tellPresent(connection: Connection, cycle: Cycle): Promise<void> {
  const { aws, settings } = connection
  const { product, key, definitionVersion } = cycle.input
  try {
    const loaded = await loadDomainCatalog((await aws()).s3, settings.SLUICE_CATALOG_BUCKET, domainOf(product))
    if (loaded.kind !== 'loaded') return
    const carried = { product, key, definitionVersion, state: cycle.state, step: cycle.step }
    const version = toVersionLine(loaded.catalog, carried)
    for (const line of [...(version ? [version] : []), ...vanishedLines(loaded.catalog, cycle)]) print(`  ${line}`)
    const unheard = await askUnheard(connection, cycle)
    for (const line of unheardLines(loaded.catalog, cycle, unheard)) print(`  ${line}`)
  } catch (error) {
    talk(`The catalog does not answer, so the definitions of now are not compared: ${(error as Error).message}`)
  }
}

/** Without the mirror nothing is known of it, which was said before. */
async function askUnheard({ db }: Connection, cycle: Cycle): Promise<Unheard[]> {
  const products = [...new Set(foreignInputs(cycle).map(({ product }) => product))]
  if (products.length === 0) return []
  return listUnheard(db(), domainOf(cycle.input.product), products).catch(() => [])
}

function tellReport(report: CycleReport, isLive: boolean): void {
  const { row, transitions, dependencies, deliveries, actions } = report
  if (!isLive) {
    print(
      `${row.cycle}  ${colourState(row.state)}${row.step ? ` (${row.step})` : ''}${row.reason ? `: ${toLine(row.reason)}` : ''}`,
    )
    const ended = toEndedWords(row)
    if (ended) print(`  ${ended}`)
    for (const flag of flagsAt(row, Date.now())) print(`  ${flagWords(flag)}`)
    for (const line of pastLines(row, dependencies)) print(`  ${line}`)
    for (const line of outdatedLines(report)) print(`  ${line}`)
  }
  for (const { number, runId, end, adopted, failure, inputs } of row.attempts) {
    const how = end
      ? `${end.state}${failure ? `, ${FAILURE_WORDS[failure] ?? failure}` : ''}${end.error ? `: ${toLine(end.error)}` : ''}, found by ${end.noticedBy}`
      : 'under way'
    print(`  attempt ${number}${adopted ? ' (adopted)' : ''} ${runId ?? 'not started'}: ${how}${readWords({ inputs })}`)
  }
  if (row.publishedEventId) print(`  published ${row.publishedEventId} at ${row.publishedAt}`)
  print('  so far:')
  for (const { at, said } of toStory(transitions, deliveries, actions)) print(`    ${at}  ${said}`)
}

/** As the mirror has them: those that the condition counts by its words, others (of older versions) one by one. */
function pastLines({ state, step, condition }: CycleRow, rows: DependencyRow[]): string[] {
  const words = isUnbegun({ state, step }) ? OPEN_WORDS : PAST_WORDS
  const lines = (input: Pick<CycleInput, 'condition'>, of: DependencyRow[]): string[] => {
    const dependencies = of.map(toDependency)
    return inputLines({ ...input, expected: dependencies }, { dependencies, words, nowMs: Date.now() })
  }
  const counted = rows.filter(({ position }) => position !== null)
  const others = rows.filter(({ position }) => position === null)
  return [...lines(condition ? { condition } : {}, counted), ...lines({}, others)]
}

/** Moves, events and commands in the order in which they happened. */
function toStory(
  transitions: CycleReport['transitions'],
  deliveries: CycleReport['deliveries'],
  actions: CycleReport['actions'],
): { at: string; said: string }[] {
  const moves = transitions.map(({ at, from, to, reason }) => ({
    at,
    said: `${from ?? 'opened'} -> ${to}${reason ? `: ${toLine(reason)}` : ''}`,
  }))
  const events = deliveries.map(({ at, eventId, outcome, note, seen }) => ({
    at,
    said: `event ${eventId}: ${outcome}${note ? ` (${note})` : ''}${seen > 1 ? `, came ${seen} times` : ''}`,
  }))
  const commands = actions.map(({ at, action, actor, reason, outcome, refusedBecause, fromVersion, toVersion }) => ({
    at,
    said: `${action}${toVersion === null ? '' : ` from version ${fromVersion} to ${toVersion}`} by ${actor}, "${reason}": ${outcome}${refusedBecause ? `, ${refusedBecause}` : ''}`,
  }))
  // Of the same instant: the event before the move it caused.
  return [...events, ...commands, ...moves].toSorted((a, b) => a.at.localeCompare(b.at))
}

/** Errors of Glue may have many lines; the whole text is in `logs` and in `-o json`. */
const toLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

async function whyUnknown(
  { aws, settings }: Connection,
  { product, key }: CycleParts,
  output: Output,
): Promise<string> {
  const loaded = await loadDomainCatalog((await aws()).s3, settings.SLUICE_CATALOG_BUCKET, domainOf(product))
  if (loaded.kind !== 'loaded') return `${product}/${key} is not known.`
  const { products } = loaded.catalog
  const version = products.find(({ definition }) => definition.product === product)
  if (!version) {
    const names = products.map(({ definition }) => definition.product)
    return whyNoDefinition(loaded.catalog, { product, key }, `. Its domain has ${names.join(', ')}.`)
  }
  const timetable = toTimetable(loaded.catalog)
  const notDue = whyNotDue(timetable, version.definition, key)
  if (notDue) return `${notDue}.`
  const dueMs = dueAtMs(timetable.calendars, version.definition, key)
  if (output === 'table')
    tellExpected(openCycle(timetable, version, { key, openedBy: 'person', settings: NO_SETTINGS }))
  const opens =
    dueMs > Date.now()
      ? `It opens when it is due, at ${toIso(dueMs)}, or with its first arrival`
      : `It was due at ${toIso(dueMs)}, and nothing has opened it`
  const canOpen = dueMs <= Date.now() + OPENING_WINDOW.horizonMs
  return `${product}/${key} is not open. ${opens}.${canOpen ? ` To open it now: sluice open ${product}/${key}` : ''}`
}

/** What it will wait for: settings play no part in it. */
function tellExpected(input: CycleInput): void {
  const { dependencies } = openRun(input, 0)
  const lines = inputLines(input, { dependencies, words: OPEN_WORDS, nowMs: Date.now() })
  if (lines.length > 0) print(`${toCycleId(input.product, input.key)} would wait for`)
  tellTimes(input)
  for (const line of lines) print(`  ${line.replace(/^(\s*)waits for /, '$1')}`)
}

const NO_SETTINGS: CycleSettings = { checkGlueMs: 0, errorWaitMs: 0, recordRetryMs: 0 }

const toIso = (atMs: number): string => new Date(atMs).toISOString()
