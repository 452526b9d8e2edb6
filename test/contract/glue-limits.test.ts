// Contract: what keeps a Glue run from starting, what ends it early, what Glue starts by itself, what it tells of it.
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { codeOf, ended, type GlueStage, MINUTE_MS, onGlue, RUNNING } from './glue-stage.ts'

const STATES = 'job-run-statuses'
const EVENTS = 'events-ref-glue'
const QUEUING = 'job-run-queuing'
const STOP = 'model: Glue BatchStopJobRun'

const told: Claim[] = (
  [
    ['glue-058', 'SUCCEEDED', 'INFO'],
    ['glue-059', 'TIMEOUT', 'WARN'],
    ['glue-060', 'FAILED', 'ERROR'],
  ] as const
).map(([id, state, severity]) => ({
  id,
  says: `a run that ends ${state} is a Glue Job State Change of severity ${severity} on the account's default bus`,
  source: EVENTS,
  needs: ['faults'],
  holds: onGlue(async (stage) => {
    const job = await stage.createJob()
    const events = await stage.watchEvents(job)
    const jobRunId = await stage.play(job, ended(state, 'why'))
    const event = await events.next()
    expect(event).toMatchObject({ 'detail-type': 'Glue Job State Change', account: stage.target.account })
    expect(event.detail).toMatchObject({ jobName: job, jobRunId, state, severity })
    expect(event.detail['message']).toBeTypeOf('string')
  }),
}))

const untold: Claim[] = (
  [
    ['glue-061', 'ERROR'],
    ['glue-062', 'EXPIRED'],
  ] as const
).map(([id, state]) => ({
  id,
  says: `a run that ends ${state} puts no event`,
  source: EVENTS,
  needs: ['faults'],
  holds: onGlue(async (stage) => {
    const job = await stage.createJob()
    const events = await stage.watchEvents(job)
    await stage.play(job, ended(state, 'why'))
    const later = await stage.play(job, ended('SUCCEEDED'))
    expect((await events.next()).detail['jobRunId']).toBe(later)
  }),
}))

/** A job with one run at a time, and the run that takes its place. */
async function fullJob(stage: GlueStage, more: object = {}) {
  const job = await stage.createJob(more)
  return { job, running: await stage.play(job, RUNNING) }
}

putClaims([
  ...told,
  ...untold,
  {
    id: 'glue-063',
    says: 'a state change has version 0, source aws.glue, the region and no resources',
    source: EVENTS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const events = await stage.watchEvents(job)
      await stage.play(job, ended('SUCCEEDED'))
      const envelope = { version: '0', source: 'aws.glue', region: stage.target.region, resources: [] }
      expect(await events.next()).toMatchObject(envelope)
    }),
  },
  {
    id: 'glue-064',
    says: 'the detail has five fields and none of the run’s arguments',
    source: EVENTS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const events = await stage.watchEvents(job)
      await stage.play(job, ended('SUCCEEDED'), { Arguments: { '--secret': 'x' } })
      const fields = ['jobName', 'jobRunId', 'message', 'severity', 'state']
      expect(Object.keys((await events.next()).detail).sort()).toEqual(fields)
    }),
  },
  {
    id: 'glue-065',
    says: 'the message of a failed run holds its ErrorMessage',
    source: EVENTS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const events = await stage.watchEvents(job)
      await stage.play(job, ended('FAILED', 'no such table'))
      expect((await events.next()).detail['message']).toContain('no such table')
    }),
  },
  {
    id: 'glue-066',
    says: 'a run that goes on past its NotifyDelayAfter puts one Glue Job Run Status',
    source: EVENTS,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const events = await stage.watchEvents(job)
      const jobRunId = await stage.play(job, RUNNING, { NotificationProperty: { NotifyDelayAfter: 3 } })
      await stage.target.pass(3 * MINUTE_MS)
      const event = await events.next()
      expect(event['detail-type']).toBe('Glue Job Run Status')
      expect(event.detail).toMatchObject({ jobName: job, jobRunId, state: 'RUNNING', severity: 'INFO' })
      expect(event.detail).toMatchObject({ notificationCondition: { NotifyDelayAfter: 3 } })
      expect(Date.parse(String(event.detail['startedOn']))).not.toBeNaN()
    }),
  },
  {
    id: 'glue-067',
    says: 'a run that ends before its NotifyDelayAfter puts no Glue Job Run Status',
    source: EVENTS,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ NotificationProperty: { NotifyDelayAfter: 3 } })
      const events = await stage.watchEvents(job)
      await stage.play(job, ended('SUCCEEDED'))
      await stage.target.pass(4 * MINUTE_MS)
      await stage.play(job, ended('SUCCEEDED'))
      const kinds = [(await events.next())['detail-type'], (await events.next())['detail-type']]
      expect(kinds).toEqual(['Glue Job State Change', 'Glue Job State Change'])
    }),
  },
  {
    id: 'glue-068',
    says: 'a run beyond MaxConcurrentRuns is refused by a ConcurrentRunsExceededException, and is no run',
    source: 'model: Glue ConcurrentRunsExceededException',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const { job, running } = await fullJob(stage)
      expect(await codeOf(stage.start(job))).toBe('ConcurrentRunsExceededException')
      expect((await stage.listRuns(job)).map(({ Id }) => Id)).toEqual([running])
    }),
  },
  {
    id: 'glue-069',
    says: 'a run that is STOPPING still takes its place; STOPPED gives it back',
    source: STATES,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const { job, running } = await fullJob(stage)
      await stage.stop(job, running)
      await stage.untilState(job, running, 'STOPPED')
      expect(await codeOf(stage.play(job, RUNNING))).toBe('ok')
    }),
  },
  {
    id: 'glue-070',
    says: 'a run beyond the account’s quota is refused by a ResourceNumberLimitExceededException',
    source: 'model: Glue ResourceNumberLimitExceededException',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ ExecutionProperty: { MaxConcurrentRuns: 1_000 } })
      const codes = new Set<string>()
      const ids: string[] = []
      while (codes.size === 0 && ids.length < 1_000) {
        const start = stage.play(job, RUNNING).then((id) => ids.push(id))
        const code = await codeOf(start)
        if (code !== 'ok') codes.add(code)
      }
      for (let from = 0; from < ids.length; from += 25) await stage.stop(job, ...ids.slice(from, from + 25))
      await stage.untilState(job, ids.at(-1) ?? '', 'STOPPED')
      expect([...codes]).toEqual(['ResourceNumberLimitExceededException'])
    }),
  },
  {
    id: 'glue-071',
    says: 'with job run queuing, a run beyond the limit is WAITING and says for what',
    source: QUEUING,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const { job } = await fullJob(stage)
      const runId = await stage.play(job, RUNNING, { JobRunQueuingEnabled: true })
      const run = await stage.getRun(job, runId)
      expect(run).toMatchObject({ JobRunState: 'WAITING', JobRunQueuingEnabled: true })
      expect(run.StateDetail).toMatch(/concurrent runs/i)
    }),
  },
  {
    id: 'glue-072',
    says: 'a WAITING run starts once there is room',
    source: QUEUING,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const { job, running } = await fullJob(stage)
      const runId = await stage.play(job, RUNNING, { JobRunQueuingEnabled: true })
      await stage.stop(job, running)
      await stage.untilState(job, running, 'STOPPED')
      await stage.target.pass(90_000)
      expect((await stage.untilState(job, runId, 'RUNNING')).StateDetail).toBeUndefined()
    }),
  },
  {
    id: 'glue-073',
    says: 'a run that waited for 15 minutes, ten tries, is FAILED with the limit as its reason',
    source: QUEUING,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const { job } = await fullJob(stage)
      const runId = await stage.play(job, RUNNING, { JobRunQueuingEnabled: true })
      await stage.target.pass(14 * MINUTE_MS)
      expect((await stage.getRun(job, runId)).JobRunState).toBe('WAITING')
      await stage.target.pass(MINUTE_MS)
      const run = await stage.untilState(job, runId, 'FAILED')
      expect(run.ErrorMessage).toMatch(/concurrent runs/i)
      expect(run.ExecutionTime).toBe(0)
    }),
  },
  {
    id: 'glue-074',
    says: 'a WAITING run can be stopped',
    source: STATES,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const { job } = await fullJob(stage)
      const runId = await stage.play(job, RUNNING, { JobRunQueuingEnabled: true })
      expect((await stage.stop(job, runId)).stopped).toEqual([runId])
      await stage.untilState(job, runId, 'STOPPED')
    }),
  },
  {
    id: 'glue-075',
    says: 'a stop is asked for by SuccessfulSubmissions; STOPPING, then STOPPED, and STOPPED stays',
    source: STOP,
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ Timeout: 5 })
      const runId = await stage.play(job, [...RUNNING, { state: 'SUCCEEDED', afterMs: MINUTE_MS }])
      expect(await stage.stop(job, runId)).toEqual({ stopped: [runId], refused: [] })
      await stage.untilState(job, runId, 'STOPPED')
      await stage.target.pass(6 * MINUTE_MS)
      expect((await stage.getRun(job, runId)).JobRunState).toBe('STOPPED')
    }),
  },
  {
    id: 'glue-076',
    says: 'a run that was stopped is a Glue Job State Change of severity INFO',
    source: EVENTS,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const events = await stage.watchEvents(job)
      const jobRunId = await stage.play(job, RUNNING)
      await stage.stop(job, jobRunId)
      expect((await events.next()).detail).toMatchObject({ jobRunId, state: 'STOPPED', severity: 'INFO' })
    }),
  },
  {
    id: 'glue-077',
    says: 'a run that cannot be stopped is among Errors, by its id, with code and message, at HTTP 200',
    source: 'model: Glue BatchStopJobRunError',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const { stopped, refused } = await stage.stop(job, 'jr_none')
      expect(stopped).toEqual([])
      expect(refused).toMatchObject([{ id: 'jr_none', code: 'EntityNotFoundException' }])
      expect(refused[0]?.message).toBeTypeOf('string')
    }),
  },
  {
    id: 'glue-078',
    says: 'to stop a run that has ended is an error of that run, and changes nothing',
    source: STOP,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const runId = await stage.play(job, ended('SUCCEEDED'))
      const { stopped, refused } = await stage.stop(job, runId)
      expect(stopped).toEqual([])
      expect(refused).toMatchObject([{ id: runId }])
      expect((await stage.getRun(job, runId)).JobRunState).toBe('SUCCEEDED')
    }),
  },
  {
    id: 'glue-079',
    says: 'of several runs each is stopped or refused by itself',
    source: STOP,
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const { job, running } = await fullJob(stage)
      const { stopped, refused } = await stage.stop(job, 'jr_none', running)
      expect(stopped).toEqual([running])
      expect(refused).toHaveLength(1)
    }),
  },
  {
    id: 'glue-080',
    says: 'one call stops 1 to 25 runs',
    source: 'model: Glue BatchStopJobRunJobRunIdList',
    holds: onGlue(async (stage) => {
      const job = await stage.createJob()
      const ids = Array.from({ length: 26 }, (_, index) => `jr_${index}`)
      expect(await codeOf(stage.stop(job, ...ids))).toBe('InvalidInputException')
      expect(await codeOf(stage.stop(job))).toBe('InvalidInputException')
    }),
  },
  {
    id: 'glue-081',
    says: 'MaxRetries starts a failed run again as another run: the next Attempt, PreviousRunId, its arguments',
    source: 'model: Glue CreateJobRequest.MaxRetries',
    needs: ['faults'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ MaxRetries: 2 })
      const Arguments = { '--book': 'eq' }
      const first = await stage.play(job, ended('FAILED', 'x'), { Arguments })
      const runs = await stage.listRuns(job)
      expect(runs.map(({ Attempt }) => Attempt)).toEqual([2, 1, 0])
      expect(runs[1]).toMatchObject({ PreviousRunId: first, Arguments })
      expect(new Set(runs.map(({ Id }) => Id)).size).toBe(3)
    }),
  },
  {
    id: 'glue-082',
    says: 'a run that timed out is not started again by MaxRetries',
    source: 'add-job (Number of retries)',
    needs: ['faults', 'clock'],
    holds: onGlue(async (stage) => {
      const job = await stage.createJob({ MaxRetries: 2, Timeout: 1 })
      const runId = await stage.play(job, RUNNING)
      await stage.target.pass(MINUTE_MS)
      await stage.untilState(job, runId, 'TIMEOUT')
      expect(await stage.listRuns(job)).toHaveLength(1)
    }),
  },
])
