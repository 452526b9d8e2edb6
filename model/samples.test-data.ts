// Cycles, definitions and events as tests need them: small, valid, and everything can be changed.
// In: what a test cares about. Out: the rest filled in. Never: a clock or a random number; fast-check brings those.
import fc from 'fast-check'
import type { CalendarDefinition } from './calendar/calendars.ts'
import { toCalendars } from './calendar/calendars.ts'
import type { ProductSchedule, Timetable } from './calendar/cycles.ts'
import { upstreamsIn } from './dependencies.ts'
import type { DomainCatalog } from './calendar/routing.ts'
import type { GlueEndState, GlueRunEnd } from './cycle/attempt.ts'
import { type Cycle, type CycleInput, openRun } from './cycle/cycle.ts'
import { applyFact, type Fact } from './cycle/facts.ts'
import type { DefinitionVersion, ProductDefinition } from './definition.ts'
import { type CycleKey, type Domain, domainOf, type ProductId, toCycleId, toEventId } from './ids.ts'
import type { Arrival } from './refresh-event.ts'

export const NOON_MS = Date.parse('2026-11-20T12:00:00Z')
export const HOUR_MS = 3_600_000
/** A Friday. */
export const KEY = '2026-11-20' as CycleKey

export const toProduct = (text: string): ProductId => text as ProductId
export const toKey = (text: string): CycleKey => text as CycleKey

/** Open from Monday to Friday but on the dates given. */
export const calendarOf = (calendar: string, closed: Record<string, string> = {}): CalendarDefinition => ({
  calendar,
  description: '',
  from: '1900-01-01',
  to: '2199-12-31',
  weeks: [{ from: '1900-01-01', open: [1, 2, 3, 4, 5] }],
  closed,
  opened: {},
  earlyClose: {},
})

/** Like the exchange and the bond market around Thanksgiving 2026: on Veterans Day only equities trade. */
export const CALENDARS = [
  calendarOf('weekdays'),
  calendarOf('equities', { '2026-11-26': 'Thanksgiving Day', '2026-12-25': 'Christmas Day' }),
  calendarOf('bonds', {
    '2026-11-11': 'Veterans Day',
    '2026-11-26': 'Thanksgiving Day',
    '2026-12-25': 'Christmas Day',
  }),
]

/** What is known of the products named; of others nothing. */
export const timetableOf = (
  schedules: Record<string, Partial<ProductSchedule>> = {},
  calendars: CalendarDefinition[] = CALENDARS,
): Timetable => ({
  calendars: toCalendars(calendars),
  scheduleOf: (product) => {
    const found = schedules[product]
    return found && { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York', ...found }
  },
})

export const definitionOf = (
  product: string,
  dependsOn: string[] = [],
  change: Partial<ProductDefinition> = {},
): ProductDefinition => ({
  product: toProduct(product),
  description: 'Drawdown of the index on heavy-volume days',
  owner: { team: 'wealth-data', email: 'wealth-data@example.com' },
  visibility: 'mesh',
  calendar: 'weekdays',
  timezone: 'America/New_York',
  every: 'business-day',
  notBefore: null,
  availableBy: null,
  cutoff: null,
  dependsOn: dependsOn.map((upstream) => ({ product: toProduct(upstream) })),
  run: { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts: 1, retryAfterMs: 300_000 },
  publish: { location: 's3://example-d1-products/ds3/' },
  ...change,
})

export const versionOf = (definition: ProductDefinition, version = 1): DefinitionVersion => ({
  version,
  appliedAt: '2026-11-01T00:00:00Z',
  firstAppliedAt: '2026-11-01T00:00:00Z',
  definition,
})

/** Of the domain of the first product; it knows every product that is named in it. */
export const catalogOf = (products: DefinitionVersion[], earlier: DefinitionVersion[] = []): DomainCatalog => {
  const all = [...products, ...earlier].map(({ definition }) => definition)
  const domain = all[0] ? domainOf(all[0].product) : ('d1' as Domain)
  return {
    revision: 1,
    domain: {
      domain,
      account: '222222222222',
      owner: { team: 'wealth-data', email: 'wealth-data@example.com' },
      calendar: 'weekdays',
      timezone: 'America/New_York',
      location: null,
    },
    products,
    earlier,
    accounts: { [domain]: '222222222222', raw: '111111111111' },
    known: [
      ...new Set(
        all.flatMap(({ product, dependsOn }) => [product, ...upstreamsIn(dependsOn).map((edge) => edge.product)]),
      ),
    ],
    calendars: CALENDARS,
    schedules: {},
    externals: [],
  }
}

export const inputOf = (definition: ProductDefinition, change: Partial<CycleInput> = {}): CycleInput => ({
  product: definition.product,
  key: KEY,
  definition,
  definitionVersion: 7,
  openedBy: 'arrival',
  expected: upstreamsIn(definition.dependsOn).map(({ product }) => ({ product, key: KEY })),
  notBeforeMs: null,
  cutoffMs: null,
  availableByMs: null,
  settings: { checkGlueMs: 900_000, errorWaitMs: 72 * HOUR_MS, recordRetryMs: 120_000 },
  past: null,
  ...change,
})

/** `d1/ds3`, which waits for `d1/ds1` and `raw/rd2` if nothing else is said; opened at noon. */
export const cycleOf = (change: Partial<CycleInput> = {}, dependsOn = ['d1/ds1', 'raw/rd2']): Cycle =>
  openRun(inputOf(definitionOf('d1/ds3', dependsOn), change), NOON_MS)

export const arrivalOf = (product: string, change: Partial<Arrival> = {}): Arrival => {
  const { key = KEY, revision = 1 } = change
  return {
    eventId: toEventId(toCycleId(toProduct(product), key), revision),
    product: toProduct(product),
    key,
    revision,
    location: `s3://example/${product}/${key}/`,
    correlationId: `${product}/${key}`,
    occurredAt: '2026-11-20T11:00:00.000Z',
    ...change,
  }
}

export const endOf = (state: GlueEndState, runId = 'jr_1'): GlueRunEnd => ({
  runId,
  state,
  error: state === 'SUCCEEDED' ? null : 'no such table',
  executionSeconds: 60,
  noticedBy: 'event',
})

/** The cycle once it has begun with what it has, its first run has succeeded and revision 1 is published. */
export const publishedOf = (cycle: Cycle, nowMs = NOON_MS): Cycle => {
  const facts: Fact[] = [
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_1', adopted: false },
    { kind: 'run-ended', end: endOf('SUCCEEDED') },
    { kind: 'published', eventId: toEventId(cycle.id, 1), revision: 1 },
  ]
  return facts.reduce((before, fact) => applyFact(before, fact, nowMs), cycle)
}

export const aName = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
export const aProduct = fc.tuple(aName, aName).map(([domain, name]) => toProduct(`${domain}/${name}`))
