// In: what a call to Temporal threw. Out: why Temporal will never take it; null where trying again may help.
// Never: blames the sender for what an operator must mend.
import { isGrpcServiceError, ServiceError } from '@temporalio/client'

const INVALID_ARGUMENT = 3
const RESOURCE_EXHAUSTED = 8

export function whyRefused(error: unknown): string | null {
  const cause = error instanceof ServiceError ? error.cause : error
  if (!isGrpcServiceError(cause)) return null
  const isTooLarge = cause.code === RESOURCE_EXHAUSTED && cause.details.includes('received message larger than max')
  if (isTooLarge) return `Temporal takes no message of this size: ${cause.details}`
  // An unregistered search attribute is INVALID_ARGUMENT too, but is ours to mend, not the sender's.
  const isOurs = cause.details.includes('no mapping defined for search attribute')
  return cause.code === INVALID_ARGUMENT && !isOurs ? `Temporal refused it: ${cause.details}` : null
}
