// What became of single cycles of a stage, where a walk is no plain one: on which inputs each refreshed, and that it did so once.
// In: a stage, cycles. Out: waits that the mirror ends, expectations. Never: an input of a version that a cycle left behind.
import { expect } from 'vitest'
import { publishedIds, startedRuns } from '../end-to-end/sandbox-ledger.ts'
import type { Walk } from './mesh.ts'
import { MINUTE_MS } from './row-stage.ts'
import type { Stage } from './stage.ts'
import { lyingMessages, readLedger, until } from './walks.ts'
import { stateOf } from './witness.ts'

/** A cycle, and the products it refreshed on, in the order of the alphabet. */
export type Refreshed = [cycle: string, products: string[]]

const WITHIN_MS = 3 * MINUTE_MS

export const untilState = (stage: Stage, cycle: string, state: string): Promise<void> =>
  until(`${cycle} is in ${state}`, WITHIN_MS, async () => (await stateOf(stage, cycle))?.state === state)

/** Until this upstream cycle has arrived. */
export const untilInput = (stage: Stage, cycle: string, upstream: string): Promise<void> =>
  until(`${cycle} has ${upstream}`, WITHIN_MS, async () => (await inputsOf(stage, cycle)).includes(upstream))

/** No message lies about, so nothing more is on its way. */
export const untilSettled = (stage: Stage): Promise<void> =>
  until('every message deleted', WITHIN_MS, async () => lyingMessages(await readLedger(stage)).length === 0)

/** What arrived of what it goes by, as the mirror has it. */
export async function inputsOf(stage: Stage, cycle: string): Promise<string[]> {
  const rows = await stage.db.rows<{ input: string }>(
    `select upstream_product || '/' || upstream_key as input
     from data_product_dependencies_events_status as input join data_product_status as status using (cycle)
     where cycle = $1 and input.state = 'ARRIVED'
       and (input.run_number, input.version) = (status.run_number, status.version) order by 1`,
    [cycle],
  )
  return rows.map(({ input }) => input)
}

/** Completed on just these products, by one Glue run, published once. */
export async function expectRefreshes(stage: Stage, { key }: Walk, cycles: Refreshed[]): Promise<void> {
  for (const [cycle] of cycles) await untilState(stage, cycle, 'COMPLETED')
  const rows = await readLedger(stage)
  const ids = new Set(publishedIds(rows).map(({ id }) => id))
  for (const [cycle, products] of cycles) {
    const inputs = await inputsOf(stage, cycle)
    expect(inputs.map((input) => input.slice(0, -key.length - 1)).toSorted(), cycle).toEqual(products)
    const attempts = startedRuns(rows).filter((one) => one.cycle === cycle)
    expect(
      attempts.map(({ attempt }) => attempt),
      cycle,
    ).toEqual([1])
    expect(
      [...ids].filter((id) => id.startsWith(`${cycle}/`)),
      cycle,
    ).toEqual([`${cycle}/r1`])
  }
}
