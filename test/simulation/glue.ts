// AWS Glue on simulated time: runs that succeed, fail, hang in the queue, and whose end is told once, twice, late or never.
// Never: a run invented or forgotten: `runs` is the ledger of every accepted StartJobRun.
import type { Operations } from './aws-call.ts'
import { awsError } from './aws-call.ts'
import type { Hostility } from './hostility.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface Run {
  id: string
  job: string
  arguments: Record<string, string>
  startedAtMs: number
  state: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMEOUT' | 'STOPPED'
  endedAtMs: number | null
}

export interface Glue {
  runs: Run[]
  operations: Operations
}

/** `tell` sends a state-change event to whoever listens. */
export function createGlue(time: VirtualTime, hostility: Hostility, name: string, tell: (run: Run) => void): Glue {
  const { random } = hostility
  const runs: Run[] = []
  const start = (job: string, args: Record<string, string>): Run => {
    const run: Run = {
      ...{ id: `jr_${name}_${runs.length + 1}`, job, arguments: args },
      ...{ startedAtMs: time.nowMs(), state: 'RUNNING', endedAtMs: null },
    }
    runs.push(run)
    const lastsMs = random.pick([500, 5_000, 60_000, 600_000, 2_400_000])
    time.after(random.between(1, lastsMs), `Glue run ${run.id} ends`, () => {
      run.state = hostility.chance(0.12) ? random.pick(['FAILED', 'TIMEOUT', 'FAILED']) : 'SUCCEEDED'
      run.endedAtMs = time.nowMs()
      if (hostility.chance(0.15)) return
      tell(run)
      if (hostility.chance(0.2)) tell(run)
    })
    return run
  }
  const toJobRun = (run: Run): object => ({
    ...{ Id: run.id, JobName: run.job, JobRunState: run.state, Arguments: run.arguments },
    ...{ StartedOn: new Date(run.startedAtMs), ExecutionTime: 1 },
    ...(run.state === 'SUCCEEDED' || run.state === 'RUNNING' ? {} : { ErrorMessage: 'the job said no' }),
  })
  return {
    runs,
    operations: {
      StartJobRun: ({ JobName, Arguments }: { JobName: string; Arguments: Record<string, string> }) => {
        if (hostility.chance(0.08))
          throw awsError(random.pick(['ConcurrentRunsExceededException', 'ResourceNumberLimitExceededException']))
        return { JobRunId: start(JobName, Arguments).id }
      },
      GetJobRun: ({ JobName, RunId }: { JobName: string; RunId: string }) => {
        const run = runs.find(({ id, job }) => id === RunId && job === JobName)
        if (!run || hostility.chance(0.02)) throw awsError('EntityNotFoundException')
        return { JobRun: toJobRun(run) }
      },
      /** Pages of two, so that a search that takes only the first page is seen. */
      GetJobRuns: ({ JobName, NextToken }: { JobName: string; NextToken?: string }) => {
        const newest = runs.filter(({ job }) => job === JobName).toReversed()
        const at = Number(NextToken ?? 0)
        const more = at + 2 < newest.length ? { NextToken: String(at + 2) } : {}
        return { JobRuns: newest.slice(at, at + 2).map(toJobRun), ...more }
      },
    },
  }
}
