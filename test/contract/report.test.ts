// The report of the contract's own runner, from the reports that vitest writes.
import { expect, test } from 'vitest'
import { readReport, toTable } from './report.ts'

const reportOf = (...assertionResults: object[]) =>
  JSON.stringify({ testResults: [{ name: 'sqs-a.test.ts', assertionResults }] })

test('claims are read back from the titles of tests, with what was seen where they differ', () => {
  const failureMessages = ["AssertionError: expected 'accepted' to be 'OverLimit'\n    at file.ts:1:1"]
  const claims = readReport(
    reportOf(
      { title: 'sqs-002 holds [B] not [API_C]', status: 'failed', failureMessages },
      { title: 'sqs-001 a queue is (there) [model: sqs X]', status: 'passed' },
      { title: 'glue-001 a run waits [jobs]', status: 'skipped' },
      { title: 'no claim', status: 'passed' },
    ),
    '',
  )
  expect(claims).toMatchObject([
    { id: 'glue-001', service: 'glue', outcome: 'not put' },
    { id: 'sqs-001', says: 'a queue is (there)', source: 'model: sqs X', outcome: 'held' },
    { id: 'sqs-002', says: 'holds [B] not', outcome: 'differs', seen: expect.stringMatching(/OverLimit'$/) },
  ])
  expect(toTable({ target: 'x', claims })).toMatch(/sqs +1 +1 +0\n/)
})

test('claims that were not put are told by the call that failed, its throw-away names left out', () => {
  const unput = (name: string) => ({ unput: `CreateQueue of sluice-contract-${name} answered 500` })
  const claims = readReport(
    reportOf(
      { title: 'sqs-001 a [x]', status: 'skipped', meta: unput('1a') },
      { title: 'sqs-002 b [x]', status: 'skipped', meta: unput('2b') },
    ),
    '',
  )
  expect(toTable({ target: 'x', claims })).toContain('not put (2): CreateQueue of … answered 500\n  sqs-001 sqs-002\n')
})

test('a file that could not be run is an error, not an absence of differences', () => {
  expect(() => readReport(reportOf(), 'no such module')).toThrow('could not be run')
})
