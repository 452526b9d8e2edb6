// In: what a signal brought: the bridge's, or what somebody typed into the Temporal UI. Out: the part that makes sense.
// Never: an error. Thrown in a handler, it would fail the workflow task again and again, and the cycle would stand still.
import { log } from '@temporalio/workflow'
import type { Blocker } from '../model/cycle/cycle.ts'
import type { Arrival } from '../model/refresh-event.ts'
import { CYCLE_STATES, STEPS } from '../model/states.ts'

export const toArrivals = (payload: unknown): Arrival[] => takeSound('arrivals', payload, isArrival)

export const toBlockers = (payload: unknown): Blocker[] => takeSound('blockers', payload, isBlocker)

/** Trimmed; empty for everything that is no text. */
export const toText = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

function takeSound<Item>(signal: string, payload: unknown, isSound: (item: unknown) => item is Item): Item[] {
  const list: unknown[] = Array.isArray(payload) ? payload : [payload]
  const sound = list.filter(isSound)
  if (sound.length < list.length)
    log.warn('Parts of a signal make no sense and were passed over', { signal, count: list.length - sound.length })
  return sound
}

function isArrival(item: unknown): item is Arrival {
  if (!hasUpstream(item)) return false
  const { revision, location, correlationId } = item
  const isPlaced = location === null || typeof location === 'string'
  return Number.isSafeInteger(revision) && Number(revision) > 0 && isPlaced && typeof correlationId === 'string'
}

function isBlocker(item: unknown): item is Blocker {
  if (!hasUpstream(item)) return false
  const { state, step, reason } = item
  const hasStep = step === null || STEPS.some((known) => known === step)
  return CYCLE_STATES.some((known) => known === state) && hasStep && typeof reason === 'string'
}

/** Also its instant: the mirror takes no other text, and a run does not close before it is written. */
function hasUpstream(item: unknown): item is Record<string, unknown> {
  if (typeof item !== 'object' || item === null) return false
  const { eventId, product, key, occurredAt } = item as Record<string, unknown>
  const areTexts = [eventId, product, key].every((text) => toText(text) !== '')
  return areTexts && !Number.isNaN(Date.parse(toText(occurredAt)))
}
