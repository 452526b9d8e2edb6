// What the Temporal UI says of a cycle that does not get on, and of its attempts.
import { expect, test } from 'vitest'
import { LIMITS } from '../model/cycle/attempt.ts'
import { applyArrival } from '../model/cycle/arrivals.ts'
import { applyFact, type Fact } from '../model/cycle/facts.ts'
import { applyHoldUp } from '../model/cycle/held-up.ts'
import { arrivalOf, cycleOf, endOf, NOON_MS } from '../model/samples.test-data.ts'
import { toDetails } from './cycle-details.ts'

const begun = applyFact(cycleOf({}, []), { kind: 'begun' }, NOON_MS)
const after = (...facts: Fact[]) => facts.reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), begun)
const told = (cycle: typeof begun): string[] => toDetails(cycle, NOON_MS).split('\n')

test('each limit of Glue is a wait with its own words, other trouble is a hold-up', () => {
  const sayings = [...LIMITS, undefined].map((limit) => {
    const said = { step: 'start', reason: 'Could not start', isRefusal: false, ...(limit ? { limit } : {}) } as const
    return told(applyHoldUp(begun, said, NOON_MS))[0]
  })
  expect(sayings).toEqual([
    '**PROCESSING, waits for a free run of its Glue job since 2026-11-20T12:00:00.000Z: Could not start**',
    "**PROCESSING, waits for room in the account's Glue quota since 2026-11-20T12:00:00.000Z: Could not start**",
    '**PROCESSING, waits for the rate of calls that AWS allows since 2026-11-20T12:00:00.000Z: Could not start**',
    '**PROCESSING, held up since 2026-11-20T12:00:00.000Z: Could not start**',
  ])
})

test('a pause says which attempt follows and whose failure the last one was', () => {
  const end = { ...endOf('FAILED'), error: 'Rate exceeded' }
  const lines = told(after({ kind: 'run-started', runId: 'jr_1', adopted: false }, { kind: 'run-ended', end }))
  expect(lines[0]).toBe(
    '**PROCESSING: attempt 2 at 2026-11-20T12:02:00.000Z after throttling by AWS (1 of 6): Rate exceeded**',
  )
  expect(lines.at(-1)).toBe(
    'Attempt 1 of job `d1-ds3` Glue run `jr_1`: FAILED (throttled), next attempt at 2026-11-20T12:02:00.000Z',
  )
})

test('a hold says by whom and why, and a waived input who let it go', () => {
  const who = { actor: 'ann', requestId: 'request-1' }
  const commands = [
    { ...who, action: 'waive' as const, reason: 'vendor | is down', products: null },
    { ...who, action: 'hold' as const, reason: 'source is wrong', of: 'cycle' as const },
  ]
  const cycle = commands.reduce((now, command) => applyFact(now, { kind: 'commanded', command }, NOON_MS), cycleOf())
  const lines = told(cycle)
  expect(lines[0]).toBe('**WAITING, held by ann since 2026-11-20T12:00:00.000Z: source is wrong**')
  expect(lines).toContain('| raw/rd2 | 2026-11-20 | WAIVED | by ann: vendor / is down |')
})

test('beside a correction that an attempt has taken stands when that came', () => {
  const at = (minutes: number): number => NOON_MS + minutes * 60_000
  const arrived = applyArrival(cycleOf({}, ['d1/ds1']), arrivalOf('d1/ds1'), at(1))
  const corrected = applyArrival(arrived, arrivalOf('d1/ds1', { revision: 2 }), at(2))
  expect(toDetails(corrected, at(2))).toContain(
    '| d1/ds1 | 2026-11-20 | ARRIVED | 2026-11-20T12:02:00.000Z, revision 2 |',
  )
  const ran = [{ kind: 'begun' }, { kind: 'start-failed', error: 'no such job' }] as const
  const failed = ran.reduce((now, fact) => applyFact(now, fact, at(3)), corrected)
  const remembers = applyArrival(failed, arrivalOf('d1/ds1', { revision: 3 }), at(4))
  expect(toDetails(remembers, at(4))).toContain('12:02:00.000Z, revision 2 |')
  const command = { actor: 'ann', reason: 'again', requestId: 'request-1' }
  const rerun = [{ kind: 'rerun', command }, { kind: 'begun' }] as const
  expect(
    toDetails(
      rerun.reduce((now, fact) => applyFact(now, fact, at(5)), remembers),
      at(5),
    ),
  ).toContain('12:04:00.000Z, revision 3 |')
})
