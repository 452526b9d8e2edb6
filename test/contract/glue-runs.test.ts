// Contract: runs of Glue jobs, from StartJobRun to their end.
import { GetJobRunsCommand, GlueClient, StartJobRunCommand, UpdateJobCommand } from '@aws-sdk/client-glue'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { codeOf, ended, MINUTE_MS, onGlue, RUNNING } from './glue-stage.ts'

const RUNS = 'aws-glue-api-jobs-runs'
const STATES = 'job-run-statuses'

const endings: Claim[] = (
  [
    ['glue-027', 'SUCCEEDED', undefined],
    ['glue-028', 'FAILED', 'no such table'],
    ['glue-029', 'ERROR', 'the job is gone'],
    ['glue-030', 'EXPIRED', undefined],
  ] as const
).map(([id, state, message]) => ({
  id,
  says: `a run that ended ${state} has CompletedOn, and ${message === undefined ? 'no message' : 'says why'}; it stays so`,
  source: STATES,
  needs: ['faults', 'clock'],
  holds: onGlue(async (stage) => {
    const job = await stage.createJob({ Timeout: 5 })
    const runId = await stage.play(job, ended(state, message))
    await stage.target.pass(6 * MINUTE_MS)
    const run = await stage.getRun(job, runId)
    expect([run.JobRunState, run.ErrorMessage]).toEqual([state, message])
    expect(run.CompletedOn).toBeInstanceOf(Date)
    expect(run.LastModifiedOn).toEqual(run.CompletedOn)
  }),
}))

putClaims([
  ...endings,
  {
    id: 'glue-031',
    says: 'StartJobRun answers an id that begins with jr_, and GetJobRun knows it at once',
    source: RUNS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const runId = await stage.play(job, [{ state: 'RUNNING', afterMs: 60 * MINUTE_MS }])
      expect(runId).toMatch(/^jr_[0-9a-f]{64}$/)
      expect(await stage.getRun(job, runId)).toMatchObject({ Id: runId, JobName: job, JobRunState: 'STARTING' })
    }),
  },
  {
    id: 'glue-032',
    says: 'a live run has StartedOn and LastModifiedOn, and neither CompletedOn nor ErrorMessage',
    source: RUNS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const run = await stage.getRun(job, await stage.play(job, RUNNING))
      expect([run.JobRunState, run.CompletedOn, run.ErrorMessage]).toEqual(['RUNNING', undefined, undefined])
      expect(run.StartedOn).toBeInstanceOf(Date)
      expect(run.LastModifiedOn).toBeInstanceOf(Date)
    }),
  },
  {
    id: 'glue-033',
    says: 'LastModifiedOn moves with the state',
    source: RUNS,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const runId = await stage.play(job, [{ state: 'RUNNING', afterMs: MINUTE_MS }])
      await stage.target.pass(MINUTE_MS)
      const run = await stage.untilState(job, runId, 'RUNNING')
      expect(Number(run.LastModifiedOn)).toBeGreaterThan(Number(run.StartedOn))
    }),
  },
  {
    id: 'glue-034',
    says: 'ExecutionTime is the seconds that the run consumed resources',
    source: 'model: Glue JobRun.ExecutionTime',
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const runId = await stage.play(job, [...RUNNING, { state: 'SUCCEEDED', afterMs: 3 * MINUTE_MS }])
      await stage.target.pass(3 * MINUTE_MS)
      const run = await stage.untilState(job, runId, 'SUCCEEDED')
      expect(run.ExecutionTime).toBeGreaterThanOrEqual(180)
      expect(run.ExecutionTime).toBeLessThan(240)
    }),
  },
  {
    id: 'glue-035',
    says: 'a run past its time-out ends in TIMEOUT; a job’s time-out holds for runs that name none',
    source: STATES,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ Timeout: 2 })
      const runId = await stage.play(job, RUNNING)
      expect((await stage.getRun(job, runId)).Timeout).toBe(2)
      await stage.target.pass(2 * MINUTE_MS)
      const run = await stage.untilState(job, runId, 'TIMEOUT')
      expect(run.ExecutionTime).toBeGreaterThanOrEqual(120)
      expect(run.CompletedOn).toBeInstanceOf(Date)
    }),
  },
  {
    id: 'glue-036',
    says: 'the time-out of a run overrides the one of its job',
    source: 'model: Glue StartJobRunRequest.Timeout',
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ Timeout: 2 })
      const runId = await stage.play(job, RUNNING, { Timeout: 30 })
      await stage.target.pass(20 * MINUTE_MS)
      expect(await stage.getRun(job, runId)).toMatchObject({ JobRunState: 'RUNNING', Timeout: 30 })
      await stage.target.pass(10 * MINUTE_MS)
      await stage.untilState(job, runId, 'TIMEOUT')
    }),
  },
  {
    id: 'glue-037',
    says: 'a run’s time-out is 1 to 10,080 minutes',
    source: 'model: Glue StartJobRunRequest.Timeout',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      expect(await codeOf(stage.start(job, { Timeout: 10_081 }))).toBe('InvalidInputException')
      expect(await codeOf(stage.start(job, { Timeout: 0 }))).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-038',
    says: 'a run shows the arguments that its start named, not the defaults of its job',
    source: RUNS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ DefaultArguments: { '--mode': 'full' } })
      const Arguments = { '--book': 'eq ü' }
      expect((await stage.getRun(job, await stage.play(job, RUNNING, { Arguments }))).Arguments).toEqual(Arguments)
    }),
  },
  {
    id: 'glue-039',
    says: 'an argument’s value is a text',
    source: 'model: Glue GenericMap',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const Arguments = { '--n': 1 as unknown as string }
      expect(await codeOf(stage.start(job, { Arguments }))).toMatch(/^(InvalidInput|Serialization)Exception$/)
    }),
  },
  {
    id: 'glue-040',
    says: 'StartJobRun of a job that does not exist is an EntityNotFoundException',
    source: 'model: Glue StartJobRun',
    holds: onGlue(async (stage) => {
      expect(await codeOf(stage.start(`${stage.target.prefix}none`))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-041',
    says: 'GetJobRun of a run that does not exist is an EntityNotFoundException',
    source: 'model: Glue GetJobRun',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      expect(await codeOf(stage.getRun(job, 'jr_none'))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-042',
    says: 'a run is found under its own job only',
    source: 'model: Glue GetJobRun',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const runId = await stage.play(await stage.createJob(), RUNNING)
      expect(await codeOf(stage.getRun(await stage.createJob(), runId))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-043',
    says: 'there is no client token: the same StartJobRun twice is two runs',
    source: 'model: Glue StartJobRunRequest',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ ExecutionProperty: { MaxConcurrentRuns: 2 } })
      const Arguments = { '--token': 'same' }
      const ids = [await stage.play(job, RUNNING, { Arguments }), await stage.play(job, RUNNING, { Arguments })]
      expect(new Set(ids).size).toBe(2)
    }),
  },
  {
    id: 'glue-044',
    says: 'a start whose answer is lost has started a run all the same',
    source: RUNS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const lose = {
        service: 'glue',
        operation: 'StartJobRun',
        where: { JobName: job },
        action: { kind: 'lose-reply' },
      }
      await stage.target.fault(lose)
      expect(await codeOf(stage.start(job))).not.toBe('ok')
      expect(await stage.listRuns(job)).toHaveLength(1)
    }),
  },
  {
    id: 'glue-045',
    says: 'GetJobRuns lists newest first',
    source: RUNS,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const ids: string[] = []
      for (let run = 0; run < 3; run += 1) {
        ids.push(await stage.play(job, ended('SUCCEEDED')))
        await stage.target.pass(1_000)
      }
      expect((await stage.listRuns(job)).map(({ Id }) => Id)).toEqual(ids.toReversed())
    }),
  },
  {
    id: 'glue-046',
    says: 'pages of runs join to all of them, each once, also when a run starts between two pages',
    source: 'model: Glue GetJobRuns',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const ids: string[] = []
      for (let run = 0; run < 5; run += 1) ids.push(await stage.play(job, ended('SUCCEEDED')))
      const found: (string | undefined)[] = []
      let NextToken: string | undefined
      do {
        const page: { JobRuns?: { Id?: string }[]; NextToken?: string } = await stage.client.send(
          new GetJobRunsCommand({ JobName: job, MaxResults: 2, NextToken }),
        )
        if (NextToken === undefined) await stage.play(job, ended('SUCCEEDED'))
        found.push(...(page.JobRuns ?? []).map(({ Id }) => Id))
        NextToken = page.NextToken
      } while (NextToken !== undefined)
      expect(found).toEqual(ids.toReversed())
    }),
  },
  {
    id: 'glue-047',
    says: 'a page of runs has at most 200',
    source: 'model: Glue OrchestrationPageSize200',
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob()
      const page = (MaxResults: number) => codeOf(stage.client.send(new GetJobRunsCommand({ JobName, MaxResults })))
      expect(await page(200)).toBe('ok')
      expect(await page(201)).toBe('InvalidInputException')
      expect(await page(0)).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-048',
    says: 'GetJobRuns of a job that does not exist is an EntityNotFoundException',
    source: 'model: Glue GetJobRuns',
    holds: onGlue(async (stage) => {
      expect(await codeOf(stage.listRuns(`${stage.target.prefix}none`))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-049',
    says: 'another account does not see the run',
    source: RUNS,
    needs: ['faults', 'second-account'],
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob()
      await stage.play(JobName, RUNNING)
      const stranger = new GlueClient(stage.target.options(stage.target.otherAccount))
      const code = await codeOf(stranger.send(new GetJobRunsCommand({ JobName })))
      stranger.destroy()
      expect(code).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-050',
    says: 'the input JobRunId retries an ended run: a new id, the next Attempt, PreviousRunId, its arguments',
    source: 'model: Glue StartJobRunRequest.JobRunId',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const Arguments = { '--book': 'eq' }
      const old = await stage.play(job, ended('FAILED', 'x'), { Arguments })
      const again = await stage.play(job, RUNNING, { JobRunId: old })
      expect(again).not.toBe(old)
      expect(await stage.getRun(job, again)).toMatchObject({ Attempt: 1, PreviousRunId: old, Arguments })
      expect((await stage.getRun(job, old)).Attempt).toBe(0)
    }),
  },
  {
    id: 'glue-051',
    says: 'to retry a run that does not exist is an EntityNotFoundException',
    source: 'model: Glue StartJobRunRequest.JobRunId',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      expect(await codeOf(stage.start(job, { JobRunId: 'jr_none' }))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-052',
    says: 'a run shows its workers, their DPU, and the Glue version of its job',
    source: 'model: Glue JobRun',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ WorkerType: 'G.1X', NumberOfWorkers: 2, GlueVersion: '5.0' })
      const run = await stage.getRun(job, await stage.play(job, RUNNING, { NumberOfWorkers: 5 }))
      expect(run).toMatchObject({ WorkerType: 'G.1X', NumberOfWorkers: 5, MaxCapacity: 5, GlueVersion: '5.0' })
    }),
  },
  {
    id: 'glue-053',
    says: 'a run cannot name MaxCapacity beside workers',
    source: 'model: Glue StartJobRunRequest.MaxCapacity',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const both = { MaxCapacity: 2, WorkerType: 'G.1X', NumberOfWorkers: 2 } as const
      expect(await codeOf(stage.start(job, both))).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-054',
    says: 'a FLEX run tells its DPUSeconds, a STANDARD run does not',
    source: 'model: Glue JobRun.DPUSeconds',
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ WorkerType: 'G.2X', NumberOfWorkers: 2 })
      const steps = [...RUNNING, { state: 'SUCCEEDED', afterMs: MINUTE_MS }]
      const runOf = async (ExecutionClass: 'FLEX' | 'STANDARD') => {
        const runId = await stage.play(job, steps, { ExecutionClass })
        await stage.target.pass(MINUTE_MS)
        return stage.untilState(job, runId, 'SUCCEEDED')
      }
      const flex = await runOf('FLEX')
      expect(flex.DPUSeconds).toBe((flex.ExecutionTime ?? 0) * 4)
      expect((await runOf('STANDARD')).DPUSeconds).toBeUndefined()
    }),
  },
  {
    id: 'glue-055',
    says: 'an auto-scaled run tells its DPUSeconds as well',
    source: 'model: Glue JobRun.DPUSeconds',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ DefaultArguments: { '--enable-auto-scaling': 'true' } })
      const runId = await stage.play(job, ended('SUCCEEDED'))
      expect((await stage.getRun(job, runId)).DPUSeconds).toBeTypeOf('number')
    }),
  },
  {
    id: 'glue-056',
    says: 'an update of the job leaves the runs it already has as they are',
    source: RUNS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ Timeout: 9 })
      const runId = await stage.play(job, RUNNING)
      const { Role, Command } = await stage.getJob(job)
      await stage.client.send(new UpdateJobCommand({ JobName: job, JobUpdate: { Role, Command, Timeout: 3 } }))
      expect((await stage.getRun(job, runId)).Timeout).toBe(9)
    }),
  },
  {
    id: 'glue-057',
    says: 'a throttled call is a ThrottlingException, HTTP 400, and starts nothing',
    source: 'model: Glue ThrottlingException',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      await stage.target.fault({
        ...{ service: 'glue', operation: 'StartJobRun', where: { JobName: job } },
        action: { kind: 'throttle' },
      })
      const start = stage.client.send(new StartJobRunCommand({ JobName: job }))
      await expect(start).rejects.toMatchObject({
        name: 'ThrottlingException',
        $metadata: { httpStatusCode: 400 },
      })
      expect(await stage.listRuns(job)).toEqual([])
    }),
  },
])
