// Contract: definitions of Glue jobs.
import {
  CreateJobCommand,
  type CreateJobCommandInput,
  DeleteJobCommand,
  GetJobsCommand,
  GlueClient,
  ListJobsCommand,
  StartJobRunCommand,
  UpdateJobCommand,
} from '@aws-sdk/client-glue'
import { expect } from 'vitest'
import { putClaims } from './claim.ts'
import { codeOf, type GlueStage, onGlue } from './glue-stage.ts'

const API = 'aws-glue-api-jobs-job'
const Command = { Name: 'glueetl', ScriptLocation: 's3://sluice-contract-scripts/none.sql' }

/** The code of a CreateJob that Glue refuses. */
const refusalOf = (stage: GlueStage, more: Partial<CreateJobCommandInput>) => codeOf(stage.createJob(more))
const shown = async (stage: GlueStage, more: Partial<CreateJobCommandInput>) =>
  stage.getJob(await stage.createJob(more))

putClaims([
  {
    id: 'glue-001',
    says: 'CreateJob answers the name, and GetJob shows the definition with both dates',
    source: API,
    holds: onGlue(async (stage) => {
      const job = await shown(stage, { DefaultArguments: { '--x': '1' } })
      expect(job).toMatchObject({ Command: { Name: 'glueetl' }, DefaultArguments: { '--x': '1' } })
      expect(job.CreatedOn).toBeInstanceOf(Date)
      expect(job.LastModifiedOn).toEqual(job.CreatedOn)
    }),
  },
  {
    id: 'glue-002',
    says: 'a job of Glue 5.0 or later times out after 480 minutes unless it says otherwise',
    source: 'model: Glue CreateJobRequest.Timeout',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, { GlueVersion: '5.0' })).Timeout).toBe(480)
    }),
  },
  {
    id: 'glue-003',
    says: 'a job of Glue 4.0 or earlier times out after 2,880 minutes unless it says otherwise',
    source: 'model: Glue CreateJobRequest.Timeout',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, { GlueVersion: '4.0' })).Timeout).toBe(2_880)
    }),
  },
  {
    id: 'glue-004',
    says: 'a job may run for 10,080 minutes, 7 days, and no longer',
    source: 'model: Glue CreateJobRequest.Timeout',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, { Timeout: 10_080 })).Timeout).toBe(10_080)
      expect(await refusalOf(stage, { Timeout: 10_081 })).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-005',
    says: 'a time-out below one minute is refused',
    source: 'model: Glue Timeout (min 1)',
    holds: onGlue(async (stage) => {
      expect(await refusalOf(stage, { Timeout: 0 })).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-006',
    says: 'MaxConcurrentRuns is 1 unless the job says otherwise',
    source: 'model: Glue ExecutionProperty',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, {})).ExecutionProperty).toEqual({ MaxConcurrentRuns: 1 })
      const three = { ExecutionProperty: { MaxConcurrentRuns: 3 } }
      expect((await shown(stage, three)).ExecutionProperty).toEqual({ MaxConcurrentRuns: 3 })
    }),
  },
  {
    id: 'glue-007',
    says: 'MaxRetries is 0 unless the job says otherwise, and at most 10',
    source: 'add-job (Number of retries)',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, {})).MaxRetries).toBe(0)
      expect((await shown(stage, { MaxRetries: 10 })).MaxRetries).toBe(10)
      expect(await refusalOf(stage, { MaxRetries: 11 })).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-008',
    says: 'a definition without a role is refused by its field',
    source: 'model: Glue CreateJobRequest.Role',
    holds: onGlue(async (stage) => {
      await expect(stage.createJob({ Role: '' })).rejects.toMatchObject({ name: 'InvalidInputException' })
    }),
  },
  {
    id: 'glue-009',
    says: 'a command without a script is refused',
    source: 'model: Glue JobCommand.ScriptLocation',
    holds: onGlue(async (stage) => {
      expect(await refusalOf(stage, { Command: { Name: 'glueetl' } })).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-010',
    says: 'a name of 255 characters is taken, one of 256 refused',
    source: 'model: Glue NameString',
    holds: onGlue(async (stage) => {
      const name = (length: number) => stage.target.prefix.padEnd(length, 'n')
      expect((await shown(stage, { Name: name(255) })).Name).toHaveLength(255)
      expect(await refusalOf(stage, { Name: name(256) })).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-011',
    says: 'the same CreateJob again is answered as the first was',
    source: 'model: Glue CreateJob (IdempotentParameterMismatchException)',
    holds: onGlue(async (stage) => {
      const Name = await stage.createJob({ Timeout: 7 })
      expect(await codeOf(stage.createJob({ Name, Timeout: 7 }))).toBe('ok')
    }),
  },
  {
    id: 'glue-012',
    says: 'CreateJob of a taken name with another definition is an IdempotentParameterMismatchException',
    source: 'model: Glue IdempotentParameterMismatchException',
    holds: onGlue(async (stage) => {
      const Name = await stage.createJob({ Timeout: 7 })
      expect(await refusalOf(stage, { Name, Timeout: 8 })).toBe('IdempotentParameterMismatchException')
      expect((await stage.getJob(Name)).Timeout).toBe(7)
    }),
  },
  {
    id: 'glue-013',
    says: 'UpdateJob replaces the definition as a whole: what it leaves out goes back to its default',
    source: 'model: Glue UpdateJobRequest.JobUpdate ("completely overwritten")',
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob({ DefaultArguments: { '--x': '1' }, Timeout: 9, MaxRetries: 2 })
      const { Role } = await stage.getJob(JobName)
      await stage.client.send(new UpdateJobCommand({ JobName, JobUpdate: { Role, Command, Timeout: 5 } }))
      const job = await stage.getJob(JobName)
      expect(job).toMatchObject({ Timeout: 5, MaxRetries: 0 })
      expect(job.DefaultArguments ?? {}).toEqual({})
    }),
  },
  {
    id: 'glue-014',
    says: 'UpdateJob keeps CreatedOn and moves LastModifiedOn',
    source: API,
    needs: ['clock'],
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob()
      const { Role, CreatedOn } = await stage.getJob(JobName)
      await stage.target.pass(60_000)
      await stage.client.send(new UpdateJobCommand({ JobName, JobUpdate: { Role, Command } }))
      const job = await stage.getJob(JobName)
      expect(job.CreatedOn).toEqual(CreatedOn)
      expect(Number(job.LastModifiedOn)).toBeGreaterThan(Number(CreatedOn))
    }),
  },
  {
    id: 'glue-015',
    says: 'UpdateJob of a job that does not exist is an EntityNotFoundException',
    source: 'model: Glue UpdateJob',
    holds: onGlue(async (stage) => {
      const update = new UpdateJobCommand({ JobName: `${stage.target.prefix}none`, JobUpdate: { Role: 'r', Command } })
      expect(await codeOf(stage.client.send(update))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-016',
    says: 'GetJob of a job that does not exist is an EntityNotFoundException',
    source: 'model: Glue GetJob',
    holds: onGlue(async (stage) => {
      expect(await codeOf(stage.getJob(`${stage.target.prefix}none`))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-017',
    says: 'DeleteJob of a job that does not exist throws nothing',
    source: 'model: Glue DeleteJob ("no exception is thrown")',
    holds: onGlue(async (stage) => {
      const JobName = `${stage.target.prefix}none`
      expect(await stage.client.send(new DeleteJobCommand({ JobName }))).toMatchObject({ JobName })
    }),
  },
  {
    id: 'glue-018',
    says: 'a deleted job can neither be read nor started',
    source: API,
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob()
      await stage.client.send(new DeleteJobCommand({ JobName }))
      expect(await codeOf(stage.getJob(JobName))).toBe('EntityNotFoundException')
      const start = new StartJobRunCommand({ JobName })
      expect(await codeOf(stage.client.send(start))).toBe('EntityNotFoundException')
    }),
  },
  {
    id: 'glue-019',
    says: 'GetJobs gives pages by MaxResults and NextToken that join to all jobs, each once',
    source: 'model: Glue GetJobs',
    holds: onGlue(async (stage) => {
      const names = [await stage.createJob(), await stage.createJob(), await stage.createJob()]
      const found: (string | undefined)[] = []
      let NextToken: string | undefined
      do {
        const page: { Jobs?: { Name?: string }[]; NextToken?: string } = await stage.client.send(
          new GetJobsCommand({ MaxResults: 2, NextToken }),
        )
        expect(page.Jobs?.length).toBeLessThanOrEqual(2)
        found.push(...(page.Jobs ?? []).map(({ Name }) => Name))
        NextToken = page.NextToken
      } while (NextToken !== undefined)
      expect(found).toEqual(expect.arrayContaining(names))
      expect(new Set(found).size).toBe(found.length)
    }),
  },
  {
    id: 'glue-020',
    says: 'ListJobs gives names only, in pages as well',
    source: 'model: Glue ListJobs',
    holds: onGlue(async (stage) => {
      await stage.createJob()
      await stage.createJob()
      const first = await stage.client.send(new ListJobsCommand({ MaxResults: 1 }))
      expect(first.JobNames).toHaveLength(1)
      const second = await stage.client.send(new ListJobsCommand({ MaxResults: 1, NextToken: first.NextToken }))
      expect(second.JobNames).not.toEqual(first.JobNames)
    }),
  },
  {
    id: 'glue-021',
    says: 'a page of jobs has at most 1,000',
    source: 'model: Glue PageSize (max 1000)',
    holds: onGlue(async (stage) => {
      const page = new GetJobsCommand({ MaxResults: 1_001 })
      expect(await codeOf(stage.client.send(page))).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-022',
    says: 'jobs belong to an account: another one has its own of the same name, or none',
    source: API,
    needs: ['second-account'],
    holds: onGlue(async (stage) => {
      const JobName = await stage.createJob()
      const stranger = new GlueClient(stage.target.options(stage.target.otherAccount))
      const create = new CreateJobCommand({ Name: JobName, Role: 'other', Command })
      const { JobNames } = await stranger.send(new ListJobsCommand({}))
      expect(JobNames).not.toContain(JobName)
      expect(await codeOf(stranger.send(create))).toBe('ok')
      await stranger.send(new DeleteJobCommand({ JobName }))
      stranger.destroy()
      expect((await stage.getJob(JobName)).Name).toBe(JobName)
    }),
  },
  {
    id: 'glue-023',
    says: 'MaxCapacity together with WorkerType and NumberOfWorkers is refused',
    source: 'model: Glue CreateJobRequest.MaxCapacity ("Do not set MaxCapacity if using WorkerType")',
    holds: onGlue(async (stage) => {
      const both = { MaxCapacity: 2, WorkerType: 'G.1X', NumberOfWorkers: 2 } as const
      expect(await refusalOf(stage, both)).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-024',
    says: 'GetJob shows the capacity that the workers come to: a G.2X has 2 DPU',
    source: 'model: Glue WorkerType',
    holds: onGlue(async (stage) => {
      const job = await shown(stage, { WorkerType: 'G.2X', NumberOfWorkers: 3 })
      expect(job).toMatchObject({ WorkerType: 'G.2X', NumberOfWorkers: 3, MaxCapacity: 6 })
    }),
  },
  {
    id: 'glue-025',
    says: 'the execution class is STANDARD or FLEX',
    source: 'model: Glue ExecutionClass',
    holds: onGlue(async (stage) => {
      expect((await shown(stage, { ExecutionClass: 'FLEX' })).ExecutionClass).toBe('FLEX')
      const other = { ExecutionClass: 'CHEAP' as 'FLEX' }
      expect(await refusalOf(stage, other)).toMatch(/^(InvalidInput|Validation)Exception$/)
    }),
  },
  {
    id: 'glue-026',
    says: 'job run queuing cannot be had together with retries',
    source: 'job-run-queuing',
    holds: onGlue(async (stage) => {
      const both = { JobRunQueuingEnabled: true, MaxRetries: 1 }
      expect(await refusalOf(stage, both)).toBe('InvalidInputException')
    }),
  },
])
