import { expect, test } from 'vitest'
import { buildIndex, type RoutingIndex } from '../model/calendar/routing.ts'
import { catalogOf, definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { watchIndex } from './index-watch.ts'

type Answer = { index: RoutingIndex; etag: string } | undefined

const indexOf = (product: string): RoutingIndex => buildIndex(catalogOf([versionOf(definitionOf(product))]))
const BEFORE = { index: indexOf('d1/ds1'), etag: 'e0' }
const APPLIED = { index: indexOf('d1/ds2'), etag: 'e1' }
const DS2 = toProduct('d1/ds2')

/** Each read but the first ends when the test says so. */
async function watched() {
  const reads: (PromiseWithResolvers<Answer> & { askedWith: string | undefined })[] = []
  const watch = await watchIndex({
    load(askedWith) {
      if (askedWith === undefined) return Promise.resolve(BEFORE)
      const read = { ...Promise.withResolvers<Answer>(), askedWith }
      reads.push(read)
      return read.promise
    },
  })
  return { reads, watch }
}

const begun = (reads: unknown[], count: number): Promise<void> =>
  expect.poll(() => reads.length, { timeout: 60_000 }).toBe(count)

test('a reload that is asked for while a read is under way begins after it, and sees what was applied since', async () => {
  const { reads, watch } = await watched()
  const poll = watch.reload()
  await begun(reads, 1)
  const askers = [watch.reload(), watch.reload()].map(async (reloaded) => {
    await reloaded
    return watch.current().known.has(DS2)
  })
  // Answered before the apply.
  reads[0]?.resolve(undefined)
  await poll
  await begun(reads, 2)
  reads[1]?.resolve(APPLIED)
  expect(await Promise.all(askers)).toEqual([true, true])
  expect(reads.map(({ askedWith }) => askedWith)).toEqual(['e0', 'e0'])
})

test('a read that fails, fails for its askers alone; the index stays as it was', async () => {
  const { reads, watch } = await watched()
  const poll = watch.reload()
  await begun(reads, 1)
  const next = watch.reload()
  reads[0]?.reject(new Error('away'))
  await expect(poll).rejects.toThrow('away')
  expect(watch.current()).toBe(BEFORE.index)
  await begun(reads, 2)
  reads[1]?.resolve(APPLIED)
  await next
  expect(watch.current()).toBe(APPLIED.index)
})
