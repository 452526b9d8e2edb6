import { expect, test } from 'vitest'
import type { Domain } from './ids.ts'
import { joinLooks } from './joining-looks.ts'

const [d1, d2] = ['d1', 'd2'] as Domain[] as [Domain, Domain]

const PATIENT = { timeout: 60_000 }

/** Each look ends when the test says so. */
function watched() {
  const begun: { domain: Domain; atMs: number; end: PromiseWithResolvers<number> }[] = []
  const look = joinLooks<number>((domain, atMs) => {
    const end = Promise.withResolvers<number>()
    begun.push({ domain, atMs, end })
    return end.promise
  })
  return { begun, look, looks: () => begun.map(({ domain, atMs }) => [domain, atMs]) }
}

test('what is asked while a look is under way shares the next one, at the latest instant', async () => {
  const { begun, look, looks } = watched()
  const first = look(d1, 1)
  await expect.poll(looks, PATIENT).toEqual([[d1, 1]])
  const others = [look(d1, 3), look(d1, 5), look(d1, 4)]
  begun[0]?.end.resolve(10)
  expect(await first).toBe(10)
  await expect.poll(looks, PATIENT).toEqual([
    [d1, 1],
    [d1, 5],
  ])
  begun[1]?.end.resolve(20)
  expect(await Promise.all(others)).toEqual([20, 20, 20])
})

test('each domain has its own look, one after the other', async () => {
  const { begun, look, looks } = watched()
  const both = [look(d1, 1), look(d2, 1)]
  await expect.poll(looks, PATIENT).toEqual([[d1, 1]])
  begun[0]?.end.resolve(1)
  await expect.poll(looks, PATIENT).toHaveLength(2)
  begun[1]?.end.resolve(2)
  expect(await Promise.all(both)).toEqual([1, 2])
})

test('a look that fails, fails for its askers alone', async () => {
  const { begun, look, looks } = watched()
  const first = look(d1, 1)
  await expect.poll(looks, PATIENT).toHaveLength(1)
  const second = look(d1, 2)
  begun[0]?.end.reject(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect.poll(looks, PATIENT).toHaveLength(2)
  begun[1]?.end.resolve(2)
  expect(await second).toBe(2)
})
