// A refresh that came before anybody waited for its product: what is left of it, who finds it, and what brings it to a consumer
// that was defined later (apache/airflow#38891: it must not wait for ever without a word).
import type { Client } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { domainText, productText } from '../../catalog/samples.test-data.ts'
import { listEvents, takeForRedrive } from '../../mirror/events.ts'
import { recall, recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { listUnheard } from '../../mirror/unheard.ts'
import { type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { applyFact, type Fact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import { definitionOf, inputOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { type BridgeStage, depthOf, useBridgeStage } from './bridge-stage.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, NOW_MS, refreshedOf } from './refresh-messages.ts'
import { isThere, signalsOf } from './temporal.ts'

/** Of raw, as its own worker writes it. */
function publishedCycle(product: string): Cycle {
  const end = { runId: 'jr_1', state: 'SUCCEEDED', error: null, executionSeconds: 1, noticedBy: 'event' } as const
  const facts: Fact[] = [
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_1', adopted: false },
    { kind: 'run-ended', end },
    { kind: 'published', eventId: `${product}/${KEY}/r1`, revision: 1 },
  ]
  const definition = definitionOf(product, [], { visibility: 'mesh' })
  return facts.reduce((cycle, fact) => applyFact(cycle, fact, NOW_MS), openRun(inputOf(definition), NOW_MS))
}

describe('a refresh of a product that nobody waits for yet', () => {
  let client: Client
  let database: LentDatabase
  let stage: BridgeStage
  useBridgeStage((lent) => ({ client, database, stage } = lent))

  const take = async (body: string): Promise<void> => {
    await stage.send(body)
    await stage.untilEmpty()
  }
  const events = () => listEvents(database.db, { domain: stage.domain, limit: 9 })

  /** From now on ds1 waits for it. */
  async function waitFor(product: string): Promise<void> {
    const { definition, ...version } = stage.version('ds1')
    const dependsOn = [{ product: toProduct(product) }]
    const known = [...stage.parts.index.current().catalog.known, toProduct(product)]
    await stage.apply({ known, products: [{ ...version, version: 2, definition: { ...definition, dependsOn } }] })
    await stage.parts.index.reload()
  }

  const expectedOf = (product: string) => [{ product: toProduct(product), key: toKey(KEY) }]
  const told = () => signalsOf(client, stage.cycle('ds1', KEY), ARRIVALS_SIGNAL)

  test('leaves no row: where its domain reports to another database nothing recalls it, until it is sent again', async () => {
    stage.start()
    await take(messageOf(refreshedOf('raw/rd9')))
    expect(await events()).toEqual([])
    await waitFor('raw/rd9')
    expect(await recall(database.db, stage.domain, expectedOf('raw/rd9'))).toEqual({ arrivals: [], skipped: [] })
    expect(await isThere(client, stage.cycle('ds1', KEY))).toBe(false)
    await take(messageOf(refreshedOf('raw/rd9')))
    expect(await told()).toMatchObject([[{ eventId: `raw/rd9/${KEY}/r1` }]])
  })

  test('is recalled from the row of its own cycle, where that is in the same database', async () => {
    stage.start()
    await recordCycle(database.db, toRecord(publishedCycle('raw/here'), 0, NOW_MS))
    await stage.apply({ known: [...stage.parts.index.current().catalog.known, toProduct('raw/here')] })
    await stage.parts.index.reload()
    await take(messageOf(refreshedOf('raw/here')))
    expect(await events()).toEqual([])
    await waitFor('raw/here')
    expect(await recallArrivals(database.db, stage.domain, expectedOf('raw/here'))).toMatchObject([
      { eventId: `raw/here/${KEY}/r1`, revision: 1 },
    ])
  })

  test('that no definition names is refused, put aside and not recalled; once one does, it is sent again and arrives', async () => {
    stage.start()
    await take(messageOf(refreshedOf('raw/unnamed')))
    expect(await events()).toMatchObject([{ outcome: 'refused', reason: expect.stringContaining('raw/unnamed') }])
    expect(await depthOf(stage.sqs, stage.deadLetterUrl)).toBe(1)
    await waitFor('raw/unnamed')
    expect(await recallArrivals(database.db, stage.domain, expectedOf('raw/unnamed'))).toEqual([])
    const [again] = await takeForRedrive(database.db, stage.domain, [`raw/unnamed/${KEY}/r1`])
    await take(again?.body ?? '')
    expect(await told()).toMatchObject([[{ eventId: `raw/unnamed/${KEY}/r1` }]])
  })
})

describe('upstreams of which nothing is known here', () => {
  let sandbox: Sandbox
  let space: CatalogSpace
  let spaces = 0
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())
  beforeEach(async () => {
    spaces += 1
    space = await openCatalogSpace(sandbox, `unheard-${spaces}`)
  })
  afterEach(() => space.end())

  const raw = (name: string) => productText(`raw/${name}`, 'visibility: mesh\n')
  const consumer = (name: string, upstreams: string) => productText(`d1/${name}`, `dependsOn: [${upstreams}]\n`)
  const D1 = 'd1' as Domain
  const [A, B] = [toProduct('raw/a'), toProduct('raw/b')]

  test('are told with the time since when their domain waits for them without a break', async () => {
    const files = {
      ...{ 'd1.yaml': domainText('d1'), 'raw.yaml': domainText('raw', ['222222222222', '111111111111']) },
      ...{ 'a.yaml': raw('a'), 'b.yaml': raw('b'), 'c.yaml': consumer('c', 'raw/a') },
    }
    const ask = () => listUnheard(space.db, D1, [A, B])
    await space.applied(files)
    const [first] = await ask()
    expect(first).toMatchObject({ product: A })
    // Still waited for: by a newer version, and by another product.
    await space.applied({ ...files, 'c.yaml': consumer('c', 'raw/a, raw/b'), 'd.yaml': consumer('d', 'raw/a') })
    const [again, second] = await ask()
    expect(again).toEqual(first)
    expect(second).toMatchObject({ product: B })
    expect(Date.parse(second?.awaitedSince ?? '')).toBeGreaterThan(Date.parse(first?.awaitedSince ?? ''))
    // Dropped by all, and taken up again.
    await space.applied({ ...files, 'c.yaml': consumer('c', 'raw/b'), 'd.yaml': consumer('d', 'raw/b') })
    expect((await ask()).map(({ product }) => product)).toEqual([B])
    await space.applied({ ...files, 'c.yaml': consumer('c', 'raw/a, raw/b'), 'd.yaml': consumer('d', 'raw/b') })
    const [later, same] = await ask()
    expect(Date.parse(later?.awaitedSince ?? '')).toBeGreaterThan(Date.parse(second?.awaitedSince ?? ''))
    expect(same).toEqual(second)
  })

  test('are none once they publish from here', async () => {
    await space.applied({
      ...{ 'd1.yaml': domainText('d1'), 'raw.yaml': domainText('raw', ['222222222222', '111111111111']) },
      ...{ 'a.yaml': raw('a'), 'c.yaml': consumer('c', 'raw/a') },
    })
    await recordCycle(space.db, toRecord(openRun(inputOf(definitionOf('raw/a', [])), NOW_MS), 0, NOW_MS))
    expect(await listUnheard(space.db, D1, [A])).toHaveLength(1)
    await recordCycle(space.db, toRecord(publishedCycle('raw/a'), 0, NOW_MS))
    expect(await listUnheard(space.db, D1, [A])).toEqual([])
  })
})
