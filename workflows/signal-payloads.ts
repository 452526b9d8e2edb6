// In: what a signal brought: the bridge's, or what somebody typed into the Temporal UI. Out: the part that makes sense.
// Never: an error. Thrown in a handler, it would fail the workflow task again and again, and the cycle would stand still.
import { log } from '@temporalio/workflow'
import { HELD_STEPS, LIMITS } from '../model/cycle/attempt.ts'
import type { Blocker } from '../model/cycle/cycle.ts'
import type { HoldUp } from '../model/cycle/held-up.ts'
import { isLocation, MAX_EVENT_ID, MAX_REVISION, toInstant } from '../model/event-values.ts'
import type { ProductId } from '../model/ids.ts'
import type { Arrival, BuiltFrom } from '../model/refresh-event.ts'
import { CYCLE_STATES, STEPS } from '../model/states.ts'

const LONGEST_REASON = 2_000
/** As long as the bridge takes them, and as many. */
const [LONGEST_NOTICE, LONGEST_CORRELATION, MOST_LISTED] = [4_000, 300, 1_000]

export const toArrivals = (payload: unknown): Arrival[] => takeSound('arrivals', payload, toArrival)

export const toBlockers = (payload: unknown): Blocker[] => takeSound('blockers', payload, toBlocker)

export const toHoldUps = (payload: unknown): HoldUp[] => takeSound('held-up', payload, toHoldUp)

/** Trimmed; empty for everything that is no text. */
export const toText = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

function takeSound<Item>(signal: string, payload: unknown, parse: (item: unknown) => Item | undefined): Item[] {
  const list: unknown[] = Array.isArray(payload) ? payload : [payload]
  const sound = list.map(parse).filter((item) => item !== undefined)
  if (sound.length < list.length)
    log.warn('Parts of a signal make no sense and were passed over', { signal, count: list.length - sound.length })
  return sound
}

function toArrival(item: unknown): Arrival | undefined {
  const sound = withUpstream(item)
  if (!sound) return undefined
  const { revision, location, correlationId } = sound
  const isCounted = Number.isSafeInteger(revision) && Number(revision) > 0 && Number(revision) <= MAX_REVISION
  const isPlaced = location === null || (typeof location === 'string' && isLocation(location))
  if (!isCounted || !isPlaced || typeof correlationId !== 'string' || correlationId.length > LONGEST_CORRELATION)
    return undefined
  const { builtFrom, builtWithout, cascade, ...arrival } = sound
  return {
    ...(arrival as unknown as Arrival),
    ...(isBuiltFrom(builtFrom) && { builtFrom }),
    ...(isList(builtWithout, (product) => toText(product) !== '') && { builtWithout: builtWithout as ProductId[] }),
    ...(cascade === 'all' && { cascade }),
    ...(isList(cascade, (product) => toText(product) !== '') && { cascade: cascade as ProductId[] }),
  }
}

const isList = (value: unknown, isItem: (item: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.length > 0 && value.length <= MOST_LISTED && value.every(isItem)

const isBuiltFrom = (value: unknown): value is BuiltFrom[] =>
  isList(value, (item) => {
    const { product, cycle, revision } = (item ?? {}) as Partial<Record<keyof BuiltFrom, unknown>>
    return toText(product) !== '' && toText(cycle) !== '' && Number.isSafeInteger(revision)
  })

/** Its reason is cut: it goes into each flush, and into a notice that a queue must take. */
function toHoldUp(item: unknown): HoldUp | undefined {
  const { step, reason, isRefusal, ...said } = (item ?? {}) as Partial<Record<keyof HoldUp, unknown>>
  const held = HELD_STEPS.find((known) => known === step)
  if (!held || (reason !== null && !toText(reason))) return undefined
  const limit = LIMITS.find((known) => known === said.limit)
  const why = toText(reason).slice(0, LONGEST_REASON) || null
  return { step: held, reason: why, isRefusal: isRefusal === true, ...(limit ? { limit } : {}) }
}

function toBlocker(item: unknown): Blocker | undefined {
  const sound = withUpstream(item)
  if (!sound) return undefined
  const { state, step, reason } = sound
  const hasStep = step === null || STEPS.some((known) => known === step)
  const isNotice = CYCLE_STATES.some((known) => known === state) && hasStep && typeof reason === 'string'
  if (!isNotice) return undefined
  const { withdraws, ...blocker } = sound
  return {
    ...{ ...(blocker as unknown as Blocker), reason: reason.slice(0, LONGEST_NOTICE) },
    ...(Number.isSafeInteger(withdraws) && { withdraws: Number(withdraws) }),
  }
}

/** Its instant in normal form: the mirror takes no other text, and a run does not close before it is written. */
function withUpstream(item: unknown): Record<string, unknown> | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { eventId, product, key, occurredAt } = item as Record<string, unknown>
  const areTexts = [eventId, product, key].every((text) => toText(text) !== '')
  const isShort = [eventId, product, key].every((text) => toText(text).length <= MAX_EVENT_ID)
  const instant = toInstant(toText(occurredAt))
  return areTexts && isShort && instant ? { ...item, occurredAt: instant } : undefined
}
