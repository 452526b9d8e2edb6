// Open cycles that carry an older version of their definition: what the mirror keeps of them, and what keeps them served.
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { domainText } from '../../catalog/samples.test-data.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { countOlder, listOlderUnbegun } from '../../mirror/carried-versions.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { readPast } from '../../mirror/past.ts'
import { listMissedArrivals, listWaiting } from '../../mirror/missed.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { listCycles, readCycle } from '../../mirror/status.ts'
import { listWaitingSince } from '../../mirror/unstarted.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, type CycleInput, openRun } from '../../model/cycle/cycle.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { type CycleRecord, toRecord } from '../../model/cycle/record.ts'
import { type Domain, toCycleId } from '../../model/ids.ts'
import { arrivalOf, definitionOf, HOUR_MS, inputOf, KEY, NOON_MS, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'

const inputTo = (product: string, dependsOn: string[], change: Partial<CycleInput> = {}): CycleInput =>
  inputOf(definitionOf(product, dependsOn), { definitionVersion: 1, ...change })
const who = { actor: 'ann', reason: 'the vendor has a new feed', requestId: 'request-1' }

describe('a cycle that was upgraded', () => {
  let db: Postgres
  useDatabase((lent) => ({ db } = lent))

  let domains = 0
  /** Opened with a and b, told of `c` in vain; then its definition drops b and wants c. One flush after each. */
  function story(): { domain: Domain; cycle: Cycle; records: CycleRecord[] } {
    domains += 1
    const domain = `d${domains}` as Domain
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `${domain}/${name}`) as [string, string, string]
    const steps: ((cycle: Cycle) => Cycle)[] = [
      (cycle) => applyArrival(cycle, arrivalOf(c), NOON_MS + 1),
      (cycle) => applyArrival(cycle, arrivalOf(a), NOON_MS + 2),
      (cycle) => {
        const to = inputTo(`${domain}/ds3`, [a, c], { definitionVersion: 2 })
        return applyFact(cycle, { kind: 'upgraded', command: { ...who, to } }, NOON_MS + 3)
      },
    ]
    let cycle = openRun(inputTo(`${domain}/ds3`, [a, b]), NOON_MS)
    const records = [toRecord(cycle, 0)]
    for (const step of steps) {
      const written = cycle.version
      cycle = step(cycle)
      records.push(toRecord(cycle, written))
    }
    return { domain, cycle, records }
  }

  test('has the inputs of its new version only, and the audit says from which to which', async () => {
    const { domain, cycle, records } = story()
    for (const record of records) await recordCycle(db, record)
    const report = await readCycle(db, cycle.id)
    expect(report?.row).toMatchObject({ definitionVersion: 2, waitingFor: [] })
    expect(report?.dependencies.map(({ product, state }) => `${product} ${state}`)).toEqual([
      `${domain}/a ARRIVED`,
      `${domain}/c ARRIVED`,
    ])
    expect(report?.actions).toMatchObject([{ action: 'upgrade', fromVersion: 1, toVersion: 2, outcome: 'accepted' }])
    const outcomes = report?.deliveries.map(({ upstream, outcome, seen }) => ({ upstream, outcome, seen }))
    expect(outcomes).toContainEqual({ upstream: `${domain}/c`, outcome: 'satisfied', seen: 1 })
    expect((await readPast(db, cycle.id))?.dependencies).toHaveLength(2)
    const dropped = { product: toProduct(`${domain}/b`), key: KEY }
    expect(await listWaiting(db, domain, dropped)).toEqual([])
    const [waiting] = await listWaitingSince(db, domain, { sinceMs: Date.now() + HOUR_MS, limit: 9 })
    expect(waiting?.inputs.map(({ product }) => product)).toEqual([`${domain}/a`, `${domain}/c`])
    const question = { domain, cycle: cycle.id, eventId: 'later', ...dropped, revision: 1 }
    expect(await judgePast(db, question)).toMatchObject({ outcome: 'late' })
  })

  test('is not told again and again of what it has dropped', async () => {
    const { domain, records } = story()
    for (const record of records) await recordCycle(db, record)
    const upstream = openRun(inputTo(`${domain}/b`, []), NOON_MS)
    const begun = applyFact(upstream, { kind: 'begun' }, NOON_MS)
    const started = applyFact(begun, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS)
    const end = {
      runId: 'jr_1',
      state: 'SUCCEEDED' as const,
      error: null,
      executionSeconds: 1,
      noticedBy: 'event' as const,
    }
    const ended = applyFact(started, { kind: 'run-ended', end }, NOON_MS)
    const published = applyFact(ended, { kind: 'published', eventId: `${upstream.id}/r1`, revision: 1 }, NOON_MS)
    await recordCycle(db, toRecord(published, 0))
    expect(await listMissedArrivals(db, domain)).toEqual([])
  })

  test('ends the same, whatever the order of its flushes, and though each may come twice', async () => {
    const timeless = ({ row, ...rest }: NonNullable<Awaited<ReturnType<typeof readCycle>>>, domain: Domain) =>
      JSON.parse(
        JSON.stringify({ ...rest, row: { ...row, updatedAt: '' } }).replaceAll(new RegExp(`\\b${domain}\\b`, 'g'), 'd'),
      )
    const straight = story()
    for (const record of straight.records) await recordCycle(db, record)
    const wanted = timeless((await readCycle(db, straight.cycle.id)) as never, straight.domain)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8, maxLength: 8 }), async (order) => {
        const { domain, cycle, records } = story()
        for (const at of order) await recordCycle(db, records[at] as CycleRecord)
        expect(timeless((await readCycle(db, cycle.id)) as never, domain)).toEqual(wanted)
      }),
      { numRuns: 12 },
    )
  })

  test('what it had no use for is known whole to others', async () => {
    const { domain, records } = story()
    for (const record of records.slice(0, 2)) await recordCycle(db, record)
    const c = { product: toProduct(`${domain}/c`), key: KEY }
    expect(await recallArrivals(db, domain, [c])).toEqual([arrivalOf(`${domain}/c`)])
  })
})

describe('cycles by the version that they carry', () => {
  let lent: LentDatabase
  useDatabase((given) => (lent = given))

  test('are counted while they are open, and listed while they have not begun', async () => {
    const { db } = lent
    const record = async (product: string, key: string, version: number, facts: 'begun'[] = []) => {
      const input = inputTo(product, ['raw/a'], { key: key as never, definitionVersion: version })
      const cycle = facts.reduce((found, kind) => applyFact(found, { kind }, NOON_MS), openRun(input, NOON_MS))
      await recordCycle(db, toRecord(cycle, 0))
    }
    await record('d1/ds3', '2026-11-18', 6)
    await record('d1/ds3', '2026-11-19', 6, ['begun'])
    await record('d1/ds3', '2026-11-20', 7)
    await record('d1/ds4', '2026-11-20', 1)
    await db.changed(`update data_product_status set run_ended_as = 'terminated' where cycle = 'd1/ds4/2026-11-20'`)
    const present = { product: toProduct('d1/ds3'), version: 7 }
    expect(await listOlderUnbegun(db, present)).toEqual(['d1/ds3/2026-11-18'])
    expect(await countOlder(db, [present, { product: toProduct('d1/ds4'), version: 2 }])).toEqual([
      { product: 'd1/ds3', version: 6, cycles: 2, unbegun: 1 },
    ])
    expect(
      (await listCycles(db, { product: 'd1/ds3', limit: 9 })).map(({ definitionVersion }) => definitionVersion),
    ).toEqual([7, 6, 6])
  })
})

describe('the catalog of a domain', () => {
  let sandbox: Sandbox
  let space: CatalogSpace
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())
  beforeEach(async () => {
    space = await openCatalogSpace(sandbox, 'carried')
  })
  afterEach(() => space.end())

  test('keeps a version for as long as an open cycle carries it, however long ago it was superseded', async () => {
    const files = {
      'd1.yaml': domainText('d1'),
      'a.yaml': 'product: d1/a\nevery: business-day\nrun: { glue: d1-a }\n',
      'b.yaml': 'product: d1/b\nevery: business-day\nrun: { glue: d1-b }\n',
      'ds3.yaml': 'product: d1/ds3\ndependsOn: [d1/a, d1/b]\nrun: { glue: d1-ds3 }\n',
    }
    await space.applied(files)
    const open = openRun(inputTo('d1/ds3', ['d1/a', 'd1/b']), NOON_MS)
    await recordCycle(space.db, toRecord(open, 0))
    const changed = { ...files, 'ds3.yaml': files['ds3.yaml'].replace(', d1/b', '') }
    await space.applied(changed)
    await space.db.changed(
      `update data_product set superseded_at = now() - interval '90 days' where superseded_at is not null`,
    )
    const earlier = async () => {
      await space.applied(changed)
      const loaded = await loadDomainCatalog(space.s3, space.bucket, 'd1')
      return loaded.kind === 'loaded'
        ? loaded.catalog.earlier.map(({ definition, version }) => [definition.product, version])
        : []
    }
    expect(await earlier()).toEqual([['d1/ds3', 1]])
    await space.db.changed(`update data_product_status set run_ended_as = 'terminated' where cycle = $1`, [open.id])
    expect(await earlier()).toEqual([])
    expect(open.id).toBe(toCycleId(toProduct('d1/ds3'), KEY))
  })
})
