import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RetryDefinition, RetryRule, RunDefinition } from '../definition.ts'
import { arrivalOf, definitionOf, endOf, inputOf, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import type { GlueRunEnd } from './attempt.ts'
import { type Cycle, openRun } from './cycle.ts'
import { applyFact } from './facts.ts'
import { FAILURE_CLASSES, type FailureClass } from './failure-class.ts'
import { decideRetry, failuresOf, MOST_ATTEMPTS, policyOf, RETRY_KEY } from './retry.ts'
import { toEndReason } from './retry-words.ts'

const MINUTE_MS = 60_000
const runOf = (retry?: RetryDefinition, change: Partial<RunDefinition> = {}): RunDefinition => ({
  ...{ glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts: 3, retryAfterMs: 5 * MINUTE_MS },
  ...(retry ? { retry } : {}),
  ...change,
})
const times = (count: number, failure: FailureClass): FailureClass[] => Array.from({ length: count }, () => failure)
/** The pauses after each failure of a row of the same, in minutes, until it stops. */
const pauses = (run: RunDefinition, failure: FailureClass): number[] => {
  const found: number[] = []
  for (;;) {
    const retry = decideRetry(run, times(found.length + 1, failure))
    if (retry.kind === 'stop') return found
    found.push(retry.afterMs / MINUTE_MS)
  }
}

describe('without a word about kinds of failure', () => {
  test('a job that fails is tried as often as the definition says, after the same pause each time', () => {
    expect(pauses(runOf(), 'job-failed')).toEqual([5, 5])
    expect(pauses(runOf(undefined, { attempts: 1 }), 'job-failed')).toEqual([])
  })

  test('a timeout is one more failure of the job', () => {
    expect(pauses(runOf(), 'timeout')).toEqual([5, 5])
    expect(decideRetry(runOf(), ['timeout', 'job-failed', 'timeout'])).toEqual({ kind: 'stop', used: 3, allowed: 3 })
  })

  test('where nobody failed there are attempts beside those of the job, with growing pauses', () => {
    const once = runOf(undefined, { attempts: 1 })
    expect(pauses(once, 'infrastructure')).toEqual([1, 2])
    expect(pauses(once, 'throttled')).toEqual([2, 4, 8, 16, 30])
    expect(decideRetry(once, ['infrastructure', 'throttled', 'job-failed'])).toMatchObject({ kind: 'stop', used: 1 })
    const failures: FailureClass[] = ['job-failed', 'infrastructure', 'throttled', 'job-failed']
    expect(decideRetry(runOf(), failures)).toEqual({ kind: 'retry', afterMs: 5 * MINUTE_MS, used: 2, allowed: 3 })
  })

  test('and never fewer than the job has', () => {
    expect(pauses(runOf(undefined, { attempts: 5 }), 'infrastructure')).toEqual([1, 2, 4, 8])
  })
})

describe('with a block of its own', () => {
  test('a class has its own attempts and its own pauses, doubled up to the cap', () => {
    const run = runOf({ jobFailed: { attempts: 6, afterMs: MINUTE_MS, atMostMs: 5 * MINUTE_MS } })
    expect(pauses(run, 'job-failed')).toEqual([1, 2, 4, 5, 5])
  })

  test('a timeout is counted for itself', () => {
    const run = runOf({ timeout: { attempts: 2 } })
    expect(decideRetry(run, ['job-failed', 'timeout'])).toMatchObject({ kind: 'retry', used: 1, allowed: 2 })
    expect(decideRetry(run, ['timeout', 'job-failed', 'timeout'])).toMatchObject({ kind: 'stop', used: 2 })
    expect(decideRetry(run, ['timeout', 'timeout', 'job-failed'])).toMatchObject({ kind: 'retry', used: 1, allowed: 3 })
  })

  test('of which one end of the pause is said, the other gives way', () => {
    expect(policyOf(runOf({ infrastructure: { atMostMs: 1_000 } }), 'infrastructure')).toMatchObject({ afterMs: 1_000 })
    expect(policyOf(runOf({ throttled: { afterMs: 60 * MINUTE_MS } }), 'throttled')).toMatchObject({
      atMostMs: 60 * MINUTE_MS,
    })
    expect(policyOf(runOf({ jobFailed: { afterMs: MINUTE_MS } }), 'jobFailed')).toMatchObject({ atMostMs: MINUTE_MS })
  })
})

test.each(['stopped', 'out-of-sight'] as const)('%s is not tried again, whatever the definition says', (failure) => {
  const run = runOf({ infrastructure: { attempts: 20 } }, { attempts: 20 })
  expect(decideRetry(run, ['infrastructure', failure])).toEqual({ kind: 'stop', used: 1, allowed: 0 })
})

test('all classes together end at the hard cap, though each has attempts left', () => {
  const most = { attempts: 20 }
  const run = runOf({ infrastructure: most, throttled: most, jobFailed: most, timeout: most })
  const retried = ['infrastructure', 'throttled', 'job-failed', 'timeout'] as const
  const ends = Array.from({ length: MOST_ATTEMPTS }, (_none, at) => retried[at % 4] as FailureClass)
  expect(decideRetry(run, ends.slice(1))).toMatchObject({ kind: 'retry' })
  const last = decideRetry(run, ends)
  expect(last).toEqual({ kind: 'stop', used: 5, allowed: 20 })
  expect(toEndReason(endOf('TIMEOUT'), last)).toBe(
    'Glue run jr_1 ended TIMEOUT, a timeout (5 of 20, after 20 runs in all): no such table',
  )
})

describe('laws', () => {
  const aRule: fc.Arbitrary<RetryRule> = fc
    .record(
      {
        attempts: fc.integer({ min: 1, max: 20 }),
        afterMs: fc.integer({ min: 1_000, max: 86_400_000 }),
        atMostMs: fc.integer({ min: 1_000, max: 86_400_000 }),
      },
      { requiredKeys: [] },
    )
    .filter(({ afterMs, atMostMs }) => afterMs === undefined || atMostMs === undefined || afterMs <= atMostMs)
  const aRun = fc
    .record({
      retry: fc.record(
        { infrastructure: aRule, throttled: aRule, jobFailed: aRule, timeout: aRule },
        { requiredKeys: [] },
      ),
      attempts: fc.integer({ min: 1, max: 20 }),
      retryAfterMs: fc.integer({ min: 1_000, max: 86_400_000 }),
    })
    .map(({ retry, ...change }) => runOf(retry, change))
  const failures = fc.array(fc.constantFrom(...FAILURE_CLASSES), { minLength: 1, maxLength: 40 })

  test('another run only within the attempts of its class and of all, after a pause within its bounds', () => {
    fc.assert(
      fc.property(aRun, failures, (run, ends) => {
        const retry = decideRetry(run, ends)
        expect(decideRetry(structuredClone(run), [...ends])).toEqual(retry)
        if (retry.kind === 'stop') return
        const failure = ends.at(-1) as FailureClass
        expect(['stopped', 'out-of-sight']).not.toContain(failure)
        const same = ends.filter((one) => one === failure).length
        const key = failure === 'job-failed' ? 'jobFailed' : (failure as keyof RetryDefinition)
        const { attempts, afterMs, atMostMs } = policyOf(
          run,
          key === 'timeout' && !run.retry?.timeout ? 'jobFailed' : key,
        )
        expect(same).toBeLessThan(attempts)
        expect(ends.length).toBeLessThan(MOST_ATTEMPTS)
        expect(retry.afterMs).toBeGreaterThanOrEqual(afterMs)
        expect(retry.afterMs).toBeLessThanOrEqual(atMostMs)
      }),
    )
  })

  const RETRIED = FAILURE_CLASSES.filter((failure) => RETRY_KEY[failure] !== null)

  test('it ends: a start that only fails uses no more runs than all may', () => {
    fc.assert(
      fc.property(aRun, fc.infiniteStream(fc.constantFrom(...RETRIED)), (run, stream) => {
        const ends: FailureClass[] = []
        for (const failure of stream) {
          ends.push(failure)
          if (decideRetry(run, ends).kind === 'stop') break
        }
        expect(ends.length).toBeLessThanOrEqual(MOST_ATTEMPTS)
      }),
    )
  })
})

describe('a cycle', () => {
  const cycle = openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1'])), NOON_MS)
  const ended = (before: Cycle, end: Partial<GlueRunEnd> & Pick<GlueRunEnd, 'state'>): Cycle => {
    const runId = `jr_${before.lastAttempt + 1}`
    const begun = applyFact(before, { kind: 'begun' }, NOON_MS)
    const running = applyFact(begun, { kind: 'run-started', runId, adopted: false }, NOON_MS)
    return applyFact(running, { kind: 'run-ended', end: { ...endOf(end.state, runId), ...end } }, NOON_MS)
  }
  const ready = applyArrival(cycle, arrivalOf('d1/ds1'), NOON_MS)
  const GLUES = { state: 'FAILED', error: 'Internal service error : try again' } as const

  test('says in the pause which attempt follows, when and why, and keeps whose failure it was', () => {
    const paused = ended(ready, GLUES)
    expect(paused).toMatchObject({ state: 'PROCESSING', retryAtMs: NOON_MS + MINUTE_MS })
    expect(paused.reason).toBe(
      'attempt 2 at 2026-11-20T12:01:00.000Z after an infrastructure failure (1 of 3): Internal service error : try again',
    )
    expect(paused.attempts).toMatchObject([{ failure: 'infrastructure' }])
  })

  test('says in ERROR whose failure was the last, and how often it came', () => {
    const failed = ended(ended(ready, GLUES), { state: 'FAILED' })
    expect(failed).toMatchObject({ state: 'ERROR', step: 'run' })
    expect(failed.reason).toBe('Glue run jr_2 ended FAILED, a failure of the job (1 of 1): no such table')
    expect(failuresOf(failed)).toEqual(['infrastructure', 'job-failed'])
    expect(ended(ready, { state: 'STOPPED' }).reason).toBe(
      'Glue run jr_1 ended STOPPED, a stop by a person: no such table',
    )
  })

  test('that is run again begins to count anew', () => {
    const command = { actor: 'ann', reason: 'mended', requestId: 'request-1' }
    const failed = ended(ended(ended(ready, GLUES), GLUES), GLUES)
    expect(failed.state).toBe('ERROR')
    const rerun = applyFact({ ...failed, reported: true }, { kind: 'rerun', command }, NOON_MS)
    expect(failuresOf(ended(rerun, GLUES))).toEqual(['infrastructure'])
  })

  test('whose attempts an older version wrote is counted by how they ended', () => {
    const [attempt] = ended(ready, GLUES).attempts
    const { failure: _written, ...older } = attempt ?? { failure: undefined }
    expect(failuresOf({ ...ready, attempts: [older as Cycle['attempts'][number]] })).toEqual(['infrastructure'])
  })
})
