// I3 of further attempts: each follows a failure of whose kind its definition allows another.
import { expect, test } from 'vitest'
import type { GlueRunEnd } from '../model/cycle/attempt.ts'
import { type Cycle, openRun } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import { toRecord } from '../model/cycle/record.ts'
import type { RunDefinition } from '../model/definition.ts'
import { definitionOf, endOf, inputOf, NOON_MS } from '../model/samples.test-data.ts'
import { cycleEvidenceOf, evidenceOf } from './evidence.test-data.ts'
import { checkStarts } from './starts.ts'

const GLUES = { error: 'Internal service error' }

/** What is said of a cycle whose runs ended so, each followed by another attempt whatever was decided. */
function judge(ends: Partial<GlueRunEnd>[], run: Partial<RunDefinition> = {}): string[] {
  const whole = definitionOf('d1/ds3')
  const input = inputOf({ ...whole, run: { ...whole.run, ...run } })
  const ended = ends.reduce<Cycle>(
    (before, end, at) => {
      const begun = applyFact({ ...before, state: 'PROCESSING', step: null }, { kind: 'begun' }, NOON_MS)
      const running = applyFact(begun, { kind: 'run-started', runId: `jr_${at + 1}`, adopted: false }, NOON_MS)
      return applyFact(running, { kind: 'run-ended', end: { ...endOf('FAILED', `jr_${at + 1}`), ...end } }, NOON_MS)
    },
    openRun(input, NOON_MS),
  )
  const evidence = cycleEvidenceOf(
    input,
    [...ends, {}].map((_end, at) => ({ order: at + 1 })),
  )
  evidence.runs[0]?.steps.unshift({
    ...{ kind: 'asked', at: 0, atMs: NOON_MS, activity: 'recordCycle', activityId: 'record' },
    input: toRecord(ended, 0, NOON_MS),
  })
  return checkStarts(evidenceOf({ cycles: [evidence] })).violations.map(({ says }) => says)
}

test('one more than the job has is too many; after a failure of Glue there are others', () => {
  expect(judge([{}], { attempts: 2 })).toEqual([])
  expect(judge([{}])).toEqual([expect.stringContaining('attempt 2 of d1/ds3/2026-11-20 follows neither')])
  expect(judge([GLUES, GLUES])).toEqual([])
  expect(judge([GLUES, GLUES, GLUES])).toHaveLength(1)
  expect(judge([GLUES, {}])).toHaveLength(1)
})

test('a block of the definition counts for its class', () => {
  expect(judge([GLUES, GLUES, GLUES], { retry: { infrastructure: { attempts: 4 } } })).toEqual([])
  expect(judge([{ state: 'TIMEOUT' }], { attempts: 3, retry: { timeout: { attempts: 1 } } })).toHaveLength(1)
})

test.each<Partial<GlueRunEnd>>([{ state: 'STOPPED' }, { noticedBy: 'nobody' }])(
  'nothing follows a stop, or what nobody could learn (%o)',
  (end) => {
    expect(judge([end], { attempts: 20 })).toHaveLength(1)
  },
)
