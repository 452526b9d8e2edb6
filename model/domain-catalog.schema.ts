// The catalog object of a domain as it lies in the bucket, parsed at the edge: bridges and schedulers boot from it.
// Keys that this build does not know are left out: a newer apply may have written them.
import { z } from 'zod'
import { parseEvery } from './calendar/cadence.ts'
import type { CalendarDefinition } from './calendar/calendars.ts'
import type { DomainCatalog } from './calendar/routing.ts'
import {
  CATCH_UPS,
  CUTOFF_ACTIONS,
  type DependencyDefinition,
  type Every,
  type ExternalDefinition,
  IF_NONE,
  ON_REVISION,
  type MatchRule,
  type RetryDefinition,
  SHIFTS,
  type UpstreamDefinition,
  type WallTime,
} from './definition.ts'
import { type Domain, type ProductId, parseDomain, parseProductId } from './ids.ts'

/** A text that `isRight`, taken as a narrower type. */
const textAs = <T extends string>(isRight: (text: string) => boolean, message: string) =>
  z.custom<T>((value) => typeof value === 'string' && isRight(value), message)

const domain = textAs<Domain>((text) => parseDomain(text) !== undefined, 'no domain')
const product = textAs<ProductId>((text) => parseProductId(text) !== undefined, 'no product id')
/** Words of a newer Sluice are refused here, not when a cycle is due. */
const every = textAs<Every>((text) => parseEvery(text) === text, 'not known to this version of Sluice')
const owner = z.object({ team: z.string(), email: z.string() })

const wallTime: z.ZodType<WallTime> = z.discriminatedUnion('unit', [
  z.object({ unit: z.enum(['day', 'business-day']), time: z.string(), days: z.int() }),
  z.object({ unit: z.literal('minute'), minutes: z.int() }),
])

const schedule = z.object({
  every,
  calendar: z.string(),
  timezone: z.string(),
  onNonBusinessDay: z.enum(SHIFTS).optional(),
})

const count = z.int().min(1)
const matchRule: z.ZodType<MatchRule> = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['business-days-before', 'calendar-days-before']), n: count }),
  z.object({ kind: z.enum(['every-of-period', 'last-of-period', 'covering', 'self-previous']) }),
  z.object({ kind: z.literal('latest-within'), days: count }),
])

const upstream: z.ZodType<UpstreamDefinition> = z.object({
  product,
  match: matchRule.optional(),
  ifNone: z.enum(IF_NONE).optional(),
  optionalAfter: wallTime.optional(),
  onRevision: z.enum(ON_REVISION).optional(),
  acceptPartial: z.literal(false).optional(),
})

const dependency: z.ZodType<DependencyDefinition> = z.lazy(() =>
  z.union([upstream, z.object({ atLeast: count, of: z.array(dependency), optionalAfter: wallTime.optional() })]),
)

const retryRule = z.object({
  attempts: z.int().optional(),
  afterMs: z.int().optional(),
  atMostMs: z.int().optional(),
})
const retry: z.ZodType<RetryDefinition> = z.object({
  infrastructure: retryRule.optional(),
  throttled: retryRule.optional(),
  jobFailed: retryRule.optional(),
  timeout: retryRule.optional(),
})

const definition = schedule.extend({
  product,
  description: z.string(),
  owner,
  visibility: z.enum(['domain', 'mesh']),
  catchUp: z.enum(CATCH_UPS).optional(),
  notBefore: wallTime.nullable(),
  availableBy: wallTime.nullable(),
  cutoff: z.object({ at: wallTime, then: z.enum(CUTOFF_ACTIONS) }).nullable(),
  dependsOn: z.array(dependency),
  run: z.object({
    glue: z.string(),
    arguments: z.record(z.string(), z.string()),
    timeoutMinutes: z.int(),
    attempts: z.int(),
    retryAfterMs: z.int(),
    retry: retry.optional(),
  }),
  settleMs: z.int().optional(),
  publish: z.object({ location: z.string() }).nullable(),
})

const version = z.object({
  version: z.int(),
  appliedAt: z.iso.datetime(),
  firstAppliedAt: z.iso.datetime(),
  definition,
})

const texts = z.record(z.string(), z.string())
const calendar: z.ZodType<CalendarDefinition> = z.object({
  calendar: z.string(),
  description: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  weeks: z.array(z.object({ from: z.iso.date(), open: z.array(z.int().min(1).max(7)) })).min(1),
  closed: texts,
  opened: texts,
  earlyClose: z.record(z.string(), z.object({ at: z.string(), rule: z.string() })),
})

const external: z.ZodType<ExternalDefinition> = schedule.extend({
  product,
  description: z.string(),
  mappings: z.array(
    z.object({
      source: z.string(),
      detailType: z.string(),
      account: z.string().optional(),
      where: texts,
      cycle: z.string(),
      revision: z.string().optional(),
      location: z.string().optional(),
    }),
  ),
})

const held = z.object({
  actor: z.string(),
  reason: z.string(),
  sinceMs: z.int(),
  of: z.literal('product'),
})

const domainCatalog: z.ZodType<DomainCatalog> = z.object({
  revision: z.int(),
  domain: z.object({
    domain,
    account: z.string(),
    owner,
    calendar: z.string(),
    timezone: z.string(),
    location: z.string().nullable(),
  }),
  products: z.array(version),
  earlier: z.array(version),
  accounts: texts,
  known: z.array(product),
  calendars: z.array(calendar),
  schedules: z.record(z.string(), schedule.extend({ firstDate: z.iso.date().optional() })),
  externals: z.array(external),
  holds: z.record(z.string(), held).optional(),
})

export type ParsedCatalog = { kind: 'valid'; catalog: DomainCatalog } | { kind: 'invalid'; faults: string[] }

/** The text of the object, typed, or everything that is wrong with it. */
export function parseDomainCatalog(text: string): ParsedCatalog {
  const result = domainCatalog.safeParse(parseJson(text))
  if (result.success) return { kind: 'valid', catalog: result.data }
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the object'}: ${message}`)
  return { kind: 'invalid', faults }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
