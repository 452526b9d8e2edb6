// Compares one row of the mirror with its run, and corrects it. In: the cycle, its row as it was read. Out: what came of it.
// Never: a change of what a run knows; an older row over a newer one, except where the run does not know what the row
// tells; a flush under way taken for a lost one.
import type { Client } from '@temporalio/client'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { clearRunEnded, listStands, markRunEnded, stepBack } from '../mirror/reconcile.ts'
import { recordCycle } from '../mirror/record-cycle.ts'
import { toRunEnd } from '../mirror/status.ts'
import { isOlder, judgeEndedRow, judgeRow, toStand } from '../model/cycle/compare-row.ts'
import type { Cycle } from '../model/cycle/cycle.ts'
import type { ComparedRow } from '../model/cycle/plan-comparison.ts'
import { type CycleRecord, toRecord } from '../model/cycle/record.ts'
import { type CycleId, domainOf } from '../model/ids.ts'
import { CYCLE_QUERY } from '../workflows/contract.ts'
import { buildOf, type Described, describeRun, hasTaskTrouble, isPending } from './describe-run.ts'
import { readLeft } from './reconciling-history.ts'

export interface ReconcilingParts {
  temporal: Client
  db: Postgres
  nowMs(): number
  warn(message: string, facts: Record<string, unknown>): void
}

/** `unasked`: no worker would answer. */
export type Verdict = 'right' | 'rewritten' | 'unasked' | 'unanswered'

const ANSWER_MS = 5_000

interface ComparingParts extends ReconcilingParts {
  /** Builds that no worker runs: their cycles do not answer. */
  idle: Set<string>
}

/** One cycle in trouble does not keep the others from being compared; PostgreSQL being away does. */
export async function compareRow(
  parts: ComparingParts,
  cycle: CycleId,
  row: ComparedRow | undefined,
): Promise<Verdict> {
  try {
    const described = await describeRun(parts.temporal, cycle)
    if (described?.status.name === 'RUNNING') return await compareOpen(parts, described, row)
    return await compareEnded(parts, { cycle, described, row })
  } catch (error) {
    if (isOutage(error)) throw error
    parts.warn('A row of the mirror could not be compared', { cycle, error: String(error) })
    return 'unanswered'
  }
}

/** What the run says, it says; a flush that waits for PostgreSQL writes the row by itself. */
async function compareOpen(
  parts: ComparingParts,
  described: Described,
  row: ComparedRow | undefined,
): Promise<Verdict> {
  const isBack = row?.hasEnded === true && (await clearRunEnded(parts.db, row.cycle))
  if (parts.idle.has(buildOf(described)) || hasTaskTrouble(described)) return 'unasked'
  if (isPending(described, 'recordCycle')) return isBack ? 'rewritten' : 'right'
  const live = await ask(parts.temporal, described.workflowId as CycleId)
  const isWrong = judgeRow(row, live, parts.nowMs()) !== 'right' && (await writeAnew(parts, described))
  return isWrong || isBack ? 'rewritten' : 'right'
}

/**
 * False when nothing is wrong after all: the run may have moved on since the row was read. So once more, in the order in
 * which no move can be missed: the row, the run, what it waits for.
 */
async function writeAnew(
  { temporal, db, nowMs }: ReconcilingParts,
  { workflowId, runId }: Described,
): Promise<boolean> {
  const cycle = workflowId as CycleId
  const [row] = await listStands(db, domainOf(cycle), [cycle])
  const live = await ask(temporal, cycle)
  const described = await describeRun(temporal, cycle)
  const judged = judgeRow(row, live, nowMs())
  if (judged === 'right' || described?.runId !== runId || isPending(described, 'recordCycle')) return false
  const record = toRecord(live, 0, nowMs())
  if (judged === 'astray' && row && !(await stepBack(db, cycle, { from: row, to: toStand(record) }))) return false
  await recordCycle(db, record)
  return true
}

const ask = (temporal: Client, cycle: CycleId): Promise<Cycle> =>
  temporal.withDeadline(Date.now() + ANSWER_MS, () => temporal.workflow.getHandle(cycle).query<Cycle>(CYCLE_QUERY))

interface Ended {
  cycle: CycleId
  /** Undefined: Temporal does not know it, or not any more. */
  described: Described | undefined
  row: ComparedRow | undefined
}

/** Its last flush may never have been carried out; and where its state is open, nobody goes on with it. */
async function compareEnded({ temporal, db }: ReconcilingParts, { cycle, described, row }: Ended): Promise<Verdict> {
  if (!described) {
    if (row) await markRunEnded(db, cycle, { row, as: 'forgotten', atMs: null })
    return 'right'
  }
  const as = toRunEnd(described.status.name)
  if (!as) return 'right'
  const history = await temporal.workflow.getHandle(cycle, described.runId).fetchHistory()
  const { flushes, isReset } = readLeft(history, described.runId)
  const last = flushes.at(-1)
  // A run that closed by itself did so after its last flush; in one that was ended from outside the row may be ahead of it,
  // by what was written anew meanwhile; a reset takes that back.
  const judged = judgeEndedRow(row, flushes, isReset || (as !== 'terminated' && as !== 'timed-out'))
  const isAstray = judged === 'astray' && row && last
  if (isAstray && !(await stepBack(db, cycle, { from: row, to: toStand(last) }))) return 'right'
  const lost = isAstray ? [last] : flushes.filter((flush) => isLost(flush, row))
  for (const flush of lost) await recordCycle(db, flush)
  const standing = judged === 'right' || !last ? row : toStand(last)
  if (standing) await markRunEnded(db, cycle, { row: standing, as, atMs: described.closeTime?.getTime() ?? null })
  return judged === 'right' ? 'right' : 'rewritten'
}

/** Each carries what came since the one before that was written. */
const isLost = (flush: CycleRecord, row: ComparedRow | undefined): boolean => !row || isOlder(row, toStand(flush))
