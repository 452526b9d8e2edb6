// What AWS saw, in the rows that the sandbox keeps too, so that the same invariants judge both (verify/).
// Never: a row of what AWS refused; the time of another world.
import type { SandboxRow } from '../../verify/evidence.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface AwsLedger {
  rows: SandboxRow[]
  add(row: Omit<SandboxRow, 'seq' | 'atMs'>): void
}

export function createAwsLedger(time: VirtualTime): AwsLedger {
  const rows: SandboxRow[] = []
  return {
    rows,
    add: (row) => void rows.push({ seq: rows.length + 1, atMs: time.nowMs(), ...row }),
  }
}
