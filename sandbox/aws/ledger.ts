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
    rows: (filter = {}) => rows.slice(filter.sinceSeq ?? 0).filter((row) => isMatch(row, filter)),
    close() {
      if (descriptor !== undefined) closeSync(descriptor)
      descriptor = undefined
    },
  }
}

function isMatch(row: LedgerRow, filter: { kind?: string; service?: string; operation?: string }): boolean {
  return (
    (filter.kind === undefined || row.kind === filter.kind) &&
    (filter.service === undefined || row.service === filter.service) &&
    (filter.operation === undefined || row.operation === filter.operation)
  )
}
