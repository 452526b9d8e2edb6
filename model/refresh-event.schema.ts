// The EventBridge envelope and our two events as they arrive: unknown fields are ignored, known ones must be right. A
// field that an event may do without may also be null: many writers of JSON leave out nothing.
import { z } from 'zod'
import { isLocation, MAX_EVENT_ID, MAX_LOCATION, MAX_REVISION, toInstant } from './event-values.ts'
import { parseCycleKey, parseProductId, SUCH_KEYS } from './ids.ts'
import { CYCLE_STATES, STEPS } from './states.ts'

export const envelopeSchema = z.object({
  id: z.string().min(1).max(200),
  'detail-type': z.string().max(200),
  source: z.string().max(256),
  account: z.string().regex(/^\d{12}$/),
  time: z.string().max(40),
  detail: z.record(z.string(), z.unknown()),
})

export type Envelope = z.infer<typeof envelopeSchema>

const cycleKey = z
  .string()
  .transform((text, context) => parseCycleKey(text) ?? fail(context, `is no cycle key, such as ${SUCH_KEYS}`))

/** Kept in its normal form: of offsets and years PostgreSQL takes fewer than ISO 8601 has. */
const instant = z.iso
  .datetime({ offset: true })
  .transform((text, context) => toInstant(text) ?? fail(context, 'is no instant of the years 1 to 9999'))

const location = z
  .string()
  .refine(isLocation, `is no s3:// location of at most ${MAX_LOCATION} characters without spaces or control characters`)

const revision = z.number().int().min(1).max(MAX_REVISION)

const productId = z
  .string()
  .transform((text, context) => parseProductId(text) ?? fail(context, 'is no product id, such as d1/ds1'))

/** More than a cycle of Sluice can have. */
const MOST_INPUTS = 1_000

const metadata = z.object({
  id: z.string().min(1).max(MAX_EVENT_ID),
  schemaVersion: z.string().regex(/^\d+\.\d+$/),
  occurredAt: instant,
  correlationId: z.string().max(300).nullish(),
})

const productOf = z.object({ domain: z.string(), product: z.string(), cycle: cycleKey })

export const refreshedSchema = z.object({
  metadata,
  data: productOf
    .extend({
      revision,
      dataset: z.object({ location: location.nullish() }).nullish(),
      builtFrom: z
        .array(z.object({ product: productId, cycle: cycleKey, revision }))
        .max(MOST_INPUTS)
        .nullish(),
      builtWithout: z.array(productId).max(MOST_INPUTS).nullish(),
      cascade: z.union([z.literal('all'), z.array(productId).min(1).max(MOST_INPUTS)]).nullish(),
    })
    .transform((data, context) => withProduct(data, context)),
})

export const notRefreshedSchema = z.object({
  metadata,
  data: productOf
    .extend({
      ...{ state: z.enum(CYCLE_STATES), step: z.enum(STEPS).nullish(), reason: z.string().max(4_000).nullish() },
      // Not null: whether a notice that was kept is a withdrawal is asked of the message itself (mirror/recall.ts).
      withdraws: revision.optional(),
    })
    .transform((data, context) => withProduct(data, context)),
})

export const glueEndSchema = z.object({
  jobName: z.string().min(1).max(255),
  jobRunId: z.string().min(1).max(255),
  state: z.string().max(40),
  message: z.string().optional(),
})

function withProduct<T extends { domain: string; product: string }>(data: T, context: z.RefinementCtx) {
  const product =
    parseProductId(`${data.domain}/${data.product}`) ?? fail(context, `${data.domain}/${data.product} is no product id`)
  return { ...data, product }
}

function fail(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
