// In: the body of one SQS message. Out: what it says, typed; or why it cannot be read.
// Never: throws; believes who sent it (authorise.ts does that); lets through what PostgreSQL or a prototype chokes on, or
// an event under the id of another: the cycles would take the true one for a duplicate.
import type { z } from 'zod'
import type { ForeignEvent } from '../model/calendar/external.ts'
import type { Blocker } from '../model/cycle/cycle.ts'
import {
  type CycleKey,
  isNotRefreshedId,
  type ProductId,
  toCycleId,
  toEventId,
  toNotRefreshedPrefix,
  toWithdrawalId,
} from '../model/ids.ts'
import {
  type Envelope,
  envelopeSchema,
  glueEndSchema,
  notRefreshedSchema,
  refreshedSchema,
} from '../model/refresh-event.schema.ts'
import { type Arrival, NOT_REFRESHED, REFRESHED } from '../model/refresh-event.ts'

/** Who sent it, as EventBridge sets it: the sender chooses `source`, never `account`. */
export interface Sender {
  source: string
  account: string
}

export type Parsed =
  | { kind: 'refreshed'; eventId: string; sender: Sender; arrival: Arrival }
  | { kind: 'not-refreshed'; eventId: string; sender: Sender; blocker: Blocker }
  | {
      kind: 'glue-end'
      eventId: string
      sender: Sender
      jobName: string
      runId: string
      state: string
      event: ForeignEvent
    }
  /** Of no type of ours: an external of the domain may mean it. */
  | { kind: 'foreign'; eventId: string; sender: Sender; event: ForeignEvent }
  | Refused

export interface Refused {
  kind: 'refused'
  /** A word for filters and alarms. */
  code: RefusalCode
  reason: string
  /** The id it gives itself, where that could be read; nobody has checked it unless `settle.ts` believes the code. */
  eventId: string | null
  /** Where it could be read. */
  sender?: Sender
  product?: ProductId
  key?: CycleKey
}

export type RefusalCode =
  | 'oversized'
  | 'not-json'
  | 'hazardous'
  | 'not-an-event'
  | 'unknown-type'
  | 'unknown-schema'
  | 'invalid-event'
  | 'wrong-source'
  | 'unknown-product'
  | 'too-large-for-temporal'

/** EventBridge carries more since 2026, but a refresh event is a notice: what is larger is no refresh event. */
const MAX_BYTES = 256 * 1_024
const MAX_DEPTH = 32
const GLUE_STATE_CHANGE = 'Glue Job State Change'
const SCHEMA_MAJOR = '1'

export function parseMessage(body: string): Parsed {
  const bytes = Buffer.byteLength(body)
  if (bytes > MAX_BYTES) return refuse('oversized', `the message has ${bytes} bytes; at most ${MAX_BYTES} are read`)
  const json = parseJson(body)
  if (!json.ok) return refuse('not-json', `the message is no JSON: ${json.problem}`)
  const hazard = findHazard(json.value, 0)
  if (hazard) return refuse('hazardous', hazard)
  const envelope = envelopeSchema.safeParse(json.value)
  if (!envelope.success)
    return refuse('not-an-event', `the message is no EventBridge event: ${toSentence(envelope.error)}`)
  const sender = { source: envelope.data.source, account: envelope.data.account }
  const parsed = parseEvent(envelope.data, sender)
  return parsed.kind === 'refused' ? { ...parsed, sender } : parsed
}

function parseEvent(envelope: Envelope, sender: Sender): Parsed {
  switch (envelope['detail-type']) {
    case REFRESHED:
      return parseRefreshed(envelope, sender)
    case NOT_REFRESHED:
      return parseNotRefreshed(envelope, sender)
    case GLUE_STATE_CHANGE:
      return parseGlueEnd(envelope, sender)
    default:
      return { kind: 'foreign', eventId: ownId(envelope) ?? envelope.id, sender, event: toForeign(envelope) }
  }
}

const toForeign = (envelope: Envelope): ForeignEvent => {
  const { 'detail-type': detailType, source, account, time, id, detail } = envelope
  return { detailType, source, account, time, id, detail }
}

/** Of a foreign event that no external means. */
export const refuseType = ({ eventId, sender, event }: Extract<Parsed, { kind: 'foreign' | 'glue-end' }>): Refused => ({
  ...refuse('unknown-type', `detail-type "${event.detailType}" is none that a domain's queue is for`, eventId),
  sender,
})

function parseRefreshed(envelope: Envelope, sender: Sender): Parsed {
  const problem = unknownSchema(envelope)
  if (problem) return problem
  const parsed = refreshedSchema.safeParse(envelope.detail)
  if (!parsed.success) return invalid(envelope, parsed.error)
  const { metadata, data } = parsed.data
  const expectedId = toEventId(toCycleId(data.product, data.cycle), data.revision)
  if (metadata.id !== expectedId) return wrongId(envelope, metadata.id, `"${expectedId}"`)
  const arrival: Arrival = {
    eventId: metadata.id,
    product: data.product,
    key: data.cycle,
    revision: data.revision,
    location: data.dataset?.location ?? null,
    correlationId: metadata.correlationId ?? metadata.id,
    occurredAt: metadata.occurredAt,
    ...(data.builtFrom?.length && { builtFrom: data.builtFrom }),
    ...(data.builtWithout?.length && { builtWithout: data.builtWithout }),
    ...(data.cascade && { cascade: data.cascade }),
  }
  return { kind: 'refreshed', eventId: metadata.id, sender, arrival }
}

function parseNotRefreshed(envelope: Envelope, sender: Sender): Parsed {
  const problem = unknownSchema(envelope)
  if (problem) return problem
  const parsed = notRefreshedSchema.safeParse(envelope.detail)
  if (!parsed.success) return invalid(envelope, parsed.error)
  const { metadata, data } = parsed.data
  const cycle = toCycleId(data.product, data.cycle)
  const { withdraws } = data
  if (withdraws === undefined && !isNotRefreshedId(cycle, metadata.id))
    return wrongId(envelope, metadata.id, `one that begins with "${toNotRefreshedPrefix(cycle)}", and no withdrawal's`)
  if (withdraws !== undefined && metadata.id !== toWithdrawalId(cycle, withdraws))
    return wrongId(envelope, metadata.id, `"${toWithdrawalId(cycle, withdraws)}"`)
  const blocker: Blocker = {
    eventId: metadata.id,
    product: data.product,
    key: data.cycle,
    state: data.state,
    step: data.step ?? null,
    reason: data.reason ?? '',
    occurredAt: metadata.occurredAt,
    ...(withdraws !== undefined && { withdraws }),
  }
  return { kind: 'not-refreshed', eventId: metadata.id, sender, blocker }
}

function parseGlueEnd(envelope: Envelope, sender: Sender): Parsed {
  const parsed = glueEndSchema.safeParse(envelope.detail)
  if (!parsed.success) return invalid(envelope, parsed.error)
  const { jobName, jobRunId, state } = parsed.data
  return { kind: 'glue-end', eventId: envelope.id, sender, jobName, runId: jobRunId, state, event: toForeign(envelope) }
}

/** A new major runs in parallel until its consumers are there; this one does not read it. */
function unknownSchema(envelope: Envelope): Refused | undefined {
  const version = (envelope.detail.metadata as { schemaVersion?: unknown } | undefined)?.schemaVersion
  if (typeof version !== 'string' || version.split('.')[0] === SCHEMA_MAJOR) return undefined
  return refuse(
    'unknown-schema',
    `schemaVersion ${version} has another major than ${SCHEMA_MAJOR}, which is all this version reads`,
    ownId(envelope),
  )
}

const invalid = (envelope: Envelope, error: z.ZodError): Refused =>
  refuse('invalid-event', `the ${envelope['detail-type']} event is wrong: ${toSentence(error)}`, ownId(envelope))

/** Ids follow from product, cycle and revision, so that no product's event can stand for another's. */
const wrongId = (envelope: Envelope, found: string, expected: string): Refused =>
  refuse(
    'invalid-event',
    `the ${envelope['detail-type']} event is wrong: metadata.id: is "${found}"; expected ${expected}`,
    found,
  )

export const refuse = (code: RefusalCode, reason: string, eventId: string | null = null): Refused => ({
  kind: 'refused',
  code,
  reason,
  eventId,
})

function ownId(envelope: Envelope): string | null {
  const id = (envelope.detail.metadata as { id?: unknown } | undefined)?.id
  return typeof id === 'string' && id.length > 0 && id.length <= 300 ? id : null
}

const toSentence = (error: z.ZodError): string =>
  error.issues
    .map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
    .join('; ')
    .slice(0, 1_000)

function parseJson(body: string): { ok: true; value: unknown } | { ok: false; problem: string } {
  try {
    return { ok: true, value: JSON.parse(body) }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message.slice(0, 200) : String(error) }
  }
}

/** NUL cannot be stored, `__proto__` is never meant well, and depth costs stack: none belongs in a refresh event. */
function findHazard(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.includes('\u0000') ? 'a text holds a NUL character' : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels`
  if (Object.hasOwn(value, '__proto__')) return 'it has a key "__proto__"'
  for (const [key, inner] of Object.entries(value)) {
    const hazard = findHazard(key, depth) ?? findHazard(inner, depth + 1)
    if (hazard) return hazard
  }
  return undefined
}
