// As what a closed cycle comes back: asked for by somebody, or by corrections that no open run took. In: the cycle's version, the
// corrections, how it last stood, the time. Out: the input of its next run, or none. Pure: whoever reruns asks here, the bridge,
// the tick, the simulation.
// Never: by an answer older than a run takes.
import { rememberCorrections } from '../cycle/corrections.ts'
import type { CycleInput, CycleSettings, PastRuns } from '../cycle/cycle.ts'
import type { Past } from '../cycle/last-end.ts'
import { comesBack } from '../cycle/revisions.ts'
import { refusesPartial, runsAgainFor } from '../dependencies.ts'
import type { Arrival } from '../refresh-event.ts'
import { type Opening, openCycle } from './due.ts'
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

type Reopened = Pick<Route, 'version' | 'key' | 'timetable'>

/** What an attempt has made and is only published belongs to the version that it was made by. */
export const goesByItsOwn = ({ attempt }: Pick<Past, 'attempt'>): boolean => attempt !== null

/**
 * The input of the next run that somebody asks for, with nobody's command in it yet. `published`: what came of its inputs while no
 * run was open to remember it.
 */
export function toNextRun(
  { version, key, timetable }: Reopened,
  past: Past,
  { published, ...opening }: Opening & { published: Arrival[] },
): CycleInput {
  const taken = published.filter((arrival) => !refusesPartial(version.definition, arrival))
  const dependencies = rememberCorrections(past.dependencies, taken)
  return { ...openCycle(timetable, version, { key, ...opening }), past: { ...past, dependencies, command: null } }
}

/** What a rerun of an open cycle brings so that it goes by this version; undefined: it carries that, or a newer one. */
export const toRerunBy = (
  { version, key, timetable }: Reopened,
  { definitionVersion, openedBy, settings }: CycleInput,
): CycleInput | undefined =>
  version.version > definitionVersion ? openCycle(timetable, version, { key, openedBy, settings }) : undefined

const OLDEST_PAST_MS = 30_000

/** Whether a run may have been opened, have run and closed since how it stood was asked for: it would be repeated. */
export const isPastStale = (askedAtMs: number, nowMs: number): boolean => nowMs - askedAtMs > OLDEST_PAST_MS
