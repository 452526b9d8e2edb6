// The catalog object of a domain as it lies in the bucket, parsed at the edge: bridges and schedulers boot from it.
// Keys that this build does not know are left out: a newer apply may have written them.
import { z } from 'zod'
import type { DomainCatalog } from './calendar/routing.ts'
import { CUTOFF_ACTIONS, GRANULARITIES } from './definition.ts'
import { type Domain, type ProductId, parseDomain, parseProductId } from './ids.ts'

const domain = z.custom<Domain>((value) => typeof value === 'string' && parseDomain(value) !== undefined, 'no domain')
const product = z.custom<ProductId>(
  (value) => typeof value === 'string' && parseProductId(value) !== undefined,
  'no product id',
)
const owner = z.object({ team: z.string(), email: z.string() })
const wallTime = z.object({ time: z.string(), days: z.int(), unit: z.enum(['day', 'business-day']) })

const definition = z.object({
  product,
  description: z.string(),
  owner,
  visibility: z.enum(['domain', 'mesh']),
  calendar: z.string(),
  timezone: z.string(),
  every: z.enum(GRANULARITIES),
  notBefore: wallTime.nullable(),
  availableBy: wallTime.nullable(),
  cutoff: z.object({ at: wallTime, then: z.enum(CUTOFF_ACTIONS) }).nullable(),
  dependsOn: z.array(z.object({ product })),
  run: z.object({
    glue: z.string(),
    arguments: z.record(z.string(), z.string()),
    timeoutMinutes: z.int(),
    attempts: z.int(),
    retryAfterMs: z.int(),
  }),
  publish: z.object({ location: z.string() }).nullable(),
})

const version = z.object({
  version: z.int(),
  appliedAt: z.iso.datetime(),
  firstAppliedAt: z.iso.datetime(),
  definition,
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
  accounts: z.record(z.string(), z.string()),
  known: z.array(product),
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
