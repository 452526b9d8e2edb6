// Trouble that passes. Temporal or the queue away: since when, and how long the loops pause.
// In: troubles and successes as they happen. Out: pauses that double, once for all loops that fail within one.
// Never: two log lines for one outage's begin (a refusal within it is another); an outage of Temporal taken for over
// because the queue answers; any because something is answered that was asked before its last failure.
import type { Logger } from 'pino'
import { type Clock, wallClock } from './clock.ts'

export interface Outage {
  report(of: Trouble, error: Error): void
  /**
   * It did what it was asked for at `asked`: ends its trouble, unless it failed since, and nobody else's. The queue, which
   * says so after a whole poll, ends the pause too if nothing failed in it: there is work that needs not what is away.
   */
  answered(by: Trouble, asked: Asked): void
  /** Messages whose own need is away (PostgreSQL, Glue, the catalog); told once a minute, not for each batch. */
  waiting(messages: number, error: Error): void
  /** Waits as long as the present trouble asks for, at once when there is none; then the queue may be asked. */
  pass(): Promise<Asked>
  /** Ends all waiting, for a stop. */
  end(): void
}

export type Trouble = 'queue' | 'temporal'

/** When something was asked, in failures of each before. A long poll that is on its way outlasts many. */
export type Asked = Readonly<Record<Trouble, number>>

/** Trouble that passes: the message stays. `all`: Temporal takes nothing now; `message`: only what this one needs is away. */
export interface Later {
  kind: 'later'
  concerns: 'all' | 'message'
  error: Error
}

export const toLater = (concerns: Later['concerns'], error: unknown): Later => ({
  kind: 'later',
  concerns,
  error: error instanceof Error ? error : new Error(String(error)),
})

/** For whoever reads the log at night. */
const CATCHES_UP = 'nothing is lost: the queue keeps them for 14 days, and they are delivered once it answers'
const REFUSED_TODO = 'the bridge is refused, which no pause mends: mend its role, credentials or the queue policy'
const TOLD_EVERY_MS = 60_000
/** Longer than any message is hidden: whatever waits after that waits for something new. */
const FORGOTTEN_MS = 600_000
const SHORTEST_MS = 250
const LONGEST_MS = 30_000

export function createOutage(log: Logger, { nowMs, pause }: Clock = wallClock): Outage {
  let pauseMs = 0
  let pausedSinceMs = 0
  let alone: { sinceMs: number; lastMs: number; toldMs: number } | undefined
  const failures = { queue: 0, temporal: 0 }
  const under = new Map<Trouble, { sinceMs: number; isRefused: boolean }>()
  const ended = new AbortController()
  return {
    report(of, error) {
      failures[of] += 1
      const atMs = nowMs()
      if (atMs - pausedSinceMs >= pauseMs) {
        pauseMs = Math.min(Math.max(pauseMs * 2, SHORTEST_MS), LONGEST_MS)
        pausedSinceMs = atMs
      }
      const before = under.get(of)
      const sinceMs = before?.sinceMs ?? atMs
      const isNewlyRefused = isRefusal(error) && before?.isRefused !== true
      under.set(of, { sinceMs, isRefused: isNewlyRefused || before?.isRefused === true })
      if (ended.signal.aborted || (before && !isNewlyRefused)) return
      const facts = { away: of, since: new Date(sinceMs).toISOString(), error: error.message, catchesUp: CATCHES_UP }
      if (isNewlyRefused) log.error({ ...facts, todo: REFUSED_TODO }, 'Messages stay in the queue')
      else log.warn(facts, 'Messages stay in the queue')
    },
    answered(by, asked) {
      if (asked[by] !== failures[by]) return
      if (by === 'queue' && asked.temporal === failures.temporal) pauseMs = 0
      const trouble = under.get(by)
      if (!trouble) return
      under.delete(by)
      const since = new Date(trouble.sinceMs).toISOString()
      log.info({ answers: by, since, lastedMs: nowMs() - trouble.sinceMs }, 'Messages are taken again')
    },
    waiting(messages, error) {
      const atMs = nowMs()
      if (!alone || atMs - alone.lastMs > FORGOTTEN_MS)
        alone = { sinceMs: atMs, lastMs: atMs, toldMs: Number.NEGATIVE_INFINITY }
      alone.lastMs = atMs
      if (atMs - alone.toldMs < TOLD_EVERY_MS) return
      alone.toldMs = atMs
      const since = new Date(alone.sinceMs).toISOString()
      const facts = { messages, since, error: error.message, catchesUp: CATCHES_UP }
      if (isRefusal(error)) log.error({ ...facts, todo: REFUSED_TODO }, 'Messages wait in the queue')
      else log.warn(facts, 'Messages wait in the queue')
    },
    async pass() {
      if (pauseMs > 0 && !ended.signal.aborted)
        await pause(pauseMs, undefined, { signal: ended.signal }).catch(ignoreAbort)
      return { ...failures }
    },
    end: () => ended.abort(),
  }
}

/** PERMISSION_DENIED and UNAUTHENTICATED of gRPC. */
const GRPC_REFUSALS = [7, 16]

/** By the code of the answer: what sqs-consumer throws bears AWS's name for it as `code`. */
const isRefusal = (error: Error & { code?: unknown }): boolean =>
  GRPC_REFUSALS.includes(Number(error.code)) ||
  /AccessDenied|ExpiredToken|Credentials|UnrecognizedClient|InvalidClientTokenId/.test(
    `${error.name} ${String(error.code)}`,
  )

/** From this receive on an outage is long. */
const MANY_RECEIVES = 60

/**
 * How long a message that stays is out of sight: back soon at first, within half a minute for half an hour, then each
 * five minutes. SQS counts each receive, and at 1,000 (`maxReceiveCount`) it would dead-letter a healthy message: that is
 * more than three days away.
 */
export const toHiddenMs = (receives: number): number =>
  receives >= MANY_RECEIVES ? 300_000 : Math.min(SHORTEST_MS * 2 ** Math.max(receives - 1, 0), LONGEST_MS)

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
