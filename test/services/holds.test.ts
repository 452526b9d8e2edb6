// A held product, on a real PostgreSQL and a real bucket: the roles read it from the catalog object, an apply keeps it, and the last
// question before Glue hears of it at once.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHolds } from '../../activities/holds.ts'
import { holdProduct, releaseProduct } from '../../catalog/hold-product.ts'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { domainText, type Files, productText } from '../../catalog/samples.test-data.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { toTimetable } from '../../model/calendar/routing.ts'
import { toKey, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'

const FILES: Files = {
  'd1.yaml': domainText('d1'),
  'd2.yaml': domainText('d2', ['222222222222', '333333333333']),
  'ds1.yaml': productText('d1/ds1', 'visibility: mesh\n'),
  'ds2.yaml': productText('d2/ds2', 'dependsOn: [d1/ds1]\n'),
}
const DS1 = toProduct('d1/ds1')
const hold = {
  product: DS1,
  actor: 'ann',
  reason: 'source is wrong',
  sinceMs: 1_795_176_000_000,
  of: 'product' as const,
}
const { product: _product, ...held } = hold
const settings = { checkGlueMs: 0, errorWaitMs: 0, recordRetryMs: 0 }

let sandbox: Sandbox
let space: CatalogSpace
beforeAll(async () => {
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'holds')
  await space.applied(FILES)
})
afterAll(async () => {
  await space.end()
  await sandbox.close()
})

async function catalogOf(domain: string) {
  const loaded = await loadDomainCatalog(space.s3, space.bucket, domain)
  if (loaded.kind !== 'loaded') throw new Error('no catalog')
  return loaded.catalog
}

async function opened() {
  const catalog = await catalogOf('d1')
  const version = catalog.products.find(({ definition }) => definition.product === DS1)
  if (!version) throw new Error('no version')
  return openCycle(toTimetable(catalog), version, { key: toKey('2026-11-20'), openedBy: 'scheduler', settings })
}

test('is in the catalog of its own domain alone, with who and why; what opens from then on carries it; a release ends it', async () => {
  expect((await opened()).held).toBeUndefined()
  const before = (await catalogOf('d1')).revision
  expect(await holdProduct(space, hold)).toEqual({ before: null })
  expect(await catalogOf('d1')).toMatchObject({ revision: before + 1, holds: { [DS1]: held } })
  expect((await catalogOf('d2')).holds).toBeUndefined()
  expect((await opened()).held).toEqual(held)
  expect(await releaseProduct(space, DS1)).toEqual({ before: hold })
  expect((await opened()).held).toBeUndefined()
  expect(await releaseProduct(space, DS1)).toEqual({ before: null })
})

test('the first hold stands when a second comes, and an apply of other definitions keeps it', async () => {
  await holdProduct(space, hold)
  expect(await holdProduct(space, { ...hold, actor: 'bob', reason: 'me too' })).toEqual({ before: hold })
  await space.applied({ ...FILES, 'ds3.yaml': productText('d1/ds3') })
  const { holds, products } = await catalogOf('d1')
  expect([holds, products.length]).toEqual([{ [DS1]: held }, 2])
  await releaseProduct(space, DS1)
})

test('is asked for right before Glue is: the answer is the bucket’s of now, not of memory', async () => {
  const heldBy = createHolds((etag) => loadDomainCatalog(space.s3, space.bucket, 'd1', etag))
  expect(await heldBy(DS1)).toBeNull()
  await holdProduct(space, hold)
  expect(await heldBy(DS1)).toEqual(held)
  expect(await heldBy(toProduct('d1/ds3'))).toBeNull()
  await releaseProduct(space, DS1)
  expect(await heldBy(DS1)).toBeNull()
})

test('that could not reach the bucket says what stands where, and given again it is whole', async () => {
  const action = { kind: 'error', code: 'InternalError', status: 500 } as const
  sandbox.faults.add({ service: 's3', operation: 'PutObject', action })
  await expect(holdProduct(space, hold)).rejects.toThrow(
    /It is in the database, but could not be written to s3:\/\/holds: .* give the command again/,
  )
  expect((await catalogOf('d1')).holds).toBeUndefined()
  expect(await holdProduct(space, hold)).toEqual({ before: hold })
  expect((await catalogOf('d1')).holds).toEqual({ [DS1]: held })
  await releaseProduct(space, DS1)
})

test('while the bucket is away nobody says that nothing is held', async () => {
  const heldBy = createHolds(() => loadDomainCatalog(space.s3, 'no-such-bucket', 'd1'))
  await expect(heldBy(DS1)).rejects.toThrow()
})
