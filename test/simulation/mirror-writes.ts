// How the statements that write the mirror change its tables, under the same guards: unique keys, (run number, version) never
// backwards, history only added. In: tables, the parameters. Out: the rows written.
// Never: a row touched twice in one statement.
import { isNewer, type Row, rowsOf, type Tables, toKey } from './tables.ts'

export function upsertStatus({ status }: Tables, params: unknown[]): Row[] {
  const [cycle, domain, product, key, visibility, , , , state, step, reason, stateSince] = params
  const [lastAttempt, , revision, runNumber, version] = params.slice(18)
  const old = status.get(String(cycle))
  if (!isNewer(old, Number(runNumber), Number(version))) return [{ ...old, isNewest: false }]
  const row = {
    ...{ publishedRevision: 0, eventId: null, publishedAt: null, attempts: rowsOf(params[17]), ...old },
    ...{ cycle, domain, product, key, visibility, definitionVersion: params[5] },
    ...{ state, step, reason, stateSince, lastAttempt, runNumber, version, held: JSON.parse(String(params[27])) },
    revision: Math.max(Number(old?.['revision'] ?? 0), Number(revision)),
  }
  status.set(String(cycle), row)
  const since = Number(params[26])
  return [{ isNewest: true, lacksEarlier: since > 0 && isNewer(old, Number(runNumber), since) }]
}

export function mergeAttempts({ status }: Tables, [cycle, attempts]: unknown[]): Row[] {
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

export function markPublished({ status }: Tables, params: unknown[]): Row[] {
  const [cycle, revision, eventId, location, correlationId, occurredAt, publishedAt, , , cascade] = params
  const row = status.get(String(cycle))
  if (!row || Number(row['publishedRevision']) >= Number(revision)) return []
  Object.assign(row, { eventId, location, correlationId, occurredAt, publishedRevision: revision })
  Object.assign(row, { cascade: JSON.parse(String(cascade)), publishedAt })
  row['revision'] = Math.max(Number(row['revision']), Number(revision))
  return [row]
}

/** `on conflict do nothing`. */
function insertOnce(table: Map<string, Row>, key: string, row: Row): Row[] {
  if (table.has(key)) return []
  table.set(key, row)
  return [row]
}

export const insertTransitions = ({ history }: Tables, [cycle, runNumber, , , , moves]: unknown[]): Row[] =>
  rowsOf(moves).flatMap((move) =>
    insertOnce(history, toKey(cycle, runNumber, move['version']), { cycle, runNumber, ...move }),
  )

export const upsertDependencies = (
  { dependencies }: Tables,
  [cycle, domain, runNumber, version, rows]: unknown[],
): Row[] =>
  rowsOf(rows).flatMap((row) => {
    const key = toKey(cycle, row['upstream_product'], row['upstream_key'])
    if (!isNewer(dependencies.get(key), Number(runNumber), Number(version))) return []
    dependencies.set(key, { cycle, domain, runNumber, version, ...row })
    return [row]
  })

export const insertDependencyHistory = ({ dependencyHistory }: Tables, [cycle, , , rows]: unknown[]): Row[] =>
  rowsOf(rows).flatMap((row) =>
    insertOnce(dependencyHistory, toKey(cycle, row['upstream_product'], row['upstream_key'], row['event_id']), row),
  )

export const upsertRouted = ({ ledger }: Tables, [domain, rows]: unknown[]): Row[] =>
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

/** An upgraded run judges anew what it had no use for. */
function isLessUnused(row: Row, old: Row): boolean {
  const unused = ({ outcome }: Row): number => ['late', 'partial'].indexOf(String(outcome))
  return unused(old) >= 0 && (unused(row) < 0 || unused(row) > unused(old))
}

export const upsertDeliveries = ({ deliveries }: Tables, [domain, cycle, runNumber, rows]: unknown[]): Row[] =>
  requireOnce(rowsOf(rows), 'event_id').map((row) => {
    const key = toKey(domain, row['event_id'], cycle, row['upstream_product'])
    const old = deliveries.get(key)
    const isFirst = !old || old['outcome'] === 'early' || Number(runNumber) < Number(old['runNumber'] ?? Number.NaN)
    const isBack = row['outcome'] === 'withdrawn'
    const isAnew = old !== undefined && old['runNumber'] === runNumber && isLessUnused(row, old)
    const next = isFirst || isBack || isAnew ? { ...row, cycle, domain, runNumber } : old
    deliveries.set(key, next)
    return next
  })

export const insertActions = ({ actions }: Tables, [domain, rows]: unknown[]): Row[] =>
  rowsOf(rows).flatMap((row) => insertOnce(actions, toKey(domain, row['request_id']), row))

const toNow = (): string => new Date(Date.now()).toISOString()

const RANK = ['routed', 'unmatched', 'refused']

export function upsertUntaken({ ledger, deliveries }: Tables, [domain, events, untaken]: unknown[]): Row[] {
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
