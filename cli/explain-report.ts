// What the mirror has of a cycle, in lines: how it stands, its attempts, what happened so far. In: its report. Out: text. Pure but for
// the time. Never: a decision.
import { toDependency } from '../mirror/past.ts'
import { type ActionRow, type CycleReport, type CycleRow, type DependencyRow, flagsAt } from '../mirror/status.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import { type CycleInput, isUnbegun } from '../model/cycle/cycle.ts'
import { FAILURE_WORDS } from '../model/cycle/failure-class.ts'
import { flagWords } from '../model/cycle/flags.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'
import { toAsked } from './audit-words.ts'
import { toEndedWords } from './ended-run.ts'
import { outdatedLines, readWords } from './explain-data.ts'
import { type Heard, inputLines, OPEN_WORDS, PAST_WORDS } from './explain-inputs.ts'
import { colourState } from './output.ts'

export const toHeader = ({ row: { cycle, state, step, reason } }: CycleReport): string =>
  `${cycle}  ${colourState(state)}${step ? ` (${step})` : ''}${reason ? `: ${toOneLine(reason)}` : ''}`

/** Of a cycle whose workflow does not tell it. */
export function standingLines(report: CycleReport, nowMs: number): string[] {
  const { row } = report
  const ended = toEndedWords(row)
  return [
    ...(ended ? [ended] : []),
    // What was taken back is told above, by whom too.
    ...flagsAt(row, nowMs)
      .filter((flag) => flag !== 'taken-back')
      .map(flagWords),
    ...pastLines(report, nowMs),
    ...outdatedLines(report),
  ]
}

export function historyLines({ row, transitions, deliveries, actions }: CycleReport): string[] {
  const attempts = row.attempts.map((attempt) => {
    const { number, runId, end, endedAtMs, adopted, failure, inputs } = attempt
    const how = end
      ? `${end.state}${failure ? `, ${FAILURE_WORDS[failure] ?? failure}` : ''}${end.error ? `: ${toOneLine(end.error)}` : ''}, found by ${end.noticedBy}`
      : toOpenEnd(row, endedAtMs)
    return `attempt ${number}${adopted ? ' (adopted)' : ''} ${runId ?? 'not started'}: ${how}${readWords({ ...(inputs && { inputs }) })}${toSilence(attempt, row)}`
  })
  const published = row.publishedEventId ? [`published ${row.publishedEventId} at ${row.publishedAt}`] : []
  const story = toStory(transitions, deliveries, actions).map(({ at, said }) => `  ${at}  ${said}`)
  return [...attempts, ...published, 'so far:', ...story]
}

/** Its data lies where consumers look for what was published. */
function toSilence({ number, isUnpublished, end }: CycleRow['attempts'][number], row: CycleRow): string {
  if (!isUnpublished) return ''
  const { lastAttempt, revision } = row
  const isThere = number === lastAttempt && end?.state === 'SUCCEEDED' && revision > 0
  return `; published nothing (--no-publish)${isThere ? `: consumers know it as revision ${revision}, which it has overwritten` : ''}`
}

/** Nobody has told how its Glue run ended. */
function toOpenEnd({ state, step }: CycleRow, endedAtMs: number | null): string {
  if (state === 'ERROR' && step === 'start') return 'Glue did not take it'
  if (state === 'PROCESSING') return 'under way'
  return endedAtMs === null ? 'given up: its end was not waited for' : 'over'
}

/** As the mirror has them: those that the condition counts by its words, others (of older versions) one by one. */
function pastLines(report: CycleReport, nowMs: number): string[] {
  const { state, step, condition } = report.row
  const rows = report.dependencies
  const words = isUnbegun({ state, step }) ? OPEN_WORDS : PAST_WORDS
  const lines = (input: Pick<CycleInput, 'condition'>, of: DependencyRow[]): string[] => {
    const dependencies = of.map(toDependency)
    return inputLines({ ...input, expected: dependencies }, { dependencies, words, nowMs, heard: toHeardThen(report) })
  }
  const counted = rows.filter(({ position }) => position !== null)
  const others = rows.filter(({ position }) => position === null)
  return [...lines(condition ? { condition } : {}, counted), ...lines({}, others)]
}

/** What could not be read has no revision. */
export const toHeardThen = ({ deliveries }: Pick<CycleReport, 'deliveries'>): Heard[] =>
  deliveries.flatMap(({ revision, ...one }) =>
    revision === null
      ? []
      : [{ ...one, revision, upstream: one.upstream as ProductId, upstreamKey: one.upstreamKey as CycleKey }],
  )

/** Moves, events and commands in the order in which they happened. */
export function toStory(
  transitions: CycleReport['transitions'],
  deliveries: CycleReport['deliveries'],
  actions: CycleReport['actions'],
): { at: string; said: string }[] {
  const moves = transitions.map(({ at, from, to, reason }) => ({
    at,
    said: `${from ?? 'opened'} -> ${to}${reason ? `: ${toOneLine(reason)}` : ''}`,
  }))
  const events = deliveries.map(({ at, eventId, outcome, note, seen }) => ({
    at,
    said: `event ${eventId}: ${outcome}${note ? ` (${note})` : ''}${seen > 1 ? `, came ${seen} times` : ''}`,
  }))
  const commands = actions.map(({ at, action, asked, actor, reason, outcome, refusedBecause, ...versions }) => ({
    at,
    said: `${action}${toAsked(asked)}${toVersions(versions)} by ${actor}, "${reason}": ${outcome}${refusedBecause ? `, ${refusedBecause}` : ''}`,
  }))
  // Of the same instant: the event before the move it caused.
  return [...events, ...commands, ...moves].toSorted((a, b) => a.at.localeCompare(b.at))
}

const toVersions = ({ fromVersion, toVersion }: Pick<ActionRow, 'fromVersion' | 'toVersion'>): string =>
  toVersion === null ? '' : ` from version ${fromVersion} to ${toVersion}`
