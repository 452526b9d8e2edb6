// Does something again and again, with pauses between, until told to stop.
import { setTimeout as pause } from 'node:timers/promises'

export async function repeat(everyMs: number, stopping: Promise<unknown>, work: () => Promise<void>): Promise<void> {
  const ended = new AbortController()
  void stopping.then(() => ended.abort())
  while (!ended.signal.aborted) {
    await pause(everyMs, undefined, { signal: ended.signal }).catch(() => undefined)
    if (!ended.signal.aborted) await work()
  }
}
