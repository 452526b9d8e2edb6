// AWS Glue on simulated time: runs that succeed, fail, are stopped, wait for a free slot, show late in the list, and whose
// end is told once, twice, late or never. Never: a run invented or forgotten: the ledger has every accepted StartJobRun.
import type { Operations } from './aws-call.ts'
import { awsError } from './aws-call.ts'
import type { AwsLedger } from './aws-ledger.ts'
import type { Hostility } from './hostility.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface Run {
  id: string
  job: string
  arguments: Record<string, string>
  startedAtMs: number
  /** When `GetJobRuns` shows it. */
  listedAtMs: number
  state: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMEOUT' | 'STOPPED' | 'ERROR'
  /** Of one that failed. */
  message: string
}

export interface Glue {
  runs: Run[]
  operations: Operations
}

export interface GlueParts {
  time: VirtualTime
  hostility: Hostility
  ledger: AwsLedger
  /** The account it is in, by its domain. */
  name: string
  begun(run: Run): void
  /** Sends a state-change event to whoever listens. */
  tell(run: Run): void
}

/** As long as the product can bear without a second fence (docs/aws-assumptions.md, A5), less what a slow call lasts. */
const LONGEST_LISTING_LAG_MS = 15_000

/** Words of Glue, not of a script. */
const GLUES_OWN = ['Internal service error', 'Rate exceeded']

export function createGlue({ time, hostility, ledger, name, begun, tell }: GlueParts): Glue {
  const { random } = hostility
  const runs: Run[] = []
  const enter = (run: Run, state: Run['state']): void => {
    run.state = state
    const { '--sluice_workflow_id': workflowId, '--sluice_attempt': attempt } = run.arguments
    const facts = { JobName: run.job, JobRunId: run.id, workflowId, attempt }
    ledger.add({ kind: 'run-state', service: 'glue', account: name, outcome: state, facts })
  }
  const start = (job: string, args: Record<string, string>): Run => {
    const nowMs = time.nowMs()
    const lagMs = hostility.strikes('a run listed late', 0.15) ? random.between(1_000, LONGEST_LISTING_LAG_MS) : 0
    const run: Run = {
      ...{ id: `jr_${name}_${runs.length + 1}`, job, arguments: args },
      ...{ startedAtMs: nowMs, listedAtMs: nowMs + lagMs, state: 'RUNNING', message: 'the job said no' },
    }
    runs.push(run)
    enter(run, 'RUNNING')
    begun(run)
    const lastsMs = random.pick([500, 5_000, 60_000, 600_000, 2_400_000])
    time.after(random.between(1, lastsMs), `Glue run ${run.id} ends`, () => {
      if (run.state !== 'RUNNING') return
      if (!hostility.strikes('a Glue run fails', 0.12)) return end(run, 'SUCCEEDED')
      if (hostility.strikes('a failure of Glue itself', 0.3)) run.message = random.pick(GLUES_OWN)
      end(run, random.pick(['FAILED', 'TIMEOUT', 'FAILED', 'ERROR']))
    })
    return run
  }
  const end = (run: Run, state: Run['state']): void => {
    enter(run, state)
    // AWS sends none for this state.
    if (state === 'ERROR') return
    if (hostility.strikes('the end of a Glue run is not told', 0.15)) return
    tell(run)
    if (hostility.strikes('the end of a Glue run is told twice', 0.2)) tell(run)
  }
  const find = (id: string, job: string): Run | undefined => runs.find((run) => run.id === id && run.job === job)
  return {
    runs,
    operations: {
      StartJobRun: ({ JobName, Arguments }: { JobName: string; Arguments: Record<string, string> }) => {
        if (hostility.strikes('no free slot in Glue', 0.08))
          throw awsError(random.pick(['ConcurrentRunsExceededException', 'ResourceNumberLimitExceededException']))
        if (hostility.strikes('a job that is not there', 0.003)) throw awsError('EntityNotFoundException')
        return { JobRunId: start(JobName, Arguments).id }
      },
      GetJobRun: ({ JobName, RunId }: { JobName: string; RunId: string }) => {
        const run = find(RunId, JobName)
        if (!run || hostility.strikes('a run that Glue does not know yet', 0.02))
          throw awsError('EntityNotFoundException')
        return { JobRun: toJobRun(run) }
      },
      /** Pages of two, so that a search that takes only the first page is seen. */
      GetJobRuns: ({ JobName, NextToken }: { JobName: string; NextToken?: string }) => {
        const isListed = (run: Run): boolean => run.job === JobName && run.listedAtMs <= time.nowMs()
        const newest = runs.filter(isListed).toReversed()
        const at = Number(NextToken ?? 0)
        const more = at + 2 < newest.length ? { NextToken: String(at + 2) } : {}
        return { JobRuns: newest.slice(at, at + 2).map(toJobRun), ...more }
      },
      BatchStopJobRun: ({ JobName, JobRunIds }: { JobName: string; JobRunIds: string[] }) => {
        const run = find(JobRunIds[0] ?? '', JobName)
        const ErrorDetail = { ErrorCode: 'JobRunNotInTerminableStateException', ErrorMessage: 'not running' }
        if (run?.state !== 'RUNNING') return { Errors: [{ JobRunId: JobRunIds[0], ErrorDetail }] }
        end(run, 'STOPPED')
        return { Errors: [] }
      },
    },
  }
}

const toJobRun = (run: Run): object => ({
  ...{ Id: run.id, JobName: run.job, JobRunState: run.state, Arguments: run.arguments },
  ...{ StartedOn: new Date(run.startedAtMs), ExecutionTime: 1 },
  ...(run.state === 'SUCCEEDED' || run.state === 'RUNNING' ? {} : { ErrorMessage: run.message }),
})
