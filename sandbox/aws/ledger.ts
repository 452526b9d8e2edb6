// What happened in the sandbox, in order. In: rows from the front and the services. Out: rows by filter, and JSON lines.
// Never: changes or drops a row; holds an object body.

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Clock, Ledger, LedgerRow } from './service.ts'

export interface ClosableLedger extends Ledger {
  close(): void
}

/** A ledger in memory; with `file` every row is also appended there at once, so that it survives a kill. */
export function createLedger(clock: Clock, file?: string): ClosableLedger {
  const rows: LedgerRow[] = []
  let descriptor = file === undefined ? undefined : openSync(file, 'a')
  return {
    add(row) {
      const full: LedgerRow = { seq: rows.length + 1, atMs: clock.nowMs(), ...row }
      rows.push(full)
      if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(full)}\n`)
    },
    rows: (filter = {}) => select(rows, filter),
    count: () => rows.length,
    close() {
      if (descriptor !== undefined) closeSync(descriptor)
      descriptor = undefined
    },
  }
}

/** Row n has seq n, so that a reader who knows where it stopped pays for the new rows only. */
function select(rows: LedgerRow[], filter: NonNullable<Parameters<Ledger['rows']>[0]>): LedgerRow[] {
  const limit = filter.limit ?? Number.POSITIVE_INFINITY
  const selected: LedgerRow[] = []
  for (let index = filter.sinceSeq ?? 0; index < rows.length && selected.length < limit; index += 1) {
    const row = rows[index]
    if (row !== undefined && isMatch(row, filter)) selected.push(row)
  }
  return selected
}

function isMatch(row: LedgerRow, filter: { kind?: string; service?: string; operation?: string }): boolean {
  return (
    (filter.kind === undefined || row.kind === filter.kind) &&
    (filter.service === undefined || row.service === filter.service) &&
    (filter.operation === undefined || row.operation === filter.operation)
  )
}
