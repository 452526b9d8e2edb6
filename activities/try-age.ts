// Whether a try may still begin what cannot be taken back. In: when Temporal handed the try out, and what time it is.
// Out: why it must begin nothing any more, or null. Never: two tries of one activity that both start a run, because the
// first was so slow (a look-up that hangs, a frozen process) that Temporal had begun the second.
// What stays: a process frozen between this answer and its own request. Glue has no fencing token.

/** A start takes 10 s at most (glue.ts), and at 60 s (start-to-close) the next try looks for a run. */
const TOO_OLD_MS = 30_000
/** How far a worker's clock may be behind Temporal's before Temporal is asked; one further behind hides a frozen try. */
const CLOCK_SKEW_MS = 5_000

export interface TryParts {
  attempt: number
  /** By Temporal's clock. */
  scheduledAtMs: number
  nowMs(): number
  /** Which try Temporal waits for now; undefined when it waits for none of this activity. */
  readPending(): Promise<{ attempt: number } | undefined>
}

/** To be called when the try begins; what it answers, just before the effect. */
export function beginTry({ attempt, scheduledAtMs, nowMs, readPending }: TryParts): () => Promise<string | null> {
  const begunAtMs = nowMs()
  return async () => {
    const atMs = nowMs()
    if (atMs - begunAtMs > TOO_OLD_MS) return 'looking for a run took too long'
    const sinceScheduledMs = atMs - scheduledAtMs
    if (sinceScheduledMs >= -CLOCK_SKEW_MS && sinceScheduledMs <= TOO_OLD_MS) return null
    // It waited for a worker, the process was frozen, or the clocks disagree: Temporal knows which.
    const pending = await readPending()
    return pending?.attempt === attempt ? null : 'Temporal has given this try up'
  }
}
