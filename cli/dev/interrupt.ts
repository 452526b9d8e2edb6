// In: work that starts things. Out: its result, or that a person stopped it. Never: ends the process before the work
// has put away what it started.
import { CommandFailure, EXIT } from '../failure.ts'

export const INTERRUPTED = EXIT.interrupted

/** A signal to the whole process group comes twice: from the system, and handed on by the launcher. */
const SAME_SIGNAL_MS = 1_000

/**
 * `signal` aborts on the first SIGINT, SIGTERM or SIGHUP, and when the launcher is gone. Only a second Ctrl-C, a moment
 * later, ends at once; whatever else comes waits for the work to put away what it started.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  let firstMs: number | undefined
  const interrupt = (): void => {
    firstMs ??= performance.now()
    if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(INTERRUPTED)
    stop()
  }
  process.on('SIGINT', interrupt)
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  // Waiting for a signal does not keep Node alive by itself; this does, and sees that the launcher was killed.
  const launcher = process.env['SLUICE_LAUNCHER'] === String(process.ppid) ? process.ppid : undefined
  const alive = setInterval(() => {
    if (launcher !== undefined && process.ppid !== launcher) stop()
  }, SAME_SIGNAL_MS)
  try {
    return await work(stopping.signal)
  } catch (error) {
    // Ctrl-C on a terminal reaches children of the work too, which then fail in their own words.
    if (!stopping.signal.aborted) throw error
    throw new CommandFailure(INTERRUPTED, 'Interrupted. What it had started is stopped.')
  } finally {
    clearInterval(alive)
    process.off('SIGINT', interrupt)
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.off(name, stop)
  }
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
