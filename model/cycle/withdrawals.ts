// A refresh that its producer took back. In: a cycle, the notice that says so. Out: the cycle that waits again for the input, or
// remembers that it ran on it. Never: an input taken from an attempt that has read it; a later revision taken back too.
import type { Arrival } from '../refresh-event.ts'
import { type Blocker, type Cycle, type Delivery, type DependencyStatus, isSameCycle, isUnbegun } from './cycle.ts'

export interface Withdrawal extends Blocker {
  /** The revision that was taken back; those before it are gone with it, as they lie in the same folder. */
  withdraws: number
}

export const isWithdrawal = (blocker: Blocker | null): blocker is Withdrawal => blocker?.withdraws !== undefined

/** Whether the notice is about this publication. */
export const takesBack = (blocker: Blocker | null, news: Pick<Arrival, 'product' | 'key' | 'revision'>): boolean =>
  isWithdrawal(blocker) && isSameCycle(blocker, news) && news.revision <= blocker.withdraws

/** The same cycle where nothing of it is concerned. */
export function applyWithdrawal(cycle: Cycle, withdrawal: Withdrawal): Cycle {
  const version = cycle.version + 1
  const dependencies = cycle.dependencies.map((one) => withdrawFrom(one, withdrawal, isUnbegun(cycle)))
  if (dependencies.every((one, at) => one === cycle.dependencies[at])) return cycle
  const isUsed = (delivery: Delivery): boolean =>
    dependencies.some(({ arrival, withdrawnTo }) => withdrawnTo !== undefined && arrival?.eventId === delivery.eventId)
  const deliveries = cycle.deliveries.map((delivery) =>
    isOf(delivery, withdrawal) && !isUsed(delivery)
      ? { ...delivery, outcome: 'withdrawn' as const, note: toNote(withdrawal), version }
      : delivery,
  )
  return { ...cycle, version, dependencies, deliveries }
}

/** Why an event counts no more. */
export const toNote = ({ reason }: Blocker): string => `taken back by its producer: ${reason}`

/** Why one never counts; null when nobody has taken it back yet. */
export function whyTakenBack(
  { state, blocker, arrival, withdrawnTo = 0 }: DependencyStatus,
  news: Arrival,
): string | null {
  if (state === 'WAITING') return blocker && takesBack(blocker, news) ? toNote(blocker) : null
  return news.revision > (arrival?.revision ?? 0) && news.revision <= withdrawnTo ? TAKEN_BACK : null
}

export const TAKEN_BACK = 'its producer had taken it back before it came'

const TAKEN: readonly Delivery['outcome'][] = ['satisfied', 'correction']

const isOf = (
  { upstream, upstreamKey, revision, outcome }: Delivery,
  { product, key, withdraws }: Withdrawal,
): boolean => upstream === product && upstreamKey === key && revision <= withdraws && TAKEN.includes(outcome)

function withdrawFrom(dependency: DependencyStatus, withdrawal: Withdrawal, isOpen: boolean): DependencyStatus {
  const { state, arrival, newer, blocker } = dependency
  if (!isSameCycle(dependency, withdrawal)) return dependency
  if (state === 'WAITING') {
    const isKnown = isWithdrawal(blocker) && blocker.withdraws >= withdrawal.withdraws
    return isKnown ? dependency : { ...dependency, blocker: withdrawal }
  }
  const rest = newer && takesBack(withdrawal, newer) ? { ...dependency, newer: null } : dependency
  if (!arrival || !takesBack(withdrawal, arrival)) return rest
  if (isOpen) return { ...rest, state: 'WAITING', arrival: null, arrivedAtMs: null, blocker: withdrawal }
  return withdrawal.withdraws <= (rest.withdrawnTo ?? 0) ? rest : { ...rest, withdrawnTo: withdrawal.withdraws }
}
