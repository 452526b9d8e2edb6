import { expect, test } from 'vitest'
import type { LoadedCatalog } from '../catalog/load.ts'
import type { Held } from '../model/cycle/cycle.ts'
import { catalogOf, definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { createHolds } from './holds.ts'

const DS3 = toProduct('d1/ds3')
const HELD: Held = { actor: 'ann', reason: 'source is wrong', sinceMs: 1, of: 'product' }

const loadedAs = (etag: string, holds: Record<string, Held>): LoadedCatalog => ({
  kind: 'loaded',
  catalog: { ...catalogOf([versionOf(definitionOf(DS3))]), holds },
  etag,
})

/** Each question is answered when the test says so. */
function asked() {
  const questions: { etag: string | undefined; answer(found: LoadedCatalog): void }[] = []
  const heldBy = createHolds((etag) => {
    const { promise, resolve } = Promise.withResolvers<LoadedCatalog>()
    questions.push({ etag, answer: resolve })
    return promise
  })
  return { questions, heldBy }
}

test('"unchanged" is said of what this caller knew, not of an older answer that came in meanwhile', async () => {
  const { questions, heldBy } = asked()
  const slow = heldBy(DS3)
  const second = heldBy(DS3)
  questions[1]?.answer(loadedAs('e1', { [DS3]: HELD }))
  expect(await second).toEqual(HELD)

  const third = heldBy(DS3)
  questions[0]?.answer(loadedAs('e0', {}))
  expect(await slow).toBeNull()
  questions[2]?.answer({ kind: 'unchanged' })
  expect(await third).toEqual(HELD)
  expect(questions.map(({ etag }) => etag)).toEqual([undefined, undefined, 'e1'])
})
