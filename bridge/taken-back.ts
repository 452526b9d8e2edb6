// Refreshes of which this bridge has heard that their producer took them back: the word may overtake the event, which then must
// open no cycle. In: notices, arrivals. Out: whether an arrival is one of these. Never: asks a database (who opens later finds
// the word in the ledger); more than so many, the latest.
import type { Blocker } from '../model/cycle/cycle.ts'
import { isWithdrawal } from '../model/cycle/withdrawals.ts'
import { toCycleId } from '../model/ids.ts'
import type { Arrival } from '../model/refresh-event.ts'

export interface TakenBack {
  note(blocker: Blocker): void
  has(arrival: Pick<Arrival, 'product' | 'key' | 'revision'>): boolean
}

export function createTakenBack(most = 10_000): TakenBack {
  const upTo = new Map<string, number>()
  return {
    note(blocker) {
      if (!isWithdrawal(blocker)) return
      const cycle = toCycleId(blocker.product, blocker.key)
      const revision = Math.max(blocker.withdraws, upTo.get(cycle) ?? 0)
      // A map keeps the order in which its keys came.
      upTo.delete(cycle)
      upTo.set(cycle, revision)
      const [oldest] = upTo.keys()
      if (upTo.size > most && oldest !== undefined) upTo.delete(oldest)
    },
    has: ({ product, key, revision }) => revision <= (upTo.get(toCycleId(product, key)) ?? 0),
  }
}
