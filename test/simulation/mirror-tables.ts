// PostgreSQL as the mirror's statements see it, in memory: the real modules of mirror/ run, and each statement of theirs
// is answered here under the same guards (unique keys, (run number, version) never backwards, history only added).
// That the SQL itself does this is proven in the services ring. Never: a statement it does not know.
import type { Hostility, Life } from './hostility.ts'
import type { Postgres, Queries } from '../../clients/postgres.ts'

export type Row = Record<string, unknown>

export interface Tables {
  status: Map<string, Row>
  history: Map<string, Row>
  dependencies: Map<string, Row>
  dependencyHistory: Map<string, Row>
  ledger: Map<string, Row>
  deliveries: Map<string, Row>
  actions: Map<string, Row>
}

export const createTables = (): Tables => ({
  ...{ status: new Map(), history: new Map(), dependencies: new Map(), dependencyHistory: new Map() },
  ...{ ledger: new Map(), deliveries: new Map(), actions: new Map() },
})

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

const toKey = (...parts: unknown[]): string => parts.map(String).join(' ')
const rowsOf = (parameter: unknown): Row[] => JSON.parse(String(parameter)) as Row[]
const isNewer = (old: Row | undefined, runNumber: number, version: number): boolean =>
  !old ||
  Number(old['runNumber']) < runNumber ||
  (Number(old['runNumber']) === runNumber && Number(old['version']) < version)

function upsertStatus({ status }: Tables, params: unknown[]): Row[] {
  const [cycle, domain, product, key, visibility, , , , state, step, reason, stateSince] = params
  const [lastAttempt, , revision, runNumber, version] = params.slice(18)
  const old = status.get(String(cycle))
  if (!isNewer(old, Number(runNumber), Number(version))) return []
  const row = {
    ...{ publishedRevision: 0, eventId: null, attempts: rowsOf(params[17]), ...old },
    ...{ cycle, domain, product, key, visibility, definitionVersion: params[5] },
    ...{ state, step, reason, stateSince, lastAttempt, runNumber, version },
    revision: Math.max(Number(old?.['revision'] ?? 0), Number(revision)),
  }
  status.set(String(cycle), row)
  return [row]
}

function mergeAttempts({ status }: Tables, [cycle, attempts]: unknown[]): Row[] {
  const row = status.get(String(cycle))
  if (!row) return []
  const known = [...(row['attempts'] as Row[]), ...rowsOf(attempts)]
  const rank = (one: Row): number => Number(one['endedAtMs'] === null) * 2 + Number(one['runId'] === null)
  const byNumber = new Map<unknown, Row>()
  for (const one of known) {
    const held = byNumber.get(one['number'])
    if (!held || rank(one) < rank(held)) byNumber.set(one['number'], one)
  }
  row['attempts'] = [...byNumber.values()].toSorted((one, other) => Number(one['number']) - Number(other['number']))
  return [row]
}

function markPublished({ status }: Tables, params: unknown[]): Row[] {
  const [cycle, revision, eventId, location, correlationId, occurredAt] = params
  const row = status.get(String(cycle))
  if (!row || Number(row['publishedRevision']) >= Number(revision)) return []
  Object.assign(row, { eventId, location, correlationId, occurredAt, publishedRevision: revision })
  row['revision'] = Math.max(Number(row['revision']), Number(revision))
  return [row]
}

/** `on conflict do nothing`. */
function insertOnce(table: Map<string, Row>, key: string, row: Row): Row[] {
  if (table.has(key)) return []
  table.set(key, row)
  return [row]
}

const insertTransitions = ({ history }: Tables, [cycle, runNumber, , , , moves]: unknown[]): Row[] =>
  rowsOf(moves).flatMap((move) =>
    insertOnce(history, toKey(cycle, runNumber, move['version']), { cycle, runNumber, ...move }),
  )

const upsertDependencies = ({ dependencies }: Tables, [cycle, domain, runNumber, version, rows]: unknown[]): Row[] =>
  rowsOf(rows).flatMap((row) => {
    const key = toKey(cycle, row['upstream_product'], row['upstream_key'])
    if (!isNewer(dependencies.get(key), Number(runNumber), Number(version))) return []
    dependencies.set(key, { cycle, domain, runNumber, version, ...row })
    return [row]
  })

const insertDependencyHistory = ({ dependencyHistory }: Tables, [cycle, , , rows]: unknown[]): Row[] =>
  rowsOf(rows).flatMap((row) =>
    insertOnce(dependencyHistory, toKey(cycle, row['upstream_product'], row['upstream_key'], row['event_id']), row),
  )

const upsertRouted = ({ ledger }: Tables, [domain, rows]: unknown[]): Row[] =>
  requireOnce(rowsOf(rows), 'event_id').map((row) => {
    const key = toKey(domain, row['event_id'])
    const old = ledger.get(key)
    const known = ['location', 'correlation_id', 'occurred_at'].map((name) => [name, old?.[name] ?? row[name]])
    const next = {
      ...{ first_seen_at: row['at'], ...old, domain, ...row, ...Object.fromEntries(known) },
      ...{ outcome: 'routed', reason: null },
    }
    ledger.set(key, next)
    return next
  })

/** As PostgreSQL does: `on conflict do update` may not touch a row twice in one statement. */
function requireOnce(rows: Row[], column: string): Row[] {
  if (new Set(rows.map((row) => row[column])).size === rows.length) return rows
  throw Object.assign(new Error('ON CONFLICT DO UPDATE command cannot affect row a second time'), { code: '21000' })
}

const upsertDeliveries = ({ deliveries }: Tables, [domain, cycle, runNumber, rows]: unknown[]): Row[] =>
  requireOnce(rowsOf(rows), 'event_id').map((row) => {
    const key = toKey(domain, row['event_id'], cycle, row['upstream_product'])
    const old = deliveries.get(key)
    const isFirst = !old || old['outcome'] === 'early' || Number(runNumber) < Number(old['runNumber'] ?? Number.NaN)
    const isBack = row['outcome'] === 'withdrawn'
    const next = isFirst || isBack ? { ...row, cycle, domain, runNumber } : old
    deliveries.set(key, next)
    return next
  })

const insertActions = ({ actions }: Tables, [domain, rows]: unknown[]): Row[] =>
  rowsOf(rows).flatMap((row) => insertOnce(actions, toKey(domain, row['request_id']), row))

const toNow = (): string => new Date(Date.now()).toISOString()

const RANK = ['routed', 'unmatched', 'refused']

function upsertUntaken({ ledger, deliveries }: Tables, [domain, events, untaken]: unknown[]): Row[] {
  for (const row of rowsOf(events)) {
    const key = toKey(domain, row['event_id'])
    const old = ledger.get(key)
    const isBetter = !old || RANK.indexOf(String(row['outcome'])) < RANK.indexOf(String(old['outcome']))
    if (isBetter) ledger.set(key, { first_seen_at: toNow(), ...old, domain, ...row })
  }
  for (const row of rowsOf(untaken)) {
    const key = toKey(domain, row['event_id'], row['cycle'], row['upstream_product'])
    const old = deliveries.get(key)
    if (!old || old['outcome'] === 'early') deliveries.set(key, { ...old, ...row, domain })
  }
  return rowsOf(events)
}

function readInput(tables: Tables, [domain, cycle, eventId, product, key, newer]: unknown[]): Row[] {
  const delivery = tables.deliveries.get(toKey(domain, eventId, cycle, product))
  const counted = delivery?.['outcome'] === 'early' ? undefined : delivery
  const dependency = tables.dependencies.get(toKey(cycle, product, key))
  if (!tables.status.has(String(cycle)) && !counted) return []
  const { state = null, revision = null } = dependency ?? {}
  const isTakenBack = withdrawnOf(tables.ledger, String(domain), String(product), String(key)) >= Number(newer)
  return [{ outcome: counted?.['outcome'] ?? null, state, revision: revision ?? null, isTakenBack }]
}

const readStatus = ({ status }: Tables, [cycle]: unknown[]): Row[] => [status.get(String(cycle)) ?? []].flat()

const listDependencies = ({ dependencies }: Tables, [cycle]: unknown[]): Row[] =>
  [...dependencies.values()]
    .filter((row) => row['cycle'] === cycle)
    .toSorted((one, other) => Number(one['position']) - Number(other['position']))
    .map(({ upstream_product, upstream_key, event_id, correlation_id, occurred_at, arrived_at, ...row }) => ({
      ...{ product: upstream_product, key: upstream_key, state: row['state'], eventId: event_id ?? null },
      ...{ revision: row['revision'] ?? null, location: row['location'] ?? null, why: row['why'] ?? null },
      ...{ correlationId: correlation_id ?? null, occurredAt: occurred_at ?? null, arrivedAt: arrived_at ?? null },
      ...{ blocker: row['blocker'] ?? null, position: row['position'] ?? null },
    }))

/** The highest revision that a notice of the ledger takes back; 0 = none. */
const withdrawnOf = (ledger: Tables['ledger'], domain: string, product: string, key: string): number =>
  Math.max(
    0,
    ...[...ledger.values()]
      .filter((one) => one['domain'] === domain && one['product'] === product && one['cycle_key'] === key)
      .map((one) => Number(/\/not-refreshed-withdrawn\.r(\d+)$/.exec(String(one['event_id']))?.[1] ?? 0)),
  )

/** The notices that say so, while nothing newer is there. */
const recallWithdrawn = (tables: Tables, domain: string, product: string, key: string): Row[] => {
  const revision = withdrawnOf(tables.ledger, domain, product, key)
  if (revision === 0 || newestOf(tables, domain, product, key).length > 0) return []
  const eventId = `${product}/${key}/not-refreshed-withdrawn.r${revision}`
  const occurredAt = tables.ledger.get(toKey(domain, eventId))?.['occurred_at']
  const said = { state: 'CANCELLED', step: null, reason: 'the wrong file', withdraws: revision }
  return [{ eventId, product, key, occurredAt, ...said }]
}

const recallNotices = (tables: Tables, [domain, products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) =>
    recallWithdrawn(tables, String(domain), product, (keys as string[])[at] ?? ''),
  )

const listUnaware = (tables: Tables, [domain]: unknown[]): Row[] =>
  listInputs(tables, domain)
    .filter(({ blocker }) => (blocker as { withdraws?: number } | null | undefined)?.withdraws === undefined)
    .flatMap(({ cycle, upstream_product, upstream_key }) =>
      recallWithdrawn(tables, String(domain), String(upstream_product), String(upstream_key)).map((row) => ({
        ...row,
        cycle,
      })),
    )

/** The newest publication of an upstream cycle that the domain may know of. */
function newestOf({ status, ledger }: Tables, domain: string, product: string, key: string): Row[] {
  const row = status.get(`${product}/${key}`)
  const isKnown = row && Number(row['publishedRevision']) > 0
  const isSeen = isKnown && (row['domain'] === domain || row['visibility'] === 'mesh')
  const isBack = (revision: unknown): boolean => withdrawnOf(ledger, domain, product, key) >= Number(revision)
  const own = isSeen && !isBack(row['publishedRevision']) ? [{ ...row, revision: row['publishedRevision'] }] : []
  const heard = [...ledger.values()]
    .filter((one) => one['domain'] === domain && one['product'] === product && one['cycle_key'] === key)
    .filter((one) => one['outcome'] !== 'refused' && Number(one['revision']) > 0)
    .filter((one) => one['correlation_id'] && one['occurred_at'] && !isBack(one['revision']))
    .map(({ event_id, revision, location, correlation_id, occurred_at }) => ({
      ...{ eventId: event_id, revision, location, correlationId: correlation_id, occurredAt: occurred_at },
    }))
  const newest = [...own, ...heard].toSorted((one, other) => Number(other.revision) - Number(one.revision))[0] as Row
  if (!newest) return []
  const { eventId, revision, location = null, correlationId, occurredAt } = newest
  return [{ eventId, product, key, revision, location, correlationId, occurredAt }]
}

const recall = (tables: Tables, [domain, products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) =>
    newestOf(tables, String(domain), product, (keys as string[])[at] ?? ''),
  )

const listInputs = (tables: Tables, domain: unknown): Row[] =>
  [...tables.dependencies.values()].filter((dependency) => {
    const status = tables.status.get(String(dependency['cycle']))
    const isWaiting = status?.['state'] === 'WAITING' || (status?.['state'] === 'ERROR' && status['step'] === 'wait')
    return status?.['domain'] === domain && isWaiting && dependency['state'] === 'WAITING'
  })

const listWaiting = (tables: Tables, [domain, product, key]: unknown[]): Row[] =>
  listInputs(tables, domain).filter((row) => row['upstream_product'] === product && row['upstream_key'] === key)

function listMissed(tables: Tables, [domain]: unknown[]): Row[] {
  return listInputs(tables, domain).flatMap(({ cycle, upstream_product, upstream_key }) =>
    newestOf(tables, String(domain), String(upstream_product), String(upstream_key)).map((row) => ({ ...row, cycle })),
  )
}

/** Whatever their definitions say of it: that is asked again before anything is done. */
const listCorrected = (tables: Tables, [domain]: unknown[]): Row[] =>
  [...tables.dependencies.values()].flatMap((dependency) => {
    const { cycle, upstream_product: product, upstream_key: key, revision } = dependency
    const status = tables.status.get(String(cycle))
    const hasRun =
      ['PROCESSING', 'COMPLETED', 'ERROR'].includes(String(status?.['state'])) && status?.['step'] !== 'wait'
    if (status?.['domain'] !== domain || !hasRun || dependency['state'] !== 'ARRIVED') return []
    return newestOf(tables, String(domain), String(product), String(key))
      .filter((newest) => Number(newest['revision']) > Number(revision))
      .filter((newest) => !tables.deliveries.has(toKey(domain, newest['eventId'], cycle, product)))
      .map((newest) => ({ ...newest, cycle, builtFrom: null, builtWithout: null }))
  })

const listUnopened = ({ status }: Tables, [products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) => {
    const key = (keys as string[])[at]
    return status.has(`${product}/${key}`) ? [] : [{ product, key, at: '2026-01-01T00:00:00Z' }]
  })

/** Last, because it names them all. */
const STATEMENTS: [start: string, answer: (tables: Tables, params: unknown[]) => Row[]][] = [
  ['insert into data_product_status as old', upsertStatus],
  ['update data_product_status set attempts', mergeAttempts],
  ['update data_product_status set revision', markPublished],
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
]
