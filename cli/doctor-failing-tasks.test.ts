import { expect, test } from 'vitest'
import type { Connection } from './connection.ts'
import { examine, type Finding } from './doctor.ts'
import { checkFailingTasks } from './doctor-failing-tasks.ts'
import { toDomainChecks } from './doctor-domain.ts'

/** Temporal that lists these; a thrown one is its answer. */
const listing = (found: (string | Error)[], asked: string[] = []): Connection =>
  ({
    temporal: async () => ({
      workflow: {
        list: async function* ({ query }: { query: string }) {
          asked.push(query)
          for (const one of found) {
            if (one instanceof Error) throw one
            const problems = ['category=WorkflowTaskFailed', 'cause=WorkflowTaskFailedCausePayloadsTooLarge']
            yield { workflowId: one, searchAttributes: { TemporalReportedProblems: problems } }
          }
        },
      },
    }),
  }) as unknown as Connection

const serverSays = (code: number, details: string): Error =>
  Object.assign(new Error(details), { code, details, metadata: {} })

test('each that is named says why, as far as Temporal does; of many the rest is counted', async () => {
  const asked: string[] = []
  const names = Array.from({ length: 7 }, (_none, at) => `d1/ds${at}/2026-11-20`)
  await expect(checkFailingTasks(listing(names, asked), 'd1')).rejects.toThrow(
    /^7 workflows do not go on, as their workflow task fails .*: d1\/ds0\/2026-11-20 \(PayloadsTooLarge\), .*, and 2 more$/,
  )
  expect(asked).toEqual([
    'ExecutionStatus = "Running" AND SluiceDomain = "d1" AND TemporalReportedProblems IS NOT NULL',
  ])
})

test('a server that knows no such list is no problem, and there is no line of it', async () => {
  const check = toDomainChecks('d1').filter(({ name }) => name === 'd1: workflow tasks')
  const findings: Finding[] = []
  await examine(listing([serverSays(3, 'column name TemporalReportedProblems is not defined')]), check, findings)
  expect(findings).toEqual([])
  await examine(listing([serverSays(14, 'not now')]), check, findings)
  expect(findings).toMatchObject([{ ok: false, found: 'not now' }])
  await examine(listing(['d1/ds3/2026-11-20']), check, findings)
  expect(findings[1]).toMatchObject({ ok: false, todo: expect.stringContaining('then sluice rerun') })
})
