import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import type { Cycle } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'
import { applyHoldUp, type HoldUp, needsPerson } from './held-up.ts'
import { isFlushDue, toRecord } from './record.ts'

const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((now, fact) => applyFact(now, fact, NOON_MS + 2), cycle)
const waiting = cycleOf({}, ['d1/ds1'])
const begun = after(applyArrival(waiting, arrivalOf('d1/ds1'), NOON_MS + 1), { kind: 'begun' })
const running = after(begun, { kind: 'run-started', runId: 'jr_1', adopted: false })
const succeeded = after(running, { kind: 'run-ended', end: endOf('SUCCEEDED') })
const saying = (step: HoldUp['step'], change: Partial<HoldUp> = {}): HoldUp => ({
  ...{ step, reason: 'Could not', isRefusal: false },
  ...change,
})

const BY = { actor: 'ann', reason: 'hurry', requestId: 'request-1' }

test.each([
  ['start', begun],
  ['run', running],
  ['publish', succeeded],
] as const)('%s: only the step under way is held up, and the record says so at once', (step, cycle) => {
  for (const other of (['start', 'run', 'publish'] as const).filter((one) => one !== step))
    expect(applyHoldUp(cycle, saying(other), NOON_MS + 3)).toBe(cycle)
  const held = applyHoldUp(cycle, saying(step), NOON_MS + 3)
  expect(held).toMatchObject({ version: cycle.version + 1, heldUp: { step, sinceMs: NOON_MS + 3 } })
  expect(isFlushDue(held, cycle.version, NOON_MS + 9)).toBe(true)
  expect(toRecord(held, cycle.version).snapshot).toMatchObject({ state: 'PROCESSING', reason: 'Could not' })
})

test('a limit of Glue is a flag of its own, other trouble another; both go when the step gets on', () => {
  const full = applyHoldUp(begun, saying('start', { limit: 'account-quota' }), NOON_MS + 3)
  expect(full.heldUp).toMatchObject({ limit: 'account-quota' })
  expect(toRecord(full, begun.version).snapshot).toMatchObject({
    state: 'PROCESSING',
    flags: ['waits-for-account-quota'],
  })
  const other = applyHoldUp(full, saying('start', { reason: 'AccessDenied' }), NOON_MS + 4)
  expect(other.heldUp).not.toHaveProperty('limit')
  expect(toRecord(other, begun.version).snapshot.flags).toEqual(['held-up'])
  expect(toRecord(after(other, { kind: 'run-started', runId: 'jr_1', adopted: false }), 1).snapshot).not.toHaveProperty(
    'flags',
  )
})

test('a cycle that waits, or has ended, is held up by nothing', () => {
  const failed = after(begun, { kind: 'start-failed', error: 'no such job' })
  for (const cycle of [waiting, failed]) expect(applyHoldUp(cycle, saying('start'), NOON_MS + 3)).toBe(cycle)
})

test('the same again changes nothing; more said keeps since when', () => {
  const held = applyHoldUp(begun, saying('start'), NOON_MS + 3)
  expect(applyHoldUp(held, saying('start'), NOON_MS + 4)).toBe(held)
  const other = applyHoldUp(held, saying('start', { reason: 'Throttled' }), NOON_MS + 5)
  expect(other.heldUp).toEqual({ step: 'start', reason: 'Throttled', refusals: 0, sinceMs: NOON_MS + 3 })
})

test('a person is needed from the second refusal on, whatever is said in between, until the step gets on', () => {
  const refused = saying('run', { reason: 'AccessDenied', isRefusal: true })
  const told = [saying('run'), refused, saying('run'), refused, saying('run')]
  const moments = told.reduce<Cycle[]>((all, said) => [...all, applyHoldUp(all.at(-1) ?? running, said, NOON_MS)], [])
  expect(moments.map(needsPerson)).toEqual([false, false, false, true, true])
  const onAgain = applyHoldUp(moments.at(-1) ?? running, saying('run', { reason: null }), NOON_MS + 9)
  expect([onAgain.heldUp, onAgain.version]).toEqual([null, (moments.at(-1)?.version ?? 0) + 1])
  expect(applyHoldUp(onAgain, saying('run', { reason: null }), NOON_MS + 10)).toBe(onAgain)
  expect(needsPerson(applyHoldUp(onAgain, refused, NOON_MS + 11))).toBe(false)
})

test('the end of the step ends it; a command that is refused meanwhile does not', () => {
  const held = applyHoldUp(begun, saying('start'), NOON_MS + 3)
  expect(after(held, { kind: 'rerun', command: BY }).heldUp).not.toBeNull()
  expect(after(held, { kind: 'run-started', runId: 'jr_1', adopted: false }).heldUp).toBeNull()
  expect(after(held, { kind: 'cancelled', reason: 'by hand' }).heldUp).toBeNull()
})
