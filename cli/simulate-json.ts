// The JSON of `sluice simulate`: a cycle or an event a line, as a text of all of it may be longer than Node can hold.
// In: what was simulated. Out: written. Never: faster than the reader reads.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { toCycleRow } from '../model/simulate/report.ts'
import type { Simulated } from '../model/simulate/simulate.ts'

const ROWS_AT_ONCE = 1_000

export async function writeSimulated(out: Writable, { cycles, events }: Simulated): Promise<void> {
  await write(out, '{"cycles":[')
  await writeRows(out, cycles, toCycleRow)
  await write(out, '],\n"events":[')
  await writeRows(out, events, (row) => row)
  await write(out, ']}\n')
}

async function writeRows<Item>(out: Writable, items: Item[], toRow: (item: Item) => object): Promise<void> {
  for (let at = 0; at < items.length; at += ROWS_AT_ONCE) {
    const lines = items.slice(at, at + ROWS_AT_ONCE).map((item) => `\n${JSON.stringify(toRow(item))}`)
    await write(out, `${at > 0 ? ',' : ''}${lines.join(',')}`)
  }
}

async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain')
}
