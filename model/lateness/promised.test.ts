import { expect, test } from 'vitest'
import { isOpenedAfterItsTime } from './promised.ts'

test.each([
  ['person', 101, true],
  ['backfill', 101, true],
  ['rerun', 101, true],
  ['person', 100, false],
  ['scheduler', 101, false],
  ['arrival', 101, false],
] as const)('opened by %s at %i of 100: %s', (openedBy, openedAtMs, isAfter) => {
  expect(isOpenedAfterItsTime(openedBy, openedAtMs, 100)).toBe(isAfter)
})
