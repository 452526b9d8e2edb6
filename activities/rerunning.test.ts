import type { Client } from '@temporalio/client'
import { ServiceError } from '@temporalio/client'
import { expect, test } from 'vitest'
import type { Postgres } from '../clients/postgres.ts'
import { buildIndex } from '../model/calendar/routing.ts'
import { type Cycle, type OperatorAction, openRun } from '../model/cycle/cycle.ts'
import { catalogOf, definitionOf, inputOf, NOON_MS, toKey, versionOf } from '../model/samples.test-data.ts'
import { rerunOne } from './rerunning.ts'

const [DEADLINE_EXCEEDED, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE] = [4, 5, 9, 14]
const grpc = (code: number) => Object.assign(new Error(`code ${code}`), { code, details: '', metadata: {} })

/** An open run whose worker answers so, one answer for each question and the last one ever after. */
function openRunOf(answers: unknown[], isAsked = false) {
  const asked = { times: 0 }
  const audited: unknown[] = []
  const query = async () => {
    const answer = answers[Math.min(asked.times, answers.length - 1)]
    asked.times += 1
    if (answer instanceof Error) throw answer
    return answer
  }
  const describe = async () => ({ status: { name: 'RUNNING' } })
  const temporal = {
    options: { namespace: 'mesh' },
    workflow: { getHandle: () => ({ describe, query, executeUpdate: async () => ({ attempt: 2 }) }) },
    withDeadline: (_: number, work: () => unknown) => work(),
    workflowService: {
      async pollWorkflowExecutionUpdate() {
        if (!isAsked) throw grpc(NOT_FOUND)
      },
      updateWorkflowExecutionOptions: async () => ({}),
    },
  }
  const db = {
    one: async () => undefined,
    changed: async (_: string, [, rows]: [string, string]) => audited.push(rows) > 0,
  }
  const definition = definitionOf('d1/ds1')
  const parts = {
    ...{ temporal: temporal as unknown as Client, db: db as unknown as Postgres, warn: () => undefined },
    ...{ settings: inputOf(definition).settings, nowMs: () => NOON_MS },
  }
  const wish = {
    ...{ product: definition.product, key: toKey('2026-11-09'), actor: 'ann', reason: 'a bug', requestId: 'request-1' },
    rerun: { which: 'all' as const, madeBeforeMs: NOON_MS },
  }
  const rerun = () => rerunOne(parts, buildIndex(catalogOf([versionOf(definition)])), wish)
  return { rerun, asked, audited }
}

const late = new ServiceError('Failed to query', { cause: grpc(DEADLINE_EXCEEDED) })

test('while Temporal is away nothing is refused: the activity is tried again', async () => {
  const { rerun, audited } = openRunOf([new ServiceError('Failed to query', { cause: grpc(UNAVAILABLE) })])
  await expect(rerun()).rejects.toThrow('Failed to query')
  expect(audited).toEqual([])
})

test('one that does not answer is asked again, then refused, and the audit has it', async () => {
  const { rerun, asked, audited } = openRunOf([late])
  expect(await rerun()).toMatchObject({ answer: 'refused', reason: expect.stringContaining('does not answer') })
  expect(asked.times).toBe(4)
  expect(audited).toEqual([expect.stringContaining('its run does not answer')])
})

test('one that may still hear of an earlier try is not called refused', async () => {
  const { rerun, audited } = openRunOf([late], true)
  await expect(rerun()).rejects.toThrow('Failed to query')
  expect(audited).toEqual([])
})

test('what no repeat mends is refused at once', async () => {
  const { rerun, asked, audited } = openRunOf([new ServiceError('No poller', { cause: grpc(FAILED_PRECONDITION) })])
  expect(await rerun()).toMatchObject({ answer: 'refused' })
  expect([asked.times, audited.length]).toEqual([1, 1])
})

test('what arrives between the question and the update does not make an older row news of the rerun', async () => {
  const failed: Cycle = { ...openRun(inputOf(definitionOf('d1/ds1'), {}), NOON_MS), state: 'ERROR', step: 'run' }
  const found: Cycle = { ...failed, version: 5, stateSinceMs: NOON_MS - 1 }
  const own = { requestId: 'request-1/2026-11-09', refused: null, version: 7 } as OperatorAction
  const { rerun } = openRunOf([found, { ...found, version: 9, actions: [own] }])
  expect(await rerun()).toMatchObject({ answer: 'rerun', from: { runNumber: 1, version: 7 } })
})
