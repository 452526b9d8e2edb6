// In: a cycle. Out: what shows beside its state, as words of a list and in a person's. Pure.
// Never: a failure: what is flagged goes on by itself, or says in its reason what keeps it.
import { onRevisionOf } from '../dependencies.ts'
import type { ProductId } from '../ids.ts'
import { isSettled } from '../states.ts'
import type { Limit } from './attempt.ts'
import { type Cycle, isUnbegun } from './cycle.ts'
import { readInputs } from './inputs.ts'
import { builtWithout } from './outgoing.ts'
import { mixedInputs, outdatedInputs } from './revisions.ts'

/** What a row of the mirror keeps; others follow from its instants and its revisions. */
export type KeptFlag =
  | `waits-for-${Limit}`
  | 'held-up'
  | 'held'
  | 'outdated'
  | 'mixed-inputs'
  | 'partial'
  | 'withdrawn-input'
export type CycleFlag = KeptFlag | 'taken-back' | 'retrying' | 'late'

export const LIMIT_WORDS: Record<Limit, string> = {
  'concurrent-runs': 'a free run of its Glue job',
  'account-quota': "room in the account's Glue quota",
  'call-rate': 'the rate of calls that AWS allows',
}

/** Why the step under way does not get on, and what is to be known of the data. */
export const flagsOf = (cycle: Cycle): KeptFlag[] => [
  ...(cycle.held && !isSettled(cycle.state) ? ['held' as const] : []),
  ...heldUpFlags(cycle),
  ...dataFlags(cycle),
]

const heldUpFlags = ({ heldUp }: Cycle): KeptFlag[] => {
  // Absent in what an older version answers.
  if (!heldUp) return []
  return [heldUp.limit ? `waits-for-${heldUp.limit}` : 'held-up']
}

function dataFlags(cycle: Cycle): KeptFlag[] {
  if (isUnbegun(cycle) || cycle.lastAttempt === 0) return []
  const { definition } = cycle.input
  const isTold = ({ product }: { product: ProductId }): boolean => onRevisionOf(definition, product) !== 'ignore'
  return [
    ...(outdatedInputs(cycle).some(isTold) ? ['outdated' as const] : []),
    ...(mixedInputs(cycle).length > 0 ? ['mixed-inputs' as const] : []),
    ...(builtWithout(cycle).length > 0 ? ['partial' as const] : []),
    ...(readInputs(cycle).some(({ withdrawnTo }) => withdrawnTo !== undefined) ? ['withdrawn-input' as const] : []),
  ]
}

const WORDS: Record<CycleFlag, string> = {
  'waits-for-concurrent-runs': `waits for ${LIMIT_WORDS['concurrent-runs']}`,
  'waits-for-account-quota': `waits for ${LIMIT_WORDS['account-quota']}`,
  'waits-for-call-rate': `waits for ${LIMIT_WORDS['call-rate']}`,
  'held-up': 'held up',
  held: 'held by an operator: it starts nothing',
  outdated: 'a corrected input has not been used yet',
  'mixed-inputs': 'inputs built from different revisions of the same refresh',
  partial: 'made without some inputs',
  'withdrawn-input': 'made from an input that its producer took back',
  'taken-back': 'what it published last was taken back',
  retrying: 'retrying',
  late: 'late',
}

const isLimit = (flag: string): boolean => flag.startsWith('waits-for-')

/** It is about the step under way, not about the data. */
export const isOfStep = (flag: string): boolean => flag === 'held-up' || isLimit(flag)

/** In a cell of a grid. */
export const flagMark = (flag: string): string =>
  isLimit(flag) ? 'waits for Glue' : (MARKS[flag as CycleFlag] ?? flagWords(flag))

/** Where the words are too long for a cell. */
const MARKS: Partial<Record<CycleFlag, string>> = {
  held: 'held',
  outdated: 'outdated',
  'mixed-inputs': 'mixed',
  partial: 'partial',
  'withdrawn-input': 'withdrawn',
  'taken-back': 'taken back',
}

/** A flag that a newer version wrote is said as it is. */
export const flagWords = (flag: string): string => WORDS[flag as CycleFlag] ?? flag
