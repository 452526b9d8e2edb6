// A rerun by the definition in force, told by the history: the job, the retries and the publishing of what comes after go by the new
// one, of what came before by the old.
import { expect, test } from 'vitest'
import type { CycleInput } from '../model/cycle/cycle.ts'
import { definitionOf, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import { evidenceOf } from './evidence.test-data.ts'
import { readHistory } from './read-history.ts'
import { checkNotEarly } from './starts.ts'

const withJob = (glue: string, definitionVersion: number): CycleInput => {
  const definition = definitionOf('d1/ds3')
  return inputOf({ ...definition, run: { ...definition.run, glue } }, { definitionVersion })
}
const [OLD, NEW] = [withJob('misspelt', 7), withJob('right', 8)]

const payloads = (value: unknown) => ({
  payloads: [{ data: Buffer.from(JSON.stringify(value)).toString('base64') }],
})
const ordered = (attempt: number, job: string) => ({
  activityTaskScheduledEventAttributes: {
    ...{ activityId: `start-${attempt}`, activityType: { name: 'startGlueJob' } },
    input: payloads({ attempt, job }),
  },
})
const rerun = (to?: CycleInput) => ({
  workflowExecutionUpdateAcceptedEventAttributes: {
    acceptedRequest: { input: { name: 'rerun', args: payloads({ actor: 'ann', reason: 'mended', to }) } },
  },
})

const judge = (events: object[]): string[] => {
  const all = [{ workflowExecutionStartedEventAttributes: { input: payloads(OLD) } }, ...events]
  const history = readHistory({
    events: all.map((event, at) => ({ ...event, eventId: String(at + 1), eventTime: new Date(NOON_MS).toISOString() })),
  })
  const run = { runId: 'run-1', status: 'RUNNING', startedAtMs: NOON_MS, ...history }
  const cycles = [{ cycle: 'd1/ds3/2026-11-20' as never, runs: [run] }]
  return checkNotEarly(evidenceOf({ cycles })).violations.map(({ says }) => says)
}

test('each attempt runs the job of the definition that was asked for until then', () => {
  expect(judge([ordered(1, 'misspelt'), rerun(NEW), ordered(2, 'right')])).toEqual([])
})

test('another job is a start of what nobody asked for', () => {
  const problem = (job: string) => [expect.stringContaining(`a start of job "${job}"`)]
  expect(judge([ordered(1, 'right'), rerun(NEW), ordered(2, 'right')])).toEqual(problem('right'))
  expect(judge([ordered(1, 'misspelt'), rerun(NEW), ordered(2, 'misspelt')])).toEqual(problem('misspelt'))
  expect(judge([ordered(1, 'misspelt'), rerun(), ordered(2, 'right')])).toEqual(problem('right'))
})
