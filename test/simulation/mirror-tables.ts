// PostgreSQL as the mirror's statements see it, in memory: the real modules of mirror/ run, and each statement of theirs
// is answered here under the same guards (unique keys, (run number, version) never backwards, history only added).
// That the SQL itself does this is proven in the services ring. Never: a statement it does not know.
import type { Hostility, Life } from './hostility.ts'
import type { Postgres, Queries } from '../../clients/postgres.ts'
import { heldOf } from '../../mirror/conditions.ts'
import {
  listCorrected,
  listDependencies,
  listHeldOtherwise,
  listMissed,
  listUnaware,
  listUnopened,
  listWaiting,
  readInput,
  readStatus,
  recall,
  recallNotices,
} from './mirror-reads.ts'
import {
  insertActions,
  insertDependencyHistory,
  insertTransitions,
  markPublished,
  mergeAttempts,
  upsertDeliveries,
  upsertDependencies,
  upsertRouted,
  upsertStatus,
  upsertUntaken,
} from './mirror-writes.ts'
import type { Row, Tables } from './tables.ts'

/** A transaction is done or not done as a whole: it is one call at the edge. */
export function createPostgres(tables: Tables, hostility: Hostility, life: Life): Postgres {
  const trouble = {
    refuse: () => Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' }),
    lose: () => Object.assign(new Error('connection reset'), { code: 'ECONNRESET' }),
  }
  const call = <T>(what: string, work: () => T | Promise<T>): Promise<T> =>
    hostility.call(life, 'postgres', what, trouble, work)
  const run = (sql: string, params: unknown[] = []): Row[] => answer(tables, sql.trimStart(), params)
  const queries: Queries = {
    rows: async <R extends object>(sql: string, params?: unknown[]) => run(sql, params) as R[],
    one: async <R extends object>(sql: string, params?: unknown[]) => run(sql, params)[0] as R | undefined,
    changed: async (sql, params) => run(sql, params).length > 0,
  }
  const db = {
    rows: <R extends object>(sql: string, params?: unknown[]) => call('read rows', () => queries.rows<R>(sql, params)),
    one: <R extends object>(sql: string, params?: unknown[]) => call('read a row', () => queries.one<R>(sql, params)),
    changed: (sql: string, params?: unknown[]) => call('write', () => queries.changed(sql, params)),
    transaction: <T>(work: (transaction: Queries) => Promise<T>) => call('record', () => work(queries)),
  }
  return db as unknown as Postgres
}

function answer(tables: Tables, sql: string, params: unknown[]): Row[] {
  const known = STATEMENTS.find(([start]) => sql.startsWith(start))
  if (!known) throw new Error(`This ring has no answer to the statement "${sql.slice(0, 80)}".`)
  return known[1](tables, params)
}

const STATEMENTS: [start: string, answer: (tables: Tables, params: unknown[]) => Row[]][] = [
  ['with written as (', upsertStatus],
  ['insert into cycle_hold', () => []],
  ['update data_product_status set (attempts, glue_run_id)', mergeAttempts],
  ['update data_product_status set revision', markPublished],
  ['update data_product_status set opened_by', () => []],
  ['update data_product_status set first_completed_at', () => []],
  ['insert into data_product_status_history', insertTransitions],
  ['insert into data_product_dependencies_events_status as old', upsertDependencies],
  ['insert into data_product_dependencies_events_status_history', insertDependencyHistory],
  ['insert into event_ledger as old', upsertRouted],
  ['insert into event_delivery as old', upsertDeliveries],
  ['insert into operator_action', insertActions],
  ['with ledger as (', upsertUntaken],
  ['select delivery.outcome, dependency.state', readInput],
  ['select cycle, domain, product, cycle_key', readStatus],
  ['select upstream_product as product', listDependencies],
  ['with expected as (', recall],
  ['with firsts as (', listUnopened],
  ['with open as (', listWaiting],
  ['with waiting as (', listMissed],
  ['with taken as (', listCorrected],
  // No definition of this mesh asks what an upstream skipped, only what was taken back.
  ['with asked as (', recallNotices],
  ['with unaware as (', listUnaware],
  [`select cycle, product, ${heldOf()} as held, run_number`, listHeldOtherwise],
]
