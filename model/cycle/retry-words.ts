// In: how a Glue run ended, and what was decided. Out: why the cycle pauses or is in ERROR, in a person's words. Pure.
import type { GlueRunEnd } from './attempt.ts'
import { classifyFailure, FAILURE_WORDS } from './failure-class.ts'
import { MOST_ATTEMPTS, type Retry } from './retry.ts'

/** Why it is in ERROR. */
export const toEndReason = (end: GlueRunEnd, retry: Retry): string =>
  end.noticedBy === 'nobody'
    ? `Glue run ${end.runId} is out of sight: ${messageOf(end)}`
    : `Glue run ${end.runId} ended ${end.state}, ${wordsOf(end)}${countOf(retry)}: ${messageOf(end)}`

function countOf({ used, allowed }: Retry): string {
  if (allowed === 0) return ''
  return used < allowed ? ` (${used} of ${allowed}, after ${MOST_ATTEMPTS} runs in all)` : ` (${used} of ${allowed})`
}

/** True during the pause and in the attempt that follows it. */
export const toPauseReason = (
  end: GlueRunEnd,
  { used, allowed }: Retry,
  next: { number: number; atMs: number },
): string =>
  `attempt ${next.number} at ${new Date(next.atMs).toISOString()} after ${wordsOf(end)} (${used} of ${allowed}): ${messageOf(end)}`

const wordsOf = (end: GlueRunEnd): string => FAILURE_WORDS[classifyFailure(end)]

const messageOf = ({ error }: GlueRunEnd): string => error ?? 'no message'
