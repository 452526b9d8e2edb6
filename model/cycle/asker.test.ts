import { expect, test } from 'vitest'
import { toCycleId } from '../ids.ts'
import { cycleOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import {
  isHoldRepair,
  MOST,
  refuseAsker,
  refuseTexts,
  toHoldRepairId,
  toKept,
  toLine,
  toReason,
  toShort,
} from './asker.ts'
import type { Command, OperatorCommand } from './cycle.ts'
import { applyFact } from './facts.ts'
import { refuseCommand } from './commands.ts'
import { refuseRerun } from './rerun.ts'

const asker = (change: Partial<OperatorCommand> = {}): OperatorCommand => ({
  ...{ actor: 'ann', reason: 'vendor is down', requestId: 'request-1' },
  ...change,
})

test('texts of people are taken as they are', () => {
  for (const reason of ['vendor is down', 'Zinsänderung für „Müller“ – 価格 📈', 'x'.repeat(MOST.reason)])
    expect(refuseAsker(asker({ reason }))).toBeNull()
  expect(refuseAsker(asker({ actor: 'arn:aws:sts::111111111111:assumed-role/ops/ann' }))).toBeNull()
})

test.each([
  ['actor', 'The actor', 201, 200],
  ['reason', 'The reason', 120_000, 1_000],
  ['requestId', 'The request id', 201, 200],
] as const)('a %s that is too long is told how long it may be', (name, said, length, most) => {
  expect(refuseAsker(asker({ [name]: 'x'.repeat(length) }))).toBe(
    `${said} is ${length} characters long; at most ${most} are allowed.`,
  )
})

test.each(['\u0000', '\u0007', '\u001b', '\u007f', '\u009b', '\u202e', '\u2066'])(
  '%j is refused by its number',
  (it) => {
    const code = `U+${it.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
    for (const name of ['actor', 'reason'] as const)
      expect(refuseAsker(asker({ [name]: `a${it}b` }))).toContain(`has a control character (${code})`)
  },
)

test('lines and tabs become spaces', () => {
  expect(toLine(' vendor\r\n\tis\u2028down\n')).toBe('vendor is down')
})

test.each(['sluice', ' Sluice ', 'SLUICE'])('%j is not the name of a person', (actor) => {
  expect(refuseAsker(asker({ actor }))).toContain('is the name by which Sluice itself asks')
  expect(toKept(asker({ actor })).actor).toBe(`${actor.trim()} (not the system)`)
})

test('names that only begin like the system’s are people’s', () => {
  for (const actor of ['sluice dev', 'sluice-ops']) expect(refuseAsker(asker({ actor }))).toBeNull()
})

test('what is kept of one who is refused is short, plain, says that it was cut, and would be taken', () => {
  const kept = toKept({
    actor: '\u001b[31m'.repeat(90),
    reason: `📈${'📈'.repeat(60_000)}`,
    requestId: 'x'.repeat(300),
  })
  expect(kept.reason).toMatch(/📈 … \(cut, it was 120002 characters long\)$/)
  expect(kept.actor).toContain('\ufffd[31m')
  expect(refuseAsker(kept)).toBeNull()
  expect(toKept(asker())).toEqual(asker())
})

test('a reason that another sentence repeats is one short line', () => {
  expect(toShort('vendor\nis down')).toBe('vendor is down')
  expect(toShort('x'.repeat(120_000))).toBe(`${'x'.repeat(159)}…`)
  expect(toReason('x'.repeat(1_050))).toHaveLength(MOST.reason)
})

test('the system asks from outside for one thing only, whatever else is said in its name', () => {
  const cycle = toCycleId(toProduct('d1/ds3'), KEY)
  const requestId = toHoldRepairId({ cycle, runNumber: 1, version: 3 })
  const own = { actor: 'sluice', reason: 'd1/ds3 is held', requestId, of: 'product' } as const
  expect(isHoldRepair({ action: 'hold', ...own }, cycle)).toBe(true)
  expect(isHoldRepair({ action: 'release', ...own }, cycle)).toBe(true)
  expect(isHoldRepair({ action: 'rerun', ...own } as Command, cycle)).toBe(false)
  expect(isHoldRepair({ action: 'hold', ...own, of: 'cycle' }, cycle)).toBe(false)
})

test.each([
  'request-1',
  'hold-repair:',
  'hold-repair:d1/ds4/2026-11-20:1:3',
  'hold-repair:d1/ds3/2026-11-20:1',
  'hold-repair:d1/ds3/2026-11-20:1:3x',
  'hold-repair:d1/ds3/2026-11-20:x:1:3',
])('%s is no request id of that', (requestId) => {
  const command = { action: 'hold', actor: 'sluice', reason: 'r', requestId, of: 'product' } as const
  expect(isHoldRepair(command, toCycleId(toProduct('d1/ds3'), KEY))).toBe(false)
})

test('what is asked in the system’s name is bounded as well', () => {
  expect(refuseTexts(asker({ actor: 'sluice' }))).toBeNull()
  expect(refuseTexts(asker({ actor: 'sluice', reason: 'x'.repeat(120_000) }))).toContain('at most 1000')
  expect(refuseTexts(asker({ actor: 'sluice', reason: '\u001b[31m' }))).toContain('U+001B')
})

test('an action with the longest texts is small enough that hundreds fit into one record', () => {
  const long = {
    actor: '価'.repeat(MOST.actor),
    reason: '価'.repeat(MOST.reason),
    requestId: '価'.repeat(MOST.requestId),
  }
  const held = applyFact(cycleOf(), { kind: 'commanded', command: { action: 'hold', of: 'cycle', ...long } }, NOON_MS)
  const again = applyFact(held, { kind: 'commanded', command: { action: 'hold', of: 'cycle', ...long } }, NOON_MS)
  expect(again.actions.map(({ refused }) => refused !== null)).toEqual([false, true])
  for (const action of again.actions) expect(Buffer.byteLength(JSON.stringify(action))).toBeLessThan(6_000)
})

test.each(['hold', 'cancel', 'waive'] as const)('who was first is told in one short line to a second %s', (action) => {
  const reason = 'x'.repeat(120_000)
  const command = { action, of: 'cycle', products: null, ...asker({ reason }) } as Command
  const after = applyFact(cycleOf(), { kind: 'commanded', command }, NOON_MS)
  const refused = refuseCommand(after, command, 'open', NOON_MS) ?? ''
  expect(refused).toContain('ann')
  expect(refused.length).toBeLessThan(500)
})

test('who holds it is told in one short line to who wants it run again', () => {
  const command = { action: 'hold', of: 'cycle', ...asker({ reason: `x\n${'x'.repeat(120_000)}` }) } as Command
  const refused = refuseRerun(applyFact(cycleOf(), { kind: 'commanded', command }, NOON_MS), 'open', NOON_MS) ?? ''
  expect(refused).toMatch(/^It is held by ann: x x+…\. To release it first: /)
  expect(refused.length).toBeLessThan(500)
})
