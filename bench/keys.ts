// Cycle keys that the bridge may still open by an event: today and the days before it.
// Never: more than fit the window in which an event may open a cycle (21 days), with two days to spare.
import { DAY_MS } from '../model/calendar/due.ts'
import { OPENING_WINDOW } from '../model/calendar/routing.ts'

export const MOST_KEYS = OPENING_WINDOW.acceptForMs / DAY_MS - 2

/** Newest first. @throws Error when more are asked for than an event may open. */
export function keysUntil(nowMs: number, count: number): string[] {
  if (count > MOST_KEYS) throw new Error(`An event opens at most ${MOST_KEYS} past days, not ${count}.`)
  return Array.from({ length: count }, (_, back) => new Date(nowMs - back * DAY_MS).toISOString().slice(0, 10))
}

/** `count` cycles of as few products as possible: names `<prefix>1`, `<prefix>2`, … by keys. */
export function spread(prefix: string, count: number, nowMs: number): { name: string; key: string }[] {
  const products = Math.ceil(count / MOST_KEYS)
  const keys = keysUntil(nowMs, Math.min(MOST_KEYS, Math.ceil(count / products)))
  const all = keys.flatMap((key) => Array.from({ length: products }, (_, at) => ({ name: `${prefix}${at + 1}`, key })))
  return all.slice(0, count)
}
