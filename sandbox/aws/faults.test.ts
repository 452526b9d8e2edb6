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
