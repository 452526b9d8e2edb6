// Why a cycle stands where it stands: one sentence, why it ran, what it waits for down to the root. In: the cycle as its workflow and
// the mirror have it. Out: words and data. Never: silence about what could not be asked.
import { readCutoffThen } from '../mirror/blockers.ts'
import { toDependency } from '../mirror/past.ts'
import type { CycleReport } from '../mirror/status.ts'
import { conditionOf } from '../model/cycle/condition.ts'
import { type Cycle, isUnbegun } from '../model/cycle/cycle.ts'
import { inputsOf, missingOf } from '../model/cycle/inputs.ts'
import { type GoingOn, listGoingOn } from '../model/explain/going-on.ts'
import { toRunSentences } from '../model/explain/why-ran.ts'
import type { CycleParts } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import { type Explained, explainBlockers } from './explain-blockers.ts'
import { type TakenBack, takenBackSentence, toTakenBack } from './explain-taken-back.ts'
import { type Times, timeLines } from './explain-times.ts'
import { toSentence, toTreeData, treeLines, unblockLines } from './explain-tree.ts'
import { talk } from './output.ts'

export interface Why {
  /** Null of a cycle that has nothing more to wait for. */
  sentence: string | null
  ran: string[]
  /** Null: what it published last still counts, or it has published nothing. */
  takenBack: TakenBack | null
  times: Times
  isWaiting: boolean
  /** Undefined where the mirror could not be asked. */
  explained: Explained | undefined
  nowMs: number
}

export interface Known {
  parts: CycleParts
  live: Cycle | undefined
  report: CycleReport | undefined
  /** False: it did not answer, which was said. */
  isMirrorAsked: boolean
}

export async function readWhy({ db }: Connection, known: Known, nowMs: number): Promise<Why> {
  const { parts, live, report, isMirrorAsked } = known
  const runEndedAs = report?.row.runEndedAs ?? null
  const ask = () => explainBlockers(db(), { parts, live, runEndedAs, nowMs, isPast: false })
  const explained = isMirrorAsked ? await withoutMirror(ask) : undefined
  const standing = live ?? report?.row
  const isWaiting = standing !== undefined && isUnbegun(standing)
  return {
    sentence: (explained ? toSentence(explained, nowMs, false) : live && toLoneSentence(live, nowMs)) ?? null,
    ran: report ? toRunSentences(toRemembered(report)) : [],
    takenBack: report ? toTakenBack(report, { top: explained?.top, live: live && { cycle: live, nowMs } }) : null,
    times: live ? liveTimes(live, nowMs) : await rowTimes(db, report, nowMs),
    ...{ isWaiting, explained, nowMs },
  }
}

async function withoutMirror<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    talk(`What it waits for cannot be followed further: ${(error as Error).message}`)
    return undefined
  }
}

function toLoneSentence(cycle: Cycle, nowMs: number): string | undefined {
  if (!isUnbegun(cycle)) return undefined
  const missing = missingOf(cycle, nowMs)
  if (missing.length === 0) return undefined
  return `It waits for ${missing.join(', ')}; how these stand is not known, because the mirror does not answer.`
}

export function toRemembered({
  row,
  dependencies,
  deliveries,
  actions,
}: CycleReport): Parameters<typeof toRunSentences>[0] {
  const counted = dependencies.filter(({ position }) => position !== null)
  const { attempts, condition, notBefore, cutoffAt } = row
  return { dependencies: counted.map(toDependency), attempts, condition, deliveries, actions, notBefore, cutoffAt }
}

function liveTimes(cycle: Cycle, nowMs: number): Times {
  const { notBeforeMs, cutoffMs, availableByMs, definition } = cycle.input
  const gathered = { condition: conditionOf(cycle.input), dependencies: inputsOf(cycle) }
  return {
    ...{ notBefore: toIso(notBeforeMs), cutoffAt: toIso(cutoffMs), availableBy: toIso(availableByMs) },
    cutoffThen: definition.cutoff?.then,
    goesOn: isUnbegun(cycle) ? listGoingOn(gathered, nowMs) : [],
  }
}

async function rowTimes(db: Connection['db'], report: CycleReport | undefined, nowMs: number): Promise<Times> {
  if (!report) return { notBefore: null, cutoffAt: null, cutoffThen: undefined, availableBy: null, goesOn: [] }
  const { product, definitionVersion, notBefore, cutoffAt, availableBy } = report.row
  const then = cutoffAt && (await withoutMirror(() => readCutoffThen(db(), product, definitionVersion)))
  return { notBefore, cutoffAt, availableBy, cutoffThen: then || undefined, goesOn: rowGoesOn(report, nowMs) }
}

/** Without a run nothing goes on; without a condition of its own it needs all of them. */
function rowGoesOn(report: CycleReport, nowMs: number): GoingOn[] {
  const { condition, dependencies } = toRemembered(report)
  const isWaiting = isUnbegun(report.row) && !report.row.runEndedAs
  return isWaiting && condition ? listGoingOn({ condition, dependencies }, nowMs) : []
}

const toIso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())

/** Directly below the name of the cycle. */
export const reasonLines = ({ sentence, takenBack, ran, times, isWaiting }: Why): string[] => [
  ...(sentence ? [sentence] : []),
  ...(takenBack ? [takenBackSentence(takenBack)] : []),
  ...ran,
  ...timeLines(times, isWaiting),
]

/** Below its inputs. */
export const blockerLines = ({ explained, nowMs }: Why): string[] =>
  explained ? [...treeLines(explained, nowMs), ...unblockLines(explained)] : []

export const toWhyData = ({ sentence, takenBack, ran, times, explained }: Why) => ({
  sentence: sentence ?? (takenBack && takenBackSentence(takenBack)),
  ...{ ran, takenBack },
  times: { ...times, cutoffThen: times.cutoffThen ?? null },
  blockers: explained ? toTreeData(explained) : null,
})
