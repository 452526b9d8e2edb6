// Who waits for a refresh that somebody sends by hand, as the domain that sends it may see.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { domainText, type Files, productText } from '../../catalog/samples.test-data.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { readAwaited } from '../../mirror/awaited.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { definitionOf, inputOf, KEY, NOON_MS, publishedOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'

const FILES: Files = {
  'd1.yaml': domainText('d1'),
  'raw.yaml': domainText('raw', ['222222222222', '111111111111']),
  'a.yaml': productText('raw/a', 'visibility: mesh\n'),
  'b.yaml': productText('raw/b', 'visibility: mesh\n'),
  'c.yaml': productText('raw/c', 'visibility: mesh\n'),
  'public.yaml': productText('d1/public', 'visibility: mesh\ndependsOn: [raw/a]\n'),
  'private.yaml': productText('d1/private', 'dependsOn: [raw/b]\n'),
}

let sandbox: Sandbox
let space: CatalogSpace
let raw: Postgres
beforeAll(async () => {
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'awaited')
  await space.applied(FILES)
  const password = 'a password of raw'
  const username = await ensureDomainRole(space.db, 'raw' as Domain, password)
  raw = openPostgres(Object.assign(new URL(space.url), { username, password }).href)
})
afterAll(async () => {
  await raw.end()
  await space.end()
  await sandbox.close()
})

const isAwaited = async (db: Postgres, product: string): Promise<boolean> =>
  (await readAwaited(db, { product: toProduct(product), key: KEY })).isAwaited

test('by a definition of another domain, where that may be seen', async () => {
  expect([await isAwaited(raw, 'raw/a'), await isAwaited(raw, 'raw/b')]).toEqual([true, false])
  expect([await isAwaited(space.db, 'raw/b'), await isAwaited(space.db, 'raw/c')]).toEqual([true, false])
})

test('no more by a definition that is superseded, but by a cycle that it opened', async () => {
  await space.applied({ ...FILES, 'public.yaml': productText('d1/public', 'visibility: mesh\n') })
  expect(await isAwaited(space.db, 'raw/a')).toBe(false)
  await recordCycle(space.db, toRecord(openRun(inputOf(definitionOf('d1/public', ['raw/a'])), NOON_MS), 0))
  expect(await isAwaited(space.db, 'raw/a')).toBe(true)
  const other = { product: toProduct('raw/a'), key: toKey('2026-11-21') }
  expect(await readAwaited(space.db, other)).toEqual({ isAwaited: false, publishedRevision: 0 })
})

test('how far the product has published itself', async () => {
  const cycle = publishedOf(openRun(inputOf(definitionOf('raw/c', [])), NOON_MS))
  await recordCycle(space.db, toRecord(cycle, 0))
  expect(await readAwaited(raw, { product: toProduct('raw/c'), key: KEY })).toMatchObject({ publishedRevision: 1 })
})
