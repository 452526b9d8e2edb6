// The states of a job run, which of them are its end, and how Glue's events word each. Pure.

export const jobRunStates = [
  'STARTING',
  'RUNNING',
  'STOPPING',
  'STOPPED',
  'SUCCEEDED',
  'FAILED',
  'TIMEOUT',
  'ERROR',
  'WAITING',
  'EXPIRED',
] as const
export type JobRunState = (typeof jobRunStates)[number]

const ends = new Set<JobRunState>(['STOPPED', 'SUCCEEDED', 'FAILED', 'TIMEOUT', 'ERROR', 'EXPIRED'])

export const isEnd = (state: JobRunState) => ends.has(state)

export const isJobRunState = (text: string): text is JobRunState => (jobRunStates as readonly string[]).includes(text)

export interface StateChange {
  jobName: string
  severity: 'INFO' | 'WARN' | 'ERROR'
  state: JobRunState
  jobRunId: string
  message: string
}

/** The detail of `Glue Job State Change`; Glue sends none for ERROR, EXPIRED and states that are no end. */
export function toStateChange(run: {
  jobName: string
  id: string
  state: JobRunState
  errorMessage: string | undefined
}): StateChange | undefined {
  const { jobName, id: jobRunId, state } = run
  switch (state) {
    case 'SUCCEEDED':
      return { jobName, severity: 'INFO', state, jobRunId, message: 'Job run succeeded' }
    case 'STOPPED':
      return { jobName, severity: 'INFO', state, jobRunId, message: 'Job run stopped' }
    case 'TIMEOUT':
      return { jobName, severity: 'WARN', state, jobRunId, message: 'Job run timed out' }
    case 'FAILED': {
      const reason = run.errorMessage ?? 'no message'
      const message = `JobName:${jobName} and JobRunId:${jobRunId} failed to execute with exception ${reason}`
      return { jobName, severity: 'ERROR', state, jobRunId, message }
    }
    default:
      return undefined
  }
}

export interface StatusNotice {
  jobName: string
  severity: 'INFO'
  notificationCondition: { NotifyDelayAfter: number }
  state: JobRunState
  jobRunId: string
  message: string
  startedOn: string
}

/** The detail of `Glue Job Run Status`: a run goes on past its NotifyDelayAfter. */
export function toStatusNotice(run: {
  jobName: string
  id: string
  state: JobRunState
  startedMs: number
  notifyAfterMinutes: number | undefined
}): StatusNotice | undefined {
  const { jobName, id: jobRunId, state, notifyAfterMinutes } = run
  if (notifyAfterMinutes === undefined || isEnd(state)) return undefined
  return {
    jobName,
    severity: 'INFO',
    notificationCondition: { NotifyDelayAfter: notifyAfterMinutes },
    state,
    jobRunId,
    message: `Job is in ${state} state`,
    startedOn: new Date(run.startedMs).toISOString(),
  }
}

/** Sluice's own token, so that the ledger tells whose run a call was about. */
export function tokenFacts(run: { arguments: Record<string, string> }): Record<string, unknown> {
  const { '--sluice_workflow_id': workflowId, '--sluice_attempt': attempt } = run.arguments
  return { ...(workflowId !== undefined && { workflowId }), ...(attempt !== undefined && { attempt }) }
}
