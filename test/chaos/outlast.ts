// A time in which PostgreSQL takes nothing. In: what ends it, and what writers are told meanwhile. Out: a walk that
// refreshed to its end during it, its writes tried again. Never: an outage left standing when the case fails.
import { expect } from 'vitest'
import type { SandboxRow } from '../../verify/evidence.ts'
import { publishedIds } from '../end-to-end/sandbox-ledger.ts'
import type { CaseRun, Played } from './cases.ts'
import { cyclesOf, leftOf, type Walk } from './mesh.ts'
import { provoke } from './provoke.ts'
import { MINUTE_MS, type RowStage } from './row-stage.ts'
import { until } from './walks.ts'
import { waitingOf, watchLedger } from './witness.ts'

export interface Standing {
  heal(): Promise<unknown>
  /** What the tries to write are told. */
  refusal: RegExp
  meanwhile?: () => Promise<void>
}

/** While nothing can be written: a walk refreshes to its end, its writes are tried again; then `heal`. */
export async function outlast(
  { stage, take }: RowStage,
  { note, healed }: CaseRun,
  { heal, refusal, meanwhile }: Standing,
): Promise<Played> {
  const [walk] = take(1) as [Walk]
  const seen = await watchLedger(stage())
  try {
    // With events that only the bridge can write down.
    const allowed = await provoke.strays(stage(), walk)
    await until('the walk published to its end', 3 * MINUTE_MS, async () => isPublished(await seen(), walk))
    note('published to its end')
    let says: string | undefined
    await until('its status is tried again', 2 * MINUTE_MS, async () => {
      const waiting = await waitingOf(stage(), leftOf(walk), 'recordCycle')
      says = waiting?.says
      return (waiting?.attempt ?? 0) > 1 && says !== undefined
    })
    expect(says).toMatch(refusal)
    await meanwhile?.()
    return { walks: [walk], allowed, quietWithinMs: 5 * MINUTE_MS }
  } finally {
    await heal()
    healed('healed', [walk])
  }
}

const isPublished = (rows: SandboxRow[], walk: Walk): boolean => {
  const published = new Set(publishedIds(rows).map(({ id }) => id))
  return cyclesOf(walk).every(({ cycle }) => published.has(`${cycle}/r1`))
}
