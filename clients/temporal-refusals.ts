// In: what a call to Temporal threw. Out: why Temporal will never take it, null where trying again may help; of a query, whether
// asking again may help.
// Never: blames the sender for what an operator must mend.
import { isGrpcServiceError, ServiceError } from '@temporalio/client'

const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const RESOURCE_EXHAUSTED = 8
const UNAVAILABLE = 14

export function whyRefused(error: unknown): string | null {
  const cause = error instanceof ServiceError ? error.cause : error
  if (!isGrpcServiceError(cause)) return null
  const isTooLarge = cause.code === RESOURCE_EXHAUSTED && cause.details.includes('received message larger than max')
  if (isTooLarge) return `Temporal takes no message of this size: ${cause.details}`
  // An unregistered search attribute is INVALID_ARGUMENT too, but is ours to mend, not the sender's.
  const isOurs = cause.details.includes('no mapping defined for search attribute')
  return cause.code === INVALID_ARGUMENT && !isOurs ? `Temporal refused it: ${cause.details}` : null
}

/** Of a query: its worker may be on its way back; Temporal itself is away or too busy; or no repeat helps. */
export function howUnanswered(error: unknown): 'late' | 'temporal-is-away' | 'for-good' {
  const cause = error instanceof ServiceError ? error.cause : error
  if (!isGrpcServiceError(cause)) return 'for-good'
  if (cause.code === UNAVAILABLE || cause.code === RESOURCE_EXHAUSTED) return 'temporal-is-away'
  return cause.code === DEADLINE_EXCEEDED ? 'late' : 'for-good'
}
