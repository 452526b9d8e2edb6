// What the last tick of a domain's scheduler did and found. In: a domain. Out: its counts in words; an error names what
// nothing goes on with.
// Never: what a tick could not find out taken for nothing found.
import type { Client } from '@temporalio/client'
import { type Found, SCHEDULER_WORKFLOW, type Tick, toScheduleId } from '../workflows/contract.ts'
import type { Connection } from './connection.ts'
import { toCount } from './output.ts'

export async function checkLastTick({ temporal }: Connection, domain: string): Promise<string> {
  const ended = await readLastTick(await temporal(), domain)
  if (!ended) return 'none has ended yet'
  const { problems, said } = toTickWords(ended.tick)
  const words = `${ended.at}: ${[...problems, ...said].join('; ')}`
  if (problems.length > 0) throw new Error(words)
  return words
}

/** The newest that is over; undefined when there was none, or Temporal has forgotten it. */
async function readLastTick(client: Client, domain: string): Promise<{ at: string; tick: Tick } | undefined> {
  const { info } = await client.schedule.getHandle(toScheduleId(domain)).describe()
  for (const { action, takenAt } of info.recentActions.toReversed()) {
    const { workflowId, firstExecutionRunId } = action.workflow
    const handle = client.workflow.getHandle(workflowId, firstExecutionRunId)
    const { status } = await handle.describe()
    if (status.name === 'RUNNING') continue
    if (status.name === 'COMPLETED') return { at: takenAt.toISOString(), tick: (await handle.result()) as Tick }
    throw new Error(`the tick of ${takenAt.toISOString()} (${SCHEDULER_WORKFLOW}) ended as ${status.name}`)
  }
  return undefined
}

/** A problem is what no later tick mends. */
export function toTickWords(tick: Tick): { problems: string[]; said: string[] } {
  return {
    problems: [
      ...foundWords(tick.stuck?.unstarted, ['has', 'have'], 'not started, though nothing is missing'),
      ...foundWords(tick.stuck?.withoutWorker, ['is', 'are'], 'open without a worker of the version'),
    ],
    said: [
      `opened ${toCount(tick.opened.length, 'cycle')}`,
      ...toRepairWords(tick),
      ...toOperatorWords(tick),
      ...toRowWords(tick),
      ...toGlueWords(tick),
    ],
  }
}

/** None where none was found, or nobody knows. */
function foundWords(found: Found | null | undefined, [one, many]: [string, string], what: string): string[] {
  if (!found || found.count === 0) return []
  const { count, names } = found
  const more = count > names.length ? `, and ${count - names.length} more` : ''
  return [`${toCount(count, 'cycle')} ${count === 1 ? one : many} ${what} (${names.join(', ')}${more})`]
}

function toRepairWords({ repaired }: Tick): string[] {
  if (repaired === null) return ['could not find out who missed an arrival']
  return repaired > 0 ? [`told ${toCount(repaired, 'cycle')} what had passed by`] : []
}

/** Ticks of older versions did not look. */
function toOperatorWords({ holdsRepaired, latenessTold }: Tick): string[] {
  return [
    ...(holdsRepaired === null ? ['could not compare the holds'] : []),
    ...(holdsRepaired ? [`held or released ${toCount(holdsRepaired, 'cycle')} with their product after all`] : []),
    ...(latenessTold === null ? ['could not look for what is late'] : []),
    ...(latenessTold ? [`told of ${toCount(latenessTold, 'cause')} of lateness`] : []),
  ]
}

function toRowWords({ rows }: Tick): string[] {
  if (rows === undefined) return []
  if (rows === null) return ['could not compare the rows']
  const { compared, rewritten, withoutRun, unanswered, left } = rows
  return [
    `compared ${toCount(compared, 'row')} with the runs`,
    ...foundWords(rewritten, ['was', 'were'], 'written anew in the mirror'),
    ...foundWords(withoutRun, ['is', 'are'], ENDED_OUTSIDE),
    ...(unanswered > 0 ? [`${toCount(unanswered, 'run')} did not answer`] : []),
    ...(left > 0 ? [`${toCount(left, 'more row')} look wrong and come next`] : []),
  ]
}

const ENDED_OUTSIDE = 'open in the mirror though the run was ended from outside: a rerun brings it back'

function toGlueWords({ stuck }: Tick): string[] {
  if (!stuck) return stuck === undefined ? [] : ['could not look for what is stuck']
  const { unstarted, withoutWorker, glueEnds } = stuck
  return [
    ...(unstarted && withoutWorker ? [] : ['could not find out all that is stuck']),
    ...(glueEnds && glueEnds.byCheck > 0
      ? [
          `of ${toCount(glueEnds.count, 'Glue run')} that ended within a day ${glueEnds.byCheck} were found by asking, not by an event`,
        ]
      : []),
  ]
}
