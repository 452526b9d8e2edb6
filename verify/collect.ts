// In: the servers of a stack. Out: the evidence of some domains, as it is at this moment.
// Never: reads a log; changes anything; asks a worker (histories and rows are there without one).
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { Client } from '@temporalio/client'
import pMap from 'p-map'
import { selectProducts } from '../catalog/rows.ts'
import type { Postgres } from '../clients/postgres.ts'
import { listAllDeliveries, listAllDependencies, listAllEvents, listAllTransitions } from '../mirror/evidence.ts'
import { listCycles } from '../mirror/status.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { domainOf } from '../model/ids.ts'
import { CYCLE_WORKFLOW } from '../workflows/contract.ts'
import type { CycleEvidence, Evidence, RunEvidence, SandboxRow } from './evidence.ts'
import { readHistory } from './read-history.ts'

export interface CollectOrder {
  /** Of the sandbox, whose ledger is the witness of what AWS saw; absent on real AWS. */
  awsEndpoint?: string | undefined
  temporal: Client
  db: Postgres
  domains: Domain[]
  /** Runs read so far. */
  onProgress?: (runs: number) => void
}

const AT_ONCE = { concurrency: 8 }
const CYCLES = 1_000_000

export async function collectEvidence(order: CollectOrder): Promise<Evidence> {
  const { awsEndpoint, db, domains } = order
  const readFromMs = Date.now()
  const cycles = await readCycles(order)
  const [products, transitions, dependencies, events, deliveries, ...statuses] = await Promise.all([
    selectProducts(db),
    listAllTransitions(db, domains),
    listAllDependencies(db, domains),
    listAllEvents(db, domains),
    listAllDeliveries(db, domains),
    ...domains.map((domain) => listCycles(db, { domain, limit: CYCLES })),
  ])
  return {
    readFromMs,
    collectedAtMs: Date.now(),
    domains,
    ...(awsEndpoint === undefined ? {} : { sandbox: await readSandboxLedger(awsEndpoint) }),
    cycles,
    mirror: { statuses: statuses.flat(), transitions, dependencies },
    ledger: { events, deliveries },
    definitions: products.filter(({ definition }) => domains.includes(domainOf(definition.product))),
  }
}

export async function readSandboxLedger(endpoint: string): Promise<SandboxRow[]> {
  const answer = await fetch(`${endpoint}/_sandbox/ledger`)
  if (!answer.ok) throw new Error(`${endpoint} gave no ledger of the sandbox (HTTP ${answer.status}). Is it one?`)
  return ((await answer.json()) as { rows: SandboxRow[] }).rows
}

async function readCycles(order: CollectOrder): Promise<CycleEvidence[]> {
  const found = await listRuns(order)
  let read = 0
  const readOne = async (run: Run): Promise<RunEvidence & { cycle: CycleId }> => {
    const evidence = await readRun(order.temporal, run)
    read += 1
    order.onProgress?.(read)
    return evidence
  }
  const runs = await pMap(found, readOne, AT_ONCE)
  const byCycle = Map.groupBy(runs, ({ cycle }) => cycle)
  return [...byCycle].map(([cycle, all]) => ({
    cycle,
    runs: all.toSorted((a, b) => a.startedAtMs - b.startedAtMs).map(({ cycle: _, ...run }) => run),
  }))
}

interface Run {
  workflowId: string
  runId: string
  startedAtMs: number
  status: string
}

async function listRuns({ temporal, domains }: CollectOrder): Promise<Run[]> {
  const runs: Run[] = []
  for (const domain of domains) {
    const query = `WorkflowType = '${CYCLE_WORKFLOW}' AND SluiceDomain = '${domain}'`
    for await (const { workflowId, runId, startTime, status } of temporal.workflow.list({ query }))
      runs.push({ workflowId, runId, startedAtMs: startTime.getTime(), status: status.name })
  }
  return runs.toSorted((a, b) => a.workflowId.localeCompare(b.workflowId))
}

async function readRun(temporal: Client, { workflowId, runId, startedAtMs, status }: Run) {
  const fetched = await temporal.workflow.getHandle(workflowId, runId).fetchHistory()
  const history = JSON.parse(historyToJSON(fetched)) as { events: unknown[] }
  return { cycle: workflowId as CycleId, runId, status, startedAtMs, ...readHistory(history), history }
}
