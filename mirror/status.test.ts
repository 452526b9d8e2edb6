import { expect, test } from 'vitest'
import { isLate } from './status.ts'

const T0 = Date.parse('2026-11-20T22:00:00Z')
const at = (minute: number): string => new Date(T0 + minute * 60_000).toISOString()

test.each([
  ['no commitment', null, null, 'WAITING', false],
  ['at the instant itself', at(10), null, 'WAITING', false],
  ['after it', at(9), null, 'ERROR', true],
  ['completed in time', at(9), at(8), 'COMPLETED', false],
  ['completed late', at(7), at(8), 'COMPLETED', true],
  ['rerun after it was in time', at(9), at(8), 'PROCESSING', false],
  ['skipped', at(9), null, 'SKIPPED', false],
] as const)('late: %s', (_case, availableBy, firstCompletedAt, state, late) => {
  const opened = { openedBy: 'scheduler', openedAt: new Date(T0).toISOString() } as const
  expect(isLate({ state, availableBy, firstCompletedAt, ...opened }, T0 + 10 * 60_000)).toBe(late)
})
