// One attempt of a cycle as Glue and the mirror tell it. In: the attempt, its Glue run. Out: lines for people.
// Never: the address of a log that no run wrote.

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

export function toLines(cycle: string, job: string, run: RunLog): string[] {
  const error = run.error ? `: ${run.error}` : ''
  if (run.runId === null)
    return [
      `attempt ${run.attempt}: ${job} has no Glue run yet${error}`,
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
