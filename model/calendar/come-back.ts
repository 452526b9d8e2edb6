// Whether corrections that no open run took bring a closed cycle back, and as what. In: the cycle's version, the corrections,
// how it last stood, the time. Out: the input of its next run, or none. Pure: the bridge asks here, the tick, the simulation.
// Never: by an answer older than a run takes.
import type { CycleInput, CycleSettings, PastRuns } from '../cycle/cycle.ts'
import { comesBack } from '../cycle/revisions.ts'
import { runsAgainFor } from '../dependencies.ts'
import type { Arrival } from '../refresh-event.ts'
import { openCycle } from './due.ts'
import type { OpeningWindow, Route } from './routing.ts'

/** Whether it makes sense to read how it stood: its definition or the rerun behind the correction asks for it, and it is not as old as what opens no cycle. */
export const mayComeBack = (
  { version, isCurrent, dueAtMs }: Pick<Route, 'version' | 'isCurrent' | 'dueAtMs'>,
  corrections: Arrival[],
  { acceptForMs }: OpeningWindow,
  nowMs: number,
): boolean =>
  isCurrent &&
  dueAtMs >= nowMs - acceptForMs &&
  corrections.some((correction) => runsAgainFor(version.definition, correction))

/** The input of its next run, which judges the corrections itself; null when no run follows from them. */
export function reopenFor(
  { version, key, timetable }: Pick<Route, 'version' | 'key' | 'timetable'>,
  past: Omit<PastRuns, 'command'>,
  corrections: Arrival[],
  { settings, nowMs }: { settings: CycleSettings; nowMs: number },
): CycleInput | null {
  const opened = openCycle(timetable, version, { key, openedBy: 'rerun', settings })
  const input = { ...opened, past: { ...past, command: null } }
  return corrections.some((correction) => comesBack(input, correction, nowMs)) ? input : null
}

const OLDEST_PAST_MS = 30_000

/** Whether a run may have been opened, have run and closed since how it stood was asked for: it would be repeated. */
export const isPastStale = (askedAtMs: number, nowMs: number): boolean => nowMs - askedAtMs > OLDEST_PAST_MS
