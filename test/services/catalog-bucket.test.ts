// The catalog bucket on the sandbox S3: what roles boot from, and what an apply that was cut off leaves behind.
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import { holdProduct } from '../../catalog/hold-product.ts'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { domainText, type Files, meshOf, productText } from '../../catalog/samples.test-data.ts'
import { toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'

const FILES: Files = {
  'd1.yaml': domainText('d1'),
  'raw.yaml': domainText('raw', ['222222222222', '111111111111']),
  'rd1.yaml': productText('raw/rd1', 'visibility: mesh\n'),
  'rd2.yaml': productText('raw/rd2'),
  'ds1.yaml': productText('d1/ds1', 'dependsOn: [raw/rd1]\n'),
}
const CHANGED: Files = { ...FILES, 'ds1.yaml': productText('d1/ds1', 'dependsOn: [raw/rd1]\nnotBefore: "17:00"\n') }
const KEYS = [
  'domains/d1.json',
  'domains/raw.json',
  'products/d1/ds1/v1.json',
  'products/raw/rd1/v1.json',
  'products/raw/rd2/v1.json',
]
const D1 = { Key: 'domains/d1.json' }
const DS1 = toProduct('d1/ds1')

let sandbox: Sandbox
let space: CatalogSpace
let names = 0
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())
beforeEach(async () => {
  names += 1
  space = await openCatalogSpace(sandbox, `bucket-${names}`)
})
afterEach(async () => {
  for (const { id } of sandbox.faults.list()) if (id) sandbox.faults.remove(id)
  await space.end()
})

const load = (domain = 'd1', etag?: string) => loadDomainCatalog(space.s3, space.bucket, domain, etag)

describe('what a role boots from', () => {
  test('is its domain with the versions in force, and what it may know of the mesh', async () => {
    await space.applied(FILES)
    expect(Object.keys(await space.objects())).toEqual(KEYS)
    const loaded = await load()
    const mesh = meshOf(FILES)
    expect(loaded).toMatchObject({
      kind: 'loaded',
      catalog: {
        revision: 1,
        domain: mesh.domains[0],
        products: [{ version: 1, definition: mesh.products[0] }],
        earlier: [],
        accounts: { d1: '222222222222', raw: '111111111111' },
        known: ['d1/ds1', 'raw/rd1'],
      },
    })
  })

  test('is read again only when it has changed', async () => {
    await space.applied(FILES)
    const first = await load()
    const etag = first.kind === 'loaded' ? first.etag : ''
    expect(await load('d1', etag)).toEqual({ kind: 'unchanged' })
    await space.applied(FILES)
    expect(await load('d1', etag)).toEqual({ kind: 'unchanged' })
    await space.applied(CHANGED)
    expect(await load('d1', etag)).toMatchObject({
      kind: 'loaded',
      catalog: { revision: 2, products: [{ version: 2 }] },
    })
  })

  test('a domain that was never applied is told what to do', async () => {
    await expect(load('d9')).rejects.toThrow(
      `Domain "d9" has no catalog: there is no s3://${space.bucket}/domains/d9.json. Run \`sluice apply\` for it first.`,
    )
  })

  test('an object that is no catalog is refused by its key and its faults; apply puts it right', async () => {
    await space.applied(FILES)
    const broken = { Bucket: space.bucket, Key: 'domains/d1.json', Body: '{"revision":"x"}' }
    await space.s3.send(new PutObjectCommand(broken))
    await expect(load()).rejects.toThrow(
      /domains\/d1\.json is no catalog that this Sluice reads \(revision: .*apply` again/,
    )
    expect((await space.applied(FILES)).uploaded).toEqual(['domains/d1.json'])
    expect((await load()).kind).toBe('loaded')
  })

  test('an S3 that does not answer is an error with the key, not an empty catalog', async () => {
    await space.applied(FILES)
    const action = { kind: 'error', code: 'SlowDown', status: 503 } as const
    sandbox.faults.add({ service: 's3', operation: 'GetObject', action })
    await expect(load()).rejects.toThrow(`Could not read s3://${space.bucket}/domains/d1.json: SlowDown`)
  })
})

describe('versions', () => {
  test('once written are never written again', async () => {
    await space.applied(FILES)
    const before = await space.objects()
    await space.applied(CHANGED)
    const after = await space.objects()
    expect(after['products/d1/ds1/v1.json']).toBe(before['products/d1/ds1/v1.json'])
    expect(Object.keys(after)).toEqual([...KEYS, 'products/d1/ds1/v2.json'].sort())
  })

  test('of another mesh in the same bucket are not overwritten: the two are told apart', async () => {
    await space.applied(FILES)
    const before = await space.objects()
    const stranger = await openCatalogSpace(sandbox, space.bucket)
    try {
      await expect(stranger.apply(CHANGED)).rejects.toThrow(
        /holds another version 1 than the database.*not of one mesh/,
      )
      expect(await space.objects()).toEqual(before)
    } finally {
      await stranger.end()
    }
  })
})

describe('a bucket that fails in the middle', () => {
  const down = { kind: 'error', code: 'ServiceUnavailable', status: 503 } as const

  test.each([0, 1, 2, 3, 4])(
    'after %i objects: the rows are there, and the next apply writes the rest',
    async (after) => {
      sandbox.faults.add({ id: 'down', service: 's3', operation: 'PutObject', after, times: 1_000, action: down })
      await expect(space.apply(FILES)).rejects.toThrow(
        `Version 1 of the catalog is in the database, but could not be written to s3://${space.bucket}: ServiceUnavailable`,
      )
      await expect.poll(async () => Object.keys(await space.objects()).length, { timeout: 30_000 }).toBe(after)
      const written = Object.keys(await space.objects())

      sandbox.faults.remove('down')
      const again = await space.applied(FILES)
      expect(again.catalogVersion).toBeNull()
      // One of the first apply that was under way when another failed may come in only now, and is then nobody's.
      expect(again.uploaded.filter((key) => written.includes(key))).toEqual([])
      expect(Object.keys(await space.objects())).toEqual(KEYS)
      expect(await space.db.rows('select * from catalog_version')).toHaveLength(1)
      expect((await load()).kind).toBe('loaded')
    },
  )

  test('roles go on with what they had, and the next apply of something else brings both changes', async () => {
    await space.applied(FILES)
    sandbox.faults.add({ id: 'down', service: 's3', operation: 'PutObject', times: 1_000, action: down })
    await expect(space.apply(CHANGED)).rejects.toThrow(/^Version 2 of the catalog is in the database/)
    expect(await load()).toMatchObject({ catalog: { revision: 1, products: [{ version: 1 }] } })

    sandbox.faults.remove('down')
    const more = { ...CHANGED, 'rd2.yaml': productText('raw/rd2', 'description: volume\n') }
    const { uploaded } = await space.applied(more)
    expect(uploaded.sort()).toEqual([
      'domains/d1.json',
      'domains/raw.json',
      'products/d1/ds1/v2.json',
      'products/raw/rd2/v2.json',
    ])
    expect(await load()).toMatchObject({ catalog: { revision: 2, products: [{ version: 2 }] } })
  })

  test.each(['products/raw/rd1/v1.json', 'domains/d1.json'])(
    'a write whose answer was lost is found to be done: %s',
    async (Key) => {
      const patient = await openCatalogSpace(sandbox, `patient-${names}`, 3)
      try {
        sandbox.faults.add({ service: 's3', operation: 'PutObject', where: { Key }, action: { kind: 'lose-reply' } })
        expect((await patient.applied(FILES)).catalogVersion).toBe(1)
        expect(Object.keys(await patient.objects())).toEqual(KEYS)
      } finally {
        await patient.end()
      }
    },
  )

  test('a domain object that was overwritten and whose answer was lost counts as written', async () => {
    const patient = await openCatalogSpace(sandbox, `patient-${names}`, 3)
    try {
      await patient.applied(FILES)
      const where = { Key: 'domains/d1.json' }
      sandbox.faults.add({ service: 's3', operation: 'PutObject', where, action: { kind: 'lose-reply' } })
      expect((await patient.applied(CHANGED)).uploaded.sort()).toEqual(['domains/d1.json', 'products/d1/ds1/v2.json'])
      expect(await loadDomainCatalog(patient.s3, patient.bucket, 'd1')).toMatchObject({ catalog: { revision: 2 } })
    } finally {
      await patient.end()
    }
  })
})

describe('a domain object that is newer than the rows', () => {
  test('is kept when an apply that lost its lock comes to it only after a hold', async () => {
    await space.applied(FILES)
    const late = space.openS3()
    const gate = gateReads(late, 'domains/d1.json')
    const applying = space.apply(CHANGED, { s3: late }).catch((error: Error) => error.message)
    await gate.reached
    await dropLock()
    await holdProduct(space, { product: DS1, actor: 'bob', reason: 'source is wrong', sinceMs: 1, of: 'product' })
    const held = await space.objects()
    gate.open()
    expect(await applying).toMatch(
      /^Version 2 of the catalog is in the database, but .*domains\/d1\.json holds revision 3, and revision 2 was to be written/,
    )
    expect(await space.objects()).toEqual(held)
    expect(await load()).toMatchObject({ catalog: { revision: 3, holds: { [DS1]: { actor: 'bob' } } } })
    expect((await space.applied(CHANGED)).uploaded).toEqual([])
    late.destroy()
  })

  test('is not overwritten, also where this version could not read it; one of the same revision is, and one that is removed', async () => {
    await space.applied(FILES)
    const loaded = await load()
    if (loaded.kind !== 'loaded') throw new Error('no catalog')
    const put = (Body: string) => space.s3.send(new PutObjectCommand({ ...D1, Bucket: space.bucket, Body }))
    await put('{"of a newer Sluice":true,"revision":2}')
    await expect(putDomainCatalog(space, loaded.catalog)).rejects.toThrow(
      `s3://${space.bucket}/domains/d1.json holds revision 2, and revision 1 was to be written`,
    )
    await put('{"revision":1}')
    expect(await putDomainCatalog(space, loaded.catalog)).toBe(true)
    await put('{"revision":2}')
    await space.s3.send(new DeleteObjectCommand({ ...D1, Bucket: space.bucket }))
    expect((await space.applied(FILES)).uploaded).toEqual(['domains/d1.json'])
  })
})

/** The client's reads of one object wait for the gate. */
function gateReads(s3: S3Client, key: string) {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'GetObjectCommand' && (args.input as { Key?: string }).Key === key) {
          reached.resolve()
          await opened.promise
        }
        return next(args)
      },
    { step: 'initialize' },
  )
  return { reached: reached.promise, open: opened.resolve }
}

/** As a database that fails over does to whoever holds the catalog. */
const dropLock = (): Promise<unknown> =>
  space.db.rows(`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`)
