// The words for states and outcomes, and the legal moves between them: the same words stand in the SQL checks
// (migrations/) and in the diagram of docs/states.md, which tests compare with this file.

export const CYCLE_STATES = ['WAITING', 'PROCESSING', 'COMPLETED', 'ERROR', 'SKIPPED', 'CANCELLED'] as const
export type CycleState = (typeof CYCLE_STATES)[number]

export const STEPS = ['wait', 'start', 'run', 'publish'] as const
/** Where an ERROR arose; a rerun of `publish` does not run Glue again. */
export type Step = (typeof STEPS)[number]

export const DEPENDENCY_STATES = ['WAITING', 'ARRIVED', 'WAIVED'] as const
export type DependencyState = (typeof DEPENDENCY_STATES)[number]

export const DELIVERY_OUTCOMES = [
  'satisfied',
  'duplicate',
  'early',
  'late',
  'superseded',
  'correction',
  'partial',
  'withdrawn',
] as const
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number]

export const LEDGER_OUTCOMES = ['routed', 'unmatched', 'refused'] as const
export type LedgerOutcome = (typeof LEDGER_OUTCOMES)[number]

/** Moves a cycle may make. COMPLETED is left only by a rerun, CANCELLED by a rerun or a skip, SKIPPED never. */
export const LEGAL_MOVES: Record<CycleState, readonly CycleState[]> = {
  WAITING: ['PROCESSING', 'ERROR', 'SKIPPED', 'CANCELLED'],
  PROCESSING: ['COMPLETED', 'ERROR', 'CANCELLED'],
  ERROR: ['PROCESSING', 'SKIPPED', 'CANCELLED'],
  COMPLETED: ['PROCESSING'],
  SKIPPED: [],
  CANCELLED: ['PROCESSING', 'SKIPPED'],
}

export const isLegalMove = (from: CycleState, to: CycleState): boolean => LEGAL_MOVES[from].includes(to)

/** True when the cycle has nothing more to do by itself and its run may close. */
export const isSettled = (state: CycleState): boolean =>
  state === 'COMPLETED' || state === 'SKIPPED' || state === 'CANCELLED'
