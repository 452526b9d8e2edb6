// Follows cycles in the mirror. In: how to ask, which cycles count. Out: each change as it shows, the rows at the end.
// Never: decides that a cycle is done; COMPLETED in the mirror does.
import { setTimeout as pause } from 'node:timers/promises'
import type { CycleRow } from '../../mirror/status.ts'

export interface Following {
  list(): Promise<CycleRow[]>
  /** Ids of the cycles that must complete. */
  wanted: ReadonlySet<string>
  /** All rows, and those that changed since the last look. */
  onChange(rows: CycleRow[], changed: CycleRow[]): void
  /** Told of a mirror that does not answer; it is asked again. */
  onTrouble(error: Error): void
  everyMs: number
  withinMs: number
  signal: AbortSignal
}

/** Resolves with the wanted rows when all are COMPLETED, or when the time is over. */
export async function follow(following: Following): Promise<CycleRow[]> {
  const { wanted, withinMs, everyMs, signal } = following
  const untilMs = performance.now() + withinMs
  const known = new Map<string, string>()
  let rows: CycleRow[] = []
  for (;;) {
    try {
      rows = (await following.list()).filter(({ cycle }) => wanted.has(cycle))
    } catch (error) {
      following.onTrouble(error as Error)
    }
    const changed = rows.filter((row) => known.get(row.cycle) !== toSign(row))
    for (const row of changed) known.set(row.cycle, toSign(row))
    if (changed.length > 0) following.onChange(rows, changed)
    if (rows.filter(({ state }) => state === 'COMPLETED').length === wanted.size) return rows
    if (performance.now() > untilMs) return rows
    await pause(everyMs, undefined, { signal })
  }
}

/** What a reader sees of a row. */
const toSign = (row: CycleRow): string =>
  [row.state, row.step, row.waitingFor.join(), row.lastAttempt, row.revision, row.retryAt].join('|')
