// In: something to read and what it should be. Out: the value once it holds. Never: a wait for a fixed time.
import { setTimeout as pause } from 'node:timers/promises'

/** A task that a stalled server lost is tried again after its activity's time, three minutes at most (workflows/backfill.ts). */
const PATIENCE_MS = 240_000

/** To an instant that a test waits for: a machine that stalls must have done first what the test means to do before it. */
export const SOON_MS = 8_000

/** The failure names what was waited for and what was last read. */
export async function eventually<Value>(
  what: string,
  read: () => Promise<Value> | Value,
  holds: (value: Value) => boolean,
): Promise<Value> {
  const giveUpAtMs = Date.now() + PATIENCE_MS
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    if (Date.now() >= giveUpAtMs)
      throw new Error(`Not within four minutes: ${what}. Last seen: ${JSON.stringify(value)}`)
    await pause(20)
  }
}

/** A door that what is tested waits at, until the test opens it. */
export function createGate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
