// How many calls an account may make. In: each call. Out: nothing, or ThrottlingException when its bucket is empty.
// Never: throttles unless it is told a rate.

import { AwsError, type Caller, type Clock } from '../service.ts'

/** A bucket of `burst` tokens that fills at `perSecond`: one for each account, region and operation. */
export interface CallRate {
  perSecond: number
  burst: number
}

export function createCallRate(clock: Clock, rate: CallRate | undefined): (caller: Caller, operation: string) => void {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  return (caller, operation) => {
    if (rate === undefined) return
    const nowMs = clock.nowMs()
    const name = `${caller.account}/${caller.region}/${operation}`
    const bucket = buckets.get(name) ?? { tokens: rate.burst, atMs: nowMs }
    const filled = bucket.tokens + ((nowMs - bucket.atMs) / 1000) * rate.perSecond
    const tokens = Math.min(rate.burst, filled)
    buckets.set(name, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
    if (tokens < 1) throw new AwsError('ThrottlingException', 'Rate exceeded')
  }
}
