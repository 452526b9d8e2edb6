// Fault switches: which calls they meet, how often, and what they leave behind.

import { expect, test } from 'vitest'
import { createDrivenClock } from './clock.ts'
import { parseFaultRule } from './fault-rule.ts'
import { createFaults, sufferFault } from './faults.ts'
import { createLedger } from './ledger.ts'

const caller = { account: '222222222222', region: 'us-east-1' }
const call = (input: unknown, operation = 'StartJobRun') => ({ service: 'glue' as const, operation, caller, input })

function createSwitches() {
  const ledger = createLedger(createDrivenClock(0))
  return { ledger, faults: createFaults(ledger) }
}

test('a rule meets only the calls that match all its fields, and only so many', () => {
  const { faults, ledger } = createSwitches()
  const where = { JobName: 'd1-ds3', 'Arguments.--n': '1' }
  faults.add({
    service: 'glue',
    operation: 'StartJobRun',
    account: '222222222222',
    where,
    action: { kind: 'throttle' },
  })
  expect(faults.take(call({ JobName: 'd1-ds3' }))).toBeUndefined()
  expect(faults.take(call({ JobName: 'd1-ds3', Arguments: { '--n': '1' } }, 'GetJobRun'))).toBeUndefined()
  expect(faults.take(call({ JobName: 'd1-ds3', Arguments: { '--n': '1' } }))).toEqual({ kind: 'throttle' })
  expect(faults.take(call({ JobName: 'd1-ds3', Arguments: { '--n': '1' } }))).toBeUndefined()
  expect(ledger.rows({ kind: 'fault' })).toHaveLength(1)
})

test('a rule skips its first calls and is then used its number of times', () => {
  const { faults } = createSwitches()
  faults.add({ service: 'glue', operation: 'StartJobRun', after: 1, times: 2, action: { kind: 'hang' } })
  const taken = [1, 2, 3, 4].map(() => faults.take(call({}))?.kind)
  expect(taken).toEqual([undefined, 'hang', 'hang', undefined])
  expect(faults.list()).toMatchObject([{ used: 2 }])
})

test('a removed rule meets nothing', () => {
  const { faults } = createSwitches()
  faults.remove(faults.add({ service: 'glue', operation: 'StartJobRun', action: { kind: 'throttle' } }))
  expect(faults.take(call({}))).toBeUndefined()
})

test('a hang ends only when the caller hangs up', async () => {
  const hangUp = new AbortController()
  const suffered = sufferFault({ kind: 'hang' }, createDrivenClock(0), hangUp.signal)
  hangUp.abort()
  await expect(suffered).rejects.toMatchObject({ code: 'RequestAborted' })
})

test('a delay ends by the clock that is given', async () => {
  const clock = createDrivenClock(0)
  const suffered = sufferFault({ kind: 'delay', ms: 500 }, clock, new AbortController().signal)
  clock.advance(500)
  await expect(suffered).resolves.toBeUndefined()
})

test('a rule from outside is refused with all its problems', () => {
  const reading = parseFaultRule({ service: 'sns', operation: 1, oops: 1, times: 'x', action: { kind: 'delay' } })
  expect(reading).toMatchObject({ kind: 'refused' })
  expect(reading.kind === 'refused' && reading.problems).toHaveLength(5)
})

const taken = (faults: ReturnType<typeof createFaults>, calls: number) =>
  Array.from({ length: calls }, () => faults.take(call({})) !== undefined)

test('each n-th matching call is met, without end unless told', () => {
  const { faults } = createSwitches()
  faults.add({ service: 'glue', operation: 'StartJobRun', after: 1, every: 2, action: { kind: 'throttle' } })
  expect(taken(faults, 7)).toEqual([false, false, true, false, true, false, true])
})

test('a share of the calls is met, the same ones for the same seed', () => {
  const meet = (seed: number) => {
    const { faults } = createSwitches()
    const rule = { service: 'glue', operation: 'StartJobRun', action: { kind: 'throttle' } } as const
    faults.add({ ...rule, probability: 0.3, seed })
    return taken(faults, 1000)
  }
  expect(meet(7)).toEqual(meet(7))
  expect(meet(7)).not.toEqual(meet(8))
  const share = meet(7).filter(Boolean).length / 1000
  expect(share).toBeGreaterThan(0.25)
  expect(share).toBeLessThan(0.35)
})

test('a star meets every call of the API, and nothing that the sandbox does by itself', () => {
  const { faults } = createSwitches()
  faults.add({ service: 'glue', operation: '*', times: 'unlimited', action: { kind: 'throttle' } })
  expect(faults.take(call({}, 'GetJobRun'))).toEqual({ kind: 'throttle' })
  expect(faults.take(call({}, 'StateChangeEvent'))).toBeUndefined()
})

test.each([
  ['an operation that cannot be one', { operation: 'put events' }, 1],
  ['an account that is none', { account: '22' }, 1],
  ['a probability beyond 1, and a seed that is none', { probability: 2, seed: -1 }, 2],
  ['a seed without a probability', { seed: 1 }, 1],
  ['no uses at all', { times: 0 }, 1],
  ['a field that the action does not take', { action: { kind: 'hang', ms: 1 } }, 1],
  ['a status that is no error', { action: { kind: 'error', code: 'X', status: 200 } }, 1],
  ['a timeline without times', { action: { kind: 'run-timeline', states: [{ state: 'RUNNING' }] } }, 1],
  ['an unknown action, and a nested condition', { action: { kind: 'explode' }, where: { a: {} } }, 2],
])('a rule with %s is refused', (_title, change, problems) => {
  const rule = { service: 'sqs', operation: 'SendMessage', action: { kind: 'hang' }, ...change }
  const reading = parseFaultRule(rule)
  expect(reading.kind === 'refused' && reading.problems).toHaveLength(problems)
})
