// That no run is behind an open state. In: a row of the mirror. Out: words for a screen, with what brings the cycle back.
// Never: of a run that nobody has found ended. Pure.
import { type CycleRow, type RunEnd, toRunEnd } from '../mirror/status.ts'
import { isSettled } from '../model/states.ts'
import type { Asked } from './unexplained.ts'

type Row = Pick<CycleRow, 'cycle' | 'runEndedAs' | 'runEndedAt'>

/** Ended from outside, so that nothing says why it stands still; one that gave up says so in its ERROR. */
export const hasNoRun = ({ runEndedAs }: Pick<Row, 'runEndedAs'>): boolean =>
  runEndedAs === 'terminated' || runEndedAs === 'timed-out' || runEndedAs === 'forgotten'

/** Null while nobody has found it ended. */
export function toEndedWords({ cycle, runEndedAs, runEndedAt }: Row): string | null {
  if (!runEndedAs) return null
  const at = runEndedAt ? ` at ${runEndedAt}` : ''
  return `${WORDS[runEndedAs]}${at}: nothing goes on by itself. To bring it back: sluice rerun ${cycle} --reason "…"`
}

/** Temporal knows at once what the reconciler will find. */
export function withEnd(row: CycleRow, temporal: Asked | { kind: 'live' }): CycleRow {
  const end = temporal.kind === 'closed' ? toRunEnd(temporal.as) : undefined
  return !end || row.runEndedAs || isSettled(row.state) ? row : { ...row, runEndedAs: end }
}

const WORDS: Record<RunEnd, string> = {
  completed: 'its run has ended',
  failed: 'its run gave up, because nobody reran it in time,',
  cancelled: 'its run was cancelled',
  terminated: 'its run was terminated',
  'timed-out': 'its run exceeded its time',
  forgotten: 'Temporal does not know its run any more',
}
