// What the roles asked of the servers. In: the stage. Out: SQL statements and Temporal calls since a mark.
// Never: what the bench itself asked (it has another login), nor the long polls by which workers wait for work.
import type { Queries } from '../clients/postgres.ts'
import { DOMAIN } from './mesh-folder.ts'

export interface Counts {
  sqlStatements: number
  /** By operation, only those that were called; undefined where the server tells no numbers. */
  temporalCalls: Record<string, number> | undefined
}

/** What is read of a stage. */
interface Counted {
  db: Pick<Queries, 'one'>
  ground: { metricsUrl: string | undefined }
}

/** Waiting for work, and what a client does once to greet a server. */
const NOT_COUNTED = /^(Poll|GetSystemInfo|GetClusterInfo|ShutdownWorker|RecordWorkerHeartbeat)/

/** Now; the answer gives what has come since. */
export async function markCounts(stage: Counted): Promise<() => Promise<Counts>> {
  const before = await readCounts(stage)
  return async () => {
    const after = await readCounts(stage)
    return {
      sqlStatements: after.sqlStatements - before.sqlStatements,
      temporalCalls: after.temporalCalls && subtract(after.temporalCalls, before.temporalCalls ?? {}),
    }
  }
}

const subtract = (after: Record<string, number>, before: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )

async function readCounts({ db, ground }: Counted): Promise<Counts> {
  return { sqlStatements: await countStatements(db), temporalCalls: await readCalls(ground.metricsUrl) }
}

async function countStatements(db: Counted['db']): Promise<number> {
  const sql = `select coalesce(sum(calls), 0)::float8 as n
    from pg_stat_statements join pg_roles on pg_roles.oid = userid where rolname = $1`
  return (await db.one<{ n: number }>(sql, [`sluice_${DOMAIN}`]))?.n ?? 0
}

async function readCalls(metricsUrl: string | undefined): Promise<Record<string, number> | undefined> {
  if (!metricsUrl) return undefined
  const calls: Record<string, number> = {}
  const text = await (await fetch(metricsUrl)).text()
  for (const line of text.split('\n')) {
    if (!/^service_requests(_total)?\{/.test(line) || !line.includes('service_name="frontend"')) continue
    const operation = /operation="([^"]+)"/.exec(line)?.[1] ?? ''
    if (NOT_COUNTED.test(operation)) continue
    calls[operation] = (calls[operation] ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return calls
}
