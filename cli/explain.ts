// In: a cycle. Out: the whole of what is known of it, from its workflow while it runs, else from the mirror: why it stands where it
// stands, down to the root. Never: "not found" without the reason, or on the word of one of them alone.
import { WorkflowNotFoundError } from '@temporalio/client'
import { type CycleReport, readCycle } from '../mirror/status.ts'
import { listUnheard, type Unheard } from '../mirror/unheard.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import type { Cycle } from '../model/cycle/cycle.ts'
import { flagsOf, flagWords, isOfStep } from '../model/cycle/flags.ts'
import { type CycleId, type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { isSettled } from '../model/states.ts'
import { CYCLE_QUERY } from '../workflows/contract.ts'
import { type Connection, withConnection } from './connection.ts'
import { withEnd } from './ended-run.ts'
import { dataLines } from './explain-data.ts'
import { type Heard, inputLines, OPEN_WORDS, toHeard } from './explain-inputs.ts'
import { explainPast } from './explain-past.ts'
import { historyLines, standingLines, toHeader, toHeardThen } from './explain-report.ts'
import { foreignInputs, unheardLines } from './explain-unheard.ts'
import { tellExpected, whyUnknown } from './explain-unknown.ts'
import { vanishedLines } from './explain-vanished.ts'
import { blockerLines, readWhy, reasonLines, toWhyData, type Why } from './explain-why.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { toVersionLine } from './older-version.ts'
import { colourState, type Output, print, printJson, talk } from './output.ts'
import { readCatalog } from './read-catalog.ts'
import { CENTRAL } from './stack-environment.ts'
import { type Asked, toUnexplained } from './unexplained.ts'

interface ExplainOptions {
  stack?: string
  output: Output
  /** Of which time; absent: now. */
  at?: string | undefined
}

export async function explain(parts: CycleParts, options: ExplainOptions): Promise<number> {
  return withConnection(options, CENTRAL, async (connection) => {
    const cycle = toCycleId(parts.product, parts.key)
    if (options.at !== undefined) return explainPast(connection, parts, { output: options.output, at: options.at })
    const [workflow, mirror] = await Promise.all([askWorkflow(connection, cycle), askMirror(connection, cycle)])
    const live = workflow.kind === 'live' ? workflow.cycle : undefined
    const report = mirror.report && { ...mirror.report, row: withEnd(mirror.report.row, workflow) }
    if (workflow.kind !== 'live' && !report) {
      const unexplained = toUnexplained(cycle, workflow, mirror.isAsked)
      return explainNothing(connection, parts, { ...options, unexplained })
    }
    const why = await readWhy(connection, { parts, live, report, isMirrorAsked: mirror.isAsked }, Date.now())
    if (options.output === 'json') {
      printJson({ cycle, live: live ?? null, mirror: mirror.report ?? null, explanation: toWhyData(why) })
      return 0
    }
    if (live)
      await tellLive(connection, live, { why, heard: [...(report ? toHeardThen(report) : []), ...toHeard(live)] })
    else if (report) tellClosed(report, why, workflow.kind === 'none')
    for (const line of [...blockerLines(why), ...(report ? historyLines(report) : [])]) print(`  ${line}`)
    return 0
  })
}

/** Why there is nothing to explain. */
async function explainNothing(
  connection: Connection,
  parts: CycleParts,
  { output, unexplained }: ExplainOptions & { unexplained: string | undefined },
): Promise<number> {
  const { sentence, expected } = unexplained ? { sentence: unexplained } : await whyUnknown(connection, parts)
  const explanation = { sentence, ran: [], takenBack: null, times: null, blockers: null }
  if (output === 'json')
    printJson({ cycle: toCycleId(parts.product, parts.key), live: null, mirror: null, explanation })
  else if (expected) tellExpected(expected)
  throw new CommandFailure(EXIT.failed, sentence)
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

/** `heard`: earlier runs are remembered by the mirror alone. */
async function tellLive(
  connection: Connection,
  cycle: Cycle,
  { why, heard }: { why: Why; heard: Heard[] },
): Promise<void> {
  const step = cycle.step ? ` (${cycle.step})` : ''
  // Absent in what an older version answers.
  const reason = cycle.heldUp?.reason ?? cycle.reason
  print(`${cycle.id}  ${colourState(cycle.state)}${step}${reason ? `: ${toOneLine(reason)}` : ''}`)
  const [sentence, ...others] = reasonLines(why)
  if (sentence) print(`  ${sentence}`)
  for (const flag of flagsOf(cycle))
    print(`  ${flagWords(flag)}${cycle.heldUp && isOfStep(flag) ? ` since ${toIso(cycle.heldUp.sinceMs)}` : ''}`)
  for (const line of others) print(`  ${line}`)
  if (cycle.retryAtMs !== null) print(`  next attempt at ${toIso(cycle.retryAtMs)}`)
  const { input, dependencies } = cycle
  const told = { dependencies, words: OPEN_WORDS, nowMs: why.nowMs, heard }
  for (const line of inputLines(input, told)) print(`  ${line}`)
  for (const line of dataLines(cycle, why.nowMs)) print(`  ${line}`)
  if (!isSettled(cycle.state)) await tellPresent(connection, cycle)
}

function tellClosed(report: CycleReport, why: Why, isForgotten: boolean): void {
  print(toHeader(report))
  for (const line of [...reasonLines(why), ...standingLines(report, why.nowMs)]) print(`  ${line}`)
  if (isForgotten)
    print('  from the mirror alone: Temporal keeps a closed cycle for its retention only, and has none of this name')
}

/** What the definitions in force now say of it. */
async function tellPresent(connection: Connection, cycle: Cycle): Promise<void> {
  const { product, key, definitionVersion } = cycle.input
  try {
    const catalog = await readCatalog(connection, domainOf(product))
    const carried = { product, key, definitionVersion, state: cycle.state, step: cycle.step }
    const version = toVersionLine(catalog, carried)
    for (const line of [...(version ? [version] : []), ...vanishedLines(catalog, cycle)]) print(`  ${line}`)
    const unheard = await askUnheard(connection, cycle)
    for (const line of unheardLines(catalog, cycle, unheard)) print(`  ${line}`)
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

const toIso = (atMs: number): string => new Date(atMs).toISOString()
