// What AWS took of the notices that a cycle failed or is held up. In: the sandbox's ledger. Out: ids by cycle, for I6 those
// that no history asked for. Pure. Never: a repeat of a notice that was asked for taken for another.
import { type CycleId, isWithdrawalId } from '../model/ids.ts'
import type { Evidence } from './evidence.ts'
import { noticesPut, noticesSent } from './sandbox-rows.ts'
import type { Look } from './verdict.ts'

/** What the outside took, by cycle; absent on real AWS. */
export interface Told {
  owners: Map<string, Taken[]>
  consumers: Map<string, Taken[]>
}

export interface Taken {
  id: string
  /** The row of AWS that it is seen in. */
  row: string
}

export const findTold = ({ sandbox }: Evidence): Told | undefined =>
  sandbox && {
    owners: byCycle(noticesSent(sandbox).map(({ seq, id }) => toTaken(seq, id, 'a notification queue took'))),
    consumers: byCycle(noticesPut(sandbox).map(({ seq, eventId }) => toTaken(seq, eventId, 'PutEvents accepted'))),
  }

const toTaken = (seq: number, id: string, how: string): Taken => ({ id, row: `sandbox row ${seq}: ${how} ${id}` })

const byCycle = (all: Taken[]): Map<string, Taken[]> => Map.groupBy(all, ({ id }) => id.slice(0, id.lastIndexOf('/')))

/** What AWS took and no history asked for; of a cycle that was ended from outside, too. A person may take a refresh back. */
export function checkAlien(cycle: CycleId, ids: string[], taken: Taken[] = []): Look {
  const asked = new Set(ids)
  const aliens = Map.groupBy(taken, ({ id }) => id)
  return [...aliens].flatMap(([eventId, rows]) => {
    if (asked.has(eventId) || isWithdrawalId(eventId)) return []
    const says = `${eventId} was told, which the history of ${cycle} never asked for`
    return [{ invariant: 'I6', cycle, eventId, says, evidence: rows.map(({ row }) => row) }]
  })
}
