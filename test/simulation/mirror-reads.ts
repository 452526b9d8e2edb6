// What the statements that read the mirror find in its tables. In: tables, the parameters. Out: rows, named as the mirror names
// them. Never: an input that a newer definition dropped.
import type { Held } from '../../model/cycle/cycle.ts'
import { type Row, type Tables, toKey } from './tables.ts'

export function readInput(tables: Tables, [domain, cycle, eventId, product, key, newer]: unknown[]): Row[] {
  const delivery = tables.deliveries.get(toKey(domain, eventId, cycle, product))
  const counted = delivery?.['outcome'] === 'early' ? undefined : delivery
  const input = tables.dependencies.get(toKey(cycle, product, key))
  const dependency = input && isInput(tables, input) ? input : undefined
  if (!tables.status.has(String(cycle)) && !counted) return []
  const { state = null, revision = null } = dependency ?? {}
  const isTakenBack = withdrawnOf(tables.ledger, String(domain), String(product), String(key)) >= Number(newer)
  return [{ outcome: counted?.['outcome'] ?? null, state, revision: revision ?? null, isTakenBack }]
}

export const readStatus = ({ status }: Tables, [cycle]: unknown[]): Row[] => [status.get(String(cycle)) ?? []].flat()

export const listDependencies = (tables: Tables, [cycle]: unknown[]): Row[] =>
  [...tables.dependencies.values()]
    .filter((row) => row['cycle'] === cycle && isInput(tables, row))
    .toSorted((one, other) => Number(one['position']) - Number(other['position']))
    .map(
      ({ upstream_product, upstream_key, event_id, correlation_id, occurred_at, arrived_at, waived_by, ...row }) => ({
        ...{ product: upstream_product, key: upstream_key, state: row['state'], eventId: event_id ?? null },
        ...{ revision: row['revision'] ?? null, location: row['location'] ?? null, why: row['why'] ?? null },
        ...{ correlationId: correlation_id ?? null, occurredAt: occurred_at ?? null, arrivedAt: arrived_at ?? null },
        ...{ blocker: row['blocker'] ?? null, position: row['position'] ?? null, waivedBy: waived_by ?? null },
      }),
    )

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

export const recallNotices = (tables: Tables, [domain, products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) =>
    recallWithdrawn(tables, String(domain), product, (keys as string[])[at] ?? ''),
  )

export const listUnaware = (tables: Tables, [domain]: unknown[]): Row[] =>
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
    // The ledger keeps no cascade.
    .map(({ event_id, revision, location, correlation_id, occurred_at }) => ({
      ...{ eventId: event_id, revision, location, correlationId: correlation_id, occurredAt: occurred_at },
    }))
  const newest = [...own, ...heard].toSorted((one, other) => Number(other.revision) - Number(one.revision))[0] as Row
  if (!newest) return []
  const { eventId, revision, location = null, correlationId, occurredAt, cascade = null } = newest
  return [{ eventId, product, key, revision, location, correlationId, occurredAt, cascade }]
}

export const recall = (tables: Tables, [domain, products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) =>
    newestOf(tables, String(domain), product, (keys as string[])[at] ?? ''),
  )

/** Each flush writes all inputs: a row left behind is one that a newer definition dropped. */
export function isInput({ status }: Tables, { cycle, runNumber, version }: Row): boolean {
  const flushed = status.get(String(cycle))
  return flushed?.['runNumber'] === runNumber && flushed?.['version'] === version
}

const listInputs = (tables: Tables, domain: unknown, state = 'WAITING'): Row[] =>
  [...tables.dependencies.values()].filter((dependency) => {
    const status = tables.status.get(String(dependency['cycle']))
    const isWaiting = status?.['state'] === 'WAITING' || (status?.['state'] === 'ERROR' && status['step'] === 'wait')
    return status?.['domain'] === domain && isWaiting && dependency['state'] === state && isInput(tables, dependency)
  })

export const listWaiting = (tables: Tables, [domain, product, key]: unknown[]): Row[] =>
  listInputs(tables, domain).filter((row) => row['upstream_product'] === product && row['upstream_key'] === key)

export function listMissed(tables: Tables, [domain]: unknown[]): Row[] {
  const newest = ({ cycle, upstream_product, upstream_key }: Row): Row[] =>
    newestOf(tables, String(domain), String(upstream_product), String(upstream_key)).map((row) => ({ ...row, cycle }))
  const held = listInputs(tables, domain, 'ARRIVED').flatMap((input) =>
    newest(input).filter(
      ({ revision, eventId }) =>
        Number(revision) > Number(input['revision']) &&
        !tables.deliveries.has(toKey(domain, eventId, input['cycle'], input['upstream_product'])),
    ),
  )
  return [...listInputs(tables, domain).flatMap(newest), ...held]
}

export const listCorrected = (tables: Tables, [domain]: unknown[]): Row[] =>
  [...tables.dependencies.values()].flatMap((dependency) => {
    const { cycle, upstream_product: product, upstream_key: key, revision } = dependency
    const status = tables.status.get(String(cycle))
    const hasRun =
      ['PROCESSING', 'COMPLETED', 'ERROR'].includes(String(status?.['state'])) && status?.['step'] !== 'wait'
    if (status?.['domain'] !== domain || !hasRun || dependency['state'] !== 'ARRIVED') return []
    const { product: consumer, definitionVersion } = status as { product: string; definitionVersion: number }
    if (!isInput(tables, dependency) || !tables.wantsCorrections(consumer, definitionVersion, String(product)))
      return []
    return newestOf(tables, String(domain), String(product), String(key))
      .filter((newest) => Number(newest['revision']) > Number(revision))
      .filter((newest) => !tables.deliveries.has(toKey(domain, newest['eventId'], cycle, product)))
      .map((newest) => ({ ...newest, cycle, builtFrom: null, builtWithout: null }))
  })

export const listUnopened = ({ status }: Tables, [products, keys]: unknown[]): Row[] =>
  (products as string[]).flatMap((product, at) => {
    const key = (keys as string[])[at]
    return status.has(`${product}/${key}`) ? [] : [{ product, key, at: '2026-01-01T00:00:00Z' }]
  })

export const listHeldOtherwise = ({ status }: Tables, [domain, products]: unknown[]): Row[] =>
  [...status.values()].filter(({ state, product, held, ...row }) => {
    const isOpen = ['WAITING', 'PROCESSING', 'ERROR'].includes(String(state))
    const isProductHeld = (products as unknown[]).includes(product)
    const as = (held as Held | null)?.of
    const isKept = as === 'product' && !isProductHeld
    const isWrong = isOpen ? isKept || (as === undefined && isProductHeld) : state === 'COMPLETED' && isKept
    return row['domain'] === domain && isWrong
  })
