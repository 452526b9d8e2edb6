import { ApplicationFailure, CompleteAsyncError } from '@temporalio/common'
import { expect, test } from 'vitest'
import type { HoldUp } from '../model/cycle/held-up.ts'
import type { GlueOrder } from '../workflows/contract.ts'
import { ANY_CALL, toAwsFailure, toGlueOrderRules } from './aws-failures.ts'
import { tellingWhenHeldUp } from './held-up.ts'

const ORDER = { job: 'd1-ds3' } as GlueOrder
const named = (name: string): Error => Object.assign(new Error('no'), { name })
const DENIED = toAwsFailure(named('AccessDeniedException'), 'start it', ANY_CALL)
const FULL = toAwsFailure(named('ConcurrentRunsExceededException'), 'start it', toGlueOrderRules(60_000))

interface Circumstances {
  signal?: () => Promise<void>
  /** The try before. */
  hadFailed?: boolean
}

/** What the cycle is told by the try of this number, and what the try ends with. */
async function tryIt(attempt: number, failure: unknown, { signal, hadFailed = false }: Circumstances = {}) {
  const said: HoldUp[] = []
  const warnings: string[] = []
  const fails = () => Promise.reject(failure)
  const { startGlueJob } = tellingWhenHeldUp(
    { startGlueJob: fails, awaitGlueJob: fails, publishRefreshEvent: fails },
    {
      attempt: () => attempt,
      hasFailed: async () => hadFailed,
      signal: signal ?? (async (_name, payload) => void said.push(payload)),
      warn: (message) => void warnings.push(message),
    },
  )
  const thrown = await startGlueJob(ORDER).catch((error: unknown) => error)
  return { said, warnings, thrown }
}

test('tells at the first try, the second, the fourth …, and fails as it did', async () => {
  const tries = await Promise.all([1, 2, 3, 4, 5, 8, 9].map((attempt) => tryIt(attempt, FULL)))
  expect(tries.map(({ said }) => said.length)).toEqual([1, 1, 0, 1, 0, 1, 0])
  expect(tries[0]?.said).toEqual([{ step: 'start', reason: FULL.message, isRefusal: false, limit: 'concurrent-runs' }])
  expect(tries.every(({ thrown }) => thrown === FULL)).toBe(true)
})

test.each([
  ['ConcurrentRunsExceededException', 'concurrent-runs'],
  ['ResourceNumberLimitExceededException', 'account-quota'],
  ['ThrottlingException', 'call-rate'],
  ['AccessDeniedException', undefined],
] as const)('%s: the limit that is waited for is named (%s)', async (name, limit) => {
  const { said } = await tryIt(1, toAwsFailure(named(name), 'start it', toGlueOrderRules(60_000)))
  expect(said.map((one) => one.limit)).toEqual([limit])
})

test('a refusal is told soon, also after a thousand tries that only waited', async () => {
  const of = async (failure: unknown) => Promise.all([1, 2, 3, 720, 721, 728].map((attempt) => tryIt(attempt, failure)))
  const refusals = await of(DENIED)
  expect(refusals.map(({ said }) => said.length)).toEqual([1, 1, 0, 1, 0, 1])
  expect(refusals.flatMap(({ said }) => said).every(({ isRefusal }) => isRefusal)).toBe(true)
  expect((await of(FULL)).map(({ said }) => said.length)).toEqual([1, 1, 0, 0, 0, 0])
})

test('a wait that is taken up again after a failure says that it gets on; after one that ran out of time, nothing', async () => {
  const after = (hadFailed: boolean) => tryIt(3, new CompleteAsyncError(), { hadFailed })
  expect((await after(true)).said).toEqual([{ step: 'start', reason: null, isRefusal: false }])
  expect((await after(false)).said).toEqual([])
})

test.each([
  ['a final failure', ApplicationFailure.nonRetryable('there is no such job', 'GlueJobMissing')],
  ['a run left to its own end', new CompleteAsyncError()],
])('%s is not told: the workflow learns of it by itself', async (_what, failure) => {
  const { said, thrown } = await tryIt(1, failure)
  expect([said, thrown]).toEqual([[], failure])
})

test('a cycle that cannot be told hides no failure', async () => {
  const { thrown, warnings } = await tryIt(1, DENIED, {
    signal: () => Promise.reject(new Error('Temporal is away')),
  })
  expect(thrown).toBe(DENIED)
  expect(warnings).toEqual(['Could not tell the cycle that it is held up'])
})
