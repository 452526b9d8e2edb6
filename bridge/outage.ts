// Trouble that passes: what is away since when, and how long the loops pause.
// In: troubles and successes as they happen. Out: pauses that double. Never: two log lines for one outage's begin.
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'

export interface Outage {
  /** Notes the trouble; answers for how long the messages concerned should stay out of sight. */
  report(error: Error): number
  over(): void
  /** Waits as long as the present trouble asks for; at once when there is none. */
  pass(): Promise<void>
  /** Ends all waiting, for a stop. */
  end(): void
}

const SHORTEST_MS = 250
const LONGEST_MS = 30_000

export function createOutage(log: Logger, nowMs: () => number = Date.now): Outage {
  let sinceMs: number | undefined
  let pauseMs = 0
  const ended = new AbortController()
  return {
    report(error) {
      pauseMs = Math.min(Math.max(pauseMs * 2, SHORTEST_MS), LONGEST_MS)
      if (sinceMs === undefined && !ended.signal.aborted)
        log.warn({ error: error.message }, 'Messages stay in the queue')
      sinceMs ??= nowMs()
      return pauseMs
    },
    over() {
      if (sinceMs === undefined) return
      log.info({ since: new Date(sinceMs).toISOString(), lastedMs: nowMs() - sinceMs }, 'Messages are taken again')
      sinceMs = undefined
      pauseMs = 0
    },
    async pass() {
      if (pauseMs > 0 && !ended.signal.aborted)
        await pause(pauseMs, undefined, { signal: ended.signal }).catch(ignoreAbort)
    },
    end: () => ended.abort(),
  }
}

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
