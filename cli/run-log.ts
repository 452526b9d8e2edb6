// One attempt of a cycle as Glue and the mirror tell it. In: the attempt, its Glue run, the cycle's row. Out: what is known
// of it; lines for people.
// Never: the address of a log that no run wrote.
import type { JobRun } from '@aws-sdk/client-glue'
import type { Attempt } from '../model/cycle/attempt.ts'

export interface RunLog {
  attempt: number
  /** Null: no Glue run was started for it, as far as the mirror knows. */
  runId: string | null
  state: string
  error: string | null
  startedAt: string | null
  completedAt: string | null
  /** Null without a run. */
  link: string | null
  /** On a local stack only: what the run printed; empty when it was played by a fault switch instead of executed. */
  log: string | null
}

/** An attempt that ended without a run has its reason in the row, until the next one begins. */
export function toRunLog(
  { number, runId, end, endedAtMs }: Attempt,
  row: { lastAttempt: number; reason: string | null },
  run: JobRun | undefined,
): Omit<RunLog, 'link' | 'log'> {
  const isOver = endedAtMs !== null
  const whyNot = runId === null && isOver && number === row.lastAttempt ? row.reason : null
  return {
    attempt: number,
    runId,
    state: run?.JobRunState ?? end?.state ?? (isOver ? NOT_STARTED : 'not started'),
    error: run?.ErrorMessage ?? end?.error ?? whyNot,
    startedAt: run?.StartedOn?.toISOString() ?? null,
    completedAt: run?.CompletedOn?.toISOString() ?? null,
  }
}

const NOT_STARTED = 'was not started'

export function toLines(cycle: string, job: string, run: RunLog): string[] {
  const error = run.error ? `: ${run.error}` : ''
  if (run.runId === null)
    return [
      `attempt ${run.attempt}: ${job} ${run.state === NOT_STARTED ? NOT_STARTED : 'has no Glue run yet'}${error}`,
      `  Why: sluice explain ${cycle}. What mends it, where AWS refuses: sluice doctor`,
    ]
  const head = `attempt ${run.attempt}: ${job} ${run.runId} ${run.state}${error}`
  const times = run.startedAt ? [`  ${run.startedAt} to ${run.completedAt ?? 'now'}`] : []
  return [head, ...times, ...toLogLines(run.runId, run)]
}

function toLogLines(runId: string, { link, log }: RunLog): string[] {
  if (log === null) return [`  log: ${link}`, `  or: aws logs tail /aws-glue/jobs/error --log-stream-names ${runId}`]
  if (log === '') return ['  It printed nothing here (a run that a fault switch plays is not executed).']
  return log
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`)
}
