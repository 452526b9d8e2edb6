// In: a cycle. Out: what the Temporal UI shows of it, in Markdown: the state in words and the checklist.
import { type Cycle, currentAttempt, type DependencyStatus } from '../model/cycle/cycle.ts'

/** The UI takes 20,000 characters; the dev server does not enforce it, so it is cut here. */
const LONGEST = 19_000

export function toDetails(cycle: Cycle): string {
  const lines = [`**${toSentence(cycle)}**`, '', ...toChecklist(cycle), ...toRun(cycle)]
  return lines.join('\n').slice(0, LONGEST)
}

function toSentence(cycle: Cycle): string {
  const where = cycle.step ? `${cycle.state} (${cycle.step})` : cycle.state
  return cycle.reason ? `${where}: ${cycle.reason}` : where
}

function toChecklist(cycle: Cycle): string[] {
  if (cycle.dependencies.length === 0) return ['Waits for no upstream.']
  return ['| upstream | cycle | state | arrived |', '| --- | --- | --- | --- |', ...cycle.dependencies.map(toRow)]
}

const toRow = ({ product, key, state, arrival, arrivedAtMs, blocker }: DependencyStatus): string => {
  const when = arrivedAtMs === null ? '' : `${toIso(arrivedAtMs)}, revision ${arrival?.revision ?? '?'}`
  const why = blocker
    ? `blocked: ${blocker.state}${blocker.step ? ` (${blocker.step})` : ''} ${toCell(blocker.reason)}`
    : ''
  return `| ${product} | ${key} | ${state} | ${when}${why} |`
}

const toCell = (text: string): string => text.replaceAll(/[|\r\n]+/g, ' ').slice(0, 300)

function toRun(cycle: Cycle): string[] {
  const attempt = currentAttempt(cycle)
  if (!attempt) return []
  const run = attempt.runId ? ` Glue run \`${attempt.runId}\`` : ''
  const pause = cycle.retryAtMs === null ? '' : `, next attempt at ${toIso(cycle.retryAtMs)}`
  return [
    '',
    `Attempt ${attempt.number} of job \`${cycle.input.definition.run.glue}\`${run}: ${attempt.end?.state ?? 'under way'}${pause}`,
  ]
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()
