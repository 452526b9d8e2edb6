// A mesh and its facts as tests of the simulation write them. In: definitions and lines. Out: what was simulated.
import type { ProductSchedule } from '../calendar/cycles.ts'
import type { DomainCatalog } from '../calendar/routing.ts'
import { startOfDayMs } from '../calendar/wall-time.ts'
import type { GlueEndState } from '../cycle/attempt.ts'
import type { ExternalDefinition, ProductDefinition } from '../definition.ts'
import { domainOf, toCycleId, toEventId } from '../ids.ts'
import { catalogOf, HOUR_MS, toKey, toProduct, versionOf } from '../samples.test-data.ts'
import type { TimedFact } from './facts.ts'
import { type CycleRow, toCycleRow } from './report.ts'
import { type Simulated, simulate } from './simulate.ts'
import type { Moment } from './world.ts'

/** A fact without its place in the file. */
export type Said =
  | Omit<Extract<TimedFact, { kind: 'event' }>, 'line'>
  | Omit<Extract<TimedFact, { kind: 'run' }>, 'line'>

/** `at`: UTC, without the Z. */
export function comes(at: string, product: string, key: string, revision = 1, id?: string): Said {
  const eventId = id ?? toEventId(toCycleId(toProduct(product), toKey(key)), revision)
  const atMs = Date.parse(`${at}Z`)
  const occurredAt = new Date(atMs).toISOString()
  const named = { eventId, product: toProduct(product), key: toKey(key), revision }
  return { kind: 'event', atMs, arrival: { ...named, location: null, correlationId: eventId, occurredAt } }
}

export const ends = (at: string, product: string, key: string, result: GlueEndState): Said => ({
  kind: 'run',
  atMs: Date.parse(`${at}Z`),
  product: toProduct(product),
  key: toKey(key),
  result,
})

export interface Play {
  products: ProductDefinition[]
  said?: Said[]
  from?: string
  to?: string
  durationMs?: number
  errorWaitMs?: number
  /** Of upstreams that have no definition here. */
  schedules?: Record<string, ProductSchedule>
  externals?: ExternalDefinition[]
  watch?: (moment: Moment) => void
}

/** What was simulated, and the row of each cycle. */
export interface Played extends Simulated {
  rows: CycleRow[]
}

export function play({ said = [], from = '2026-11-20', to = '2026-11-24', durationMs = 0, ...rest }: Play): Played {
  const settings = { checkGlueMs: 900_000, errorWaitMs: rest.errorWaitMs ?? 72 * HOUR_MS, recordRetryMs: 120_000 }
  const simulated = simulate({
    catalogs: toCatalogs(rest, from),
    facts: said.map((fact, index): TimedFact => ({ ...fact, line: index + 1 })),
    endMs: Date.parse(`${to}T00:00:00Z`) + 24 * HOUR_MS,
    ...{ durationMs, settings },
    ...(rest.watch && { watch: rest.watch }),
  })
  return { ...simulated, rows: simulated.cycles.map(toCycleRow) }
}

export function toCatalogs(
  { products, schedules = {}, externals = [] }: Pick<Play, 'products' | 'schedules' | 'externals'>,
  from: string,
): DomainCatalog[] {
  const firsts = products.map((definition) => [definition.product, { ...definition, firstDate: from }])
  const own = Object.fromEntries([...firsts, ...externals.map((definition) => [definition.product, definition])])
  return [...Map.groupBy(products, ({ product }) => domainOf(product))].map(([domain, ofDomain]) => ({
    ...catalogOf(
      ofDomain.map((definition) => {
        const at = new Date(startOfDayMs(from, definition.timezone)).toISOString()
        return { ...versionOf(definition), appliedAt: at, firstAppliedAt: at }
      }),
    ),
    schedules: { ...schedules, ...own },
    externals: externals.filter(({ product }) => domainOf(product) === domain),
  }))
}

/** `undefined` when it was never opened. */
export const rowOf = ({ rows }: Played, product: string, key: string): CycleRow | undefined =>
  rows.find((row) => row.product === product && row.cycle === key)

/** `COMPLETED 2026-11-20T22:05`: state and start, or why it did not. */
export function briefly(simulated: Played, product: string, key: string): string {
  const row = rowOf(simulated, product, key)
  if (!row) return 'not opened'
  return `${row.state}${row.startedAt ? ` ${row.startedAt.slice(0, 16)}` : ''}`
}

/** `d1/ds1/2026-11-20 satisfied`, line by line. */
export const outcomesOf = ({ events }: Played): string[][] =>
  events.map(({ outcomes }) => outcomes.map(({ consumer, cycle, outcome }) => `${consumer}/${cycle} ${outcome}`))
