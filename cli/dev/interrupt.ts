// In: work that starts things. Out: its result, or that a person stopped it. Never: ends the process before the work
// has put away what it started.
import { CommandFailure, EXIT } from '../failure.ts'

export const INTERRUPTED = EXIT.interrupted

/** `signal` aborts on the first SIGINT or SIGTERM; a second SIGINT is the system's own again. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, stop)
  // Waiting for a signal does not keep Node alive by itself.
  const alive = setInterval(() => undefined, 60_000)
  try {
    return await work(stopping.signal)
  } catch (error) {
    // Ctrl-C on a terminal reaches children of the work too, which then fail in their own words.
    if (!stopping.signal.aborted) throw error
    throw new CommandFailure(INTERRUPTED, 'Interrupted. What it had started is stopped.')
  } finally {
    clearInterval(alive)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, stop)
  }
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
