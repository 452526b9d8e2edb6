// The clock of a sandbox that runs by itself.
import { expect, test } from 'vitest'
import { createSystemClock } from './clock.ts'

test('time put forward stays ahead, and what fell due happens', async () => {
  const clock = createSystemClock()
  const before = clock.nowMs()
  const due = new Promise<string>((resolve) => clock.after(3_600_000, () => resolve('due')))
  clock.jump(3_600_000)
  expect(clock.nowMs()).toBeGreaterThanOrEqual(before + 3_600_000)
  await expect(Promise.race([due, held()])).resolves.toBe('due')
})

test('a timer beyond the limit of Node does not fire at once, and a cancelled one never', async () => {
  const clock = createSystemClock()
  const fired: string[] = []
  const cancel = clock.after(40 * 86_400_000, () => fired.push('far'))
  clock.after(1000, () => fired.push('cancelled'))()
  const due = new Promise<void>((resolve) => clock.after(2000, resolve))
  clock.jump(2000)
  await Promise.race([due, held()])
  cancel()
  expect(fired).toEqual([])
})

/** Keeps the process alive, as the clock's own timers do not. */
const held = () => new Promise<string>((resolve) => setTimeout(resolve, 30_000, 'nothing happened'))
