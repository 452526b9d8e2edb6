// Makes the mirror tell the truth again: after a reset, a terminate, a lost write, a restored database, a change by hand.
// In: the domain, where the last look ended. Out: how many rows were wrong, and what could not be looked at.
// Never: more than so many cycles a tick; a failure because PostgreSQL is away.
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { listIdleBuilds } from '../clients/worker-versions.ts'
import { countWithoutRun, listSeen, listStands, listUncompared } from '../mirror/reconcile.ts'
import { type EndedRun, type OpenRun, planComparison, type SeenRow } from '../model/cycle/plan-comparison.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import {
  type Found,
  type RowsReconciled,
  type SchedulerActivities,
  STATE_ATTRIBUTE,
  toTaskQueue,
} from '../workflows/contract.ts'
import { compareRow, type ReconcilingParts, type Verdict } from './reconciling-row.ts'

/** So long a flush may be on its way. */
export const QUIET_MS = 300_000
/** Names in a tick's result. */
export const NAMED = 10

/** In turn: few, because each query is a billed action; 20 a tick are some $5 a month and domain. */
const BOUNDS = { most: 500, inTurn: 20 }
const LISTED = 20_000
/** So long ago a run may have ended whose row was lost with a database that failed over, or that was restored. */
const ENDED_MS = 86_400_000
const AT_ONCE = { concurrency: 8 }
/** When so many runs have not answered, no more are asked: each costs the tick the time of an answer. */
const PATIENCE = 20

export const createReconciling = (parts: ReconcilingParts): Pick<SchedulerActivities, 'reconcileRows'> => ({
  /** May run twice: what is right stays as it is. Null = PostgreSQL was away; the next tick looks again. */
  async reconcileRows({ domain, after }) {
    try {
      return await reconcile(parts, domain, after)
    } catch (error) {
      if (!isOutage(error)) throw error
      parts.warn('PostgreSQL does not answer, so no row was compared in this tick', { domain, error: String(error) })
      return null
    }
  },
})

async function reconcile(parts: ReconcilingParts, domain: Domain, after: string | null): Promise<RowsReconciled> {
  const { temporal, db, nowMs, warn } = parts
  const runs = await listRuns(temporal, domain)
  const ended = await listEnded(temporal, domain, nowMs() - ENDED_MS)
  const rows = await listRows(db, domain, [...runs, ...ended])
  const quietSinceMs = nowMs() - QUIET_MS
  const plan = planComparison({ rows, runs, ended, areAllRuns: runs.length < LISTED, after, quietSinceMs }, BOUNDS)
  // Read before the runs are asked.
  const stands = await listStands(db, domain, plan.cycles)
  const byCycle = new Map(stands.map((row) => [row.cycle, row]))
  const idle = new Set(await listIdleBuilds(temporal, toTaskQueue(domain)))
  let unanswered = 0
  const compared = await pMap(
    plan.cycles,
    async (cycle) => {
      if (unanswered >= PATIENCE) return { cycle, verdict: 'unanswered' as const }
      const verdict = await compareRow({ ...parts, idle }, cycle, byCycle.get(cycle))
      if (verdict === 'unanswered') unanswered += 1
      return { cycle, verdict }
    },
    AT_ONCE,
  )
  const of = (wanted: Verdict): CycleId[] =>
    compared.flatMap(({ cycle, verdict }) => (verdict === wanted ? [cycle] : []))
  const rewritten = toFound(of('rewritten'))
  if (rewritten.count > 0) warn('Rows of the mirror did not tell the truth and were written anew', { ...rewritten })
  const unreached = of('unasked').length + of('unanswered').length
  return {
    compared: compared.length - unreached,
    rewritten,
    withoutRun: await countWithoutRun(db, domain, NAMED),
    unanswered: unreached,
    left: plan.left,
    after: plan.after,
  }
}

export const toFound = (names: string[]): Found => ({ count: names.length, names: names.slice(0, NAMED) })

async function listRuns(temporal: Client, domain: Domain): Promise<OpenRun[]> {
  const runs: OpenRun[] = []
  const query = `ExecutionStatus = "Running" AND SluiceCycle IS NOT NULL AND SluiceDomain = "${domain}"`
  for await (const { workflowId, startTime, typedSearchAttributes } of temporal.workflow.list({ query })) {
    const state = typedSearchAttributes.get(STATE_ATTRIBUTE)
    runs.push({ cycle: workflowId as CycleId, state, startedAtMs: startTime.getTime() })
    if (runs.length === LISTED) break
  }
  return runs
}

/** Newest first. */
async function listEnded(temporal: Client, domain: Domain, sinceMs: number): Promise<EndedRun[]> {
  const ended: EndedRun[] = []
  const since = new Date(sinceMs).toISOString()
  const query = `ExecutionStatus != "Running" AND SluiceCycle IS NOT NULL AND SluiceDomain = "${domain}" AND CloseTime > "${since}"`
  for await (const { workflowId, startTime, closeTime, typedSearchAttributes } of temporal.workflow.list({ query })) {
    const state = typedSearchAttributes.get(STATE_ATTRIBUTE)
    const [startedAtMs, endedAtMs] = [startTime.getTime(), closeTime?.getTime() ?? 0]
    ended.push({ cycle: workflowId as CycleId, state, startedAtMs, endedAtMs })
    if (ended.length === LISTED) break
  }
  return ended
}

/** Read after the list of runs: where a row has moved on since, its run is asked. */
async function listRows(db: Postgres, domain: Domain, runs: { cycle: CycleId }[]): Promise<SeenRow[]> {
  const uncompared = await listUncompared(db, domain, LISTED)
  const known = new Set(uncompared.map(({ cycle }) => cycle))
  const others = runs.map(({ cycle }) => cycle).filter((cycle) => !known.has(cycle))
  return [...uncompared, ...(others.length > 0 ? await listSeen(db, domain, others) : [])]
}
