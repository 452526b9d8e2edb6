// A cycle and the refreshes it waits for: in what order they may come, what each means, and what is told of the missing.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Blocker } from '../../model/cycle/cycle.ts'
import { arrivalOf, KEY, toKey, toProduct } from '../../model/samples.test-data.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { createGate, eventually, SOON_MS } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'arrivals')
})
afterAll(() => stage.close())

const a = arrivalOf('raw/a')
const b = arrivalOf('raw/b')

/** Under an id of its own: were it taken, it would be seen beside the true one. */
const byHand = { ...b, eventId: `raw/b/${KEY}/r9` }

const blockerOf = (product: string, change: Partial<Blocker> = {}): Blocker => ({
  ...{ eventId: `${product}/${KEY}/not-refreshed-1.4`, product: toProduct(product), key: KEY },
  ...{ state: 'ERROR', step: 'run', reason: 'no such table', occurredAt: '2026-11-20T11:00:00Z' },
  ...change,
})

describe.concurrent('a cycle that waits', () => {
  test('runs with the last of the arrivals that come one by one, and its own refresh is published', async () => {
    const cycle = stage.cycle('one-by-one')
    const firstRun = await cycle.arrive(a)
    await cycle.until('raw/a arrived', ({ dependencies }) => dependencies[0]?.state === 'ARRIVED')
    expect((await cycle.now()).state).toBe('WAITING')
    expect(cycle.asked('startGlueJob')).toEqual([])

    expect(await cycle.arrive(b)).toBe(firstRun)
    await cycle.glueEnds(1)

    const eventId = `${cycle.id}/r1`
    expect(await cycle.result()).toMatchObject({
      ...{ cycle: cycle.id, runNumber: 1, state: 'COMPLETED', step: null, reason: null },
      ...{ lastAttempt: 1, revision: 1, publishedEventId: eventId, succeeded: null },
      dependencies: [
        { product: 'raw/a', state: 'ARRIVED' },
        { product: 'raw/b', state: 'ARRIVED' },
      ],
    })
    const [order, ...others] = cycle.asked('startGlueJob')
    expect(others).toEqual([])
    expect(order).toMatchObject({ cycle: cycle.id, job: 'd1-ds3', attempt: 1, timeoutMinutes: 60 })
    expect(JSON.parse(order?.arguments['--sluice_inputs'] ?? '')).toEqual([
      { product: 'raw/a', cycle: KEY, revision: 1, location: a.location },
      { product: 'raw/b', cycle: KEY, revision: 1, location: b.location },
    ])
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([
      {
        revision: 1,
        kind: 'initial',
        attempt: 1,
        runId: 'jr_1',
        causationIds: [a.eventId, b.eventId],
        builtWithout: [],
      },
    ])
    expect(cycle.asked('publishNotRefreshed')).toEqual([])
    expect(cycle.asked('recordCycle').at(-1)?.snapshot).toMatchObject({
      ...{ state: 'COMPLETED', openedBy: 'arrival', revision: 1, publication: { eventId, revision: 1 } },
    })
    expect(await cycle.status()).toBe('COMPLETED')
  })

  test('may be opened by the scheduler first: the arrivals find that run', async () => {
    const cycle = stage.cycle('scheduler-first')
    const opened = await cycle.start()
    await cycle.untilState('WAITING')
    expect(await cycle.arrive(b, a)).toBe(opened)
    await cycle.glueEnds(1)
    await cycle.result()
    expect((await cycle.now()).input.openedBy).toBe('scheduler')
    const count = () => countOf(`WorkflowId = "${cycle.id}"`)
    await eventually('one run is listed', count, (runs) => runs === 1)
  })

  test('has one word for each event, in any order, several at once, repeated', async () => {
    const cycle = stage.cycle('any-order', { dependsOn: ['raw/a', 'raw/b', 'raw/c'] })
    const second = arrivalOf('raw/b', { revision: 2 })
    const again = arrivalOf('raw/b', { revision: 2, eventId: 'raw/b/other' })
    await cycle.arrive(second, b)
    await cycle.arrive(again, a, a)
    await cycle.arrive(second)
    await cycle.arrive(arrivalOf('raw/c', { key: toKey('2026-11-19') }))

    const { deliveries, state } = await cycle.until('all are judged', (now) => now.deliveries.length === 5)

    expect(deliveries.map(({ eventId, outcome, seen }) => ({ eventId, outcome, seen }))).toEqual([
      { eventId: second.eventId, outcome: 'satisfied', seen: 2 },
      { eventId: b.eventId, outcome: 'superseded', seen: 1 },
      { eventId: again.eventId, outcome: 'duplicate', seen: 1 },
      { eventId: a.eventId, outcome: 'satisfied', seen: 2 },
      { eventId: `raw/c/2026-11-19/r1`, outcome: 'late', seen: 1 },
    ])
    expect(state).toBe('WAITING')
    await cycle.arrive(arrivalOf('raw/c'))
    await cycle.glueEnds(1)
    expect((await cycle.result()).dependencies.map(({ arrival }) => arrival?.revision)).toEqual([1, 2, 1])
  })

  test('takes a correction for its input until it has begun; later it is only remembered', async () => {
    const cycle = stage.cycle('correction')
    await cycle.arrive(a)
    await cycle.arrive(arrivalOf('raw/a', { revision: 2 }), b)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(arrivalOf('raw/a', { revision: 3 }))
    const { deliveries, state } = await cycle.until('all are judged', (now) => now.deliveries.length === 4)
    expect(deliveries.map(({ outcome }) => outcome)).toEqual(['satisfied', 'correction', 'satisfied', 'correction'])
    expect(state).toBe('PROCESSING')
    await cycle.glueEnds(1)
    expect((await cycle.result()).dependencies[0]?.arrival?.revision).toBe(2)
    expect(cycle.asked('publishRefreshEvent')[0]?.builtFrom[0]).toMatchObject({ product: 'raw/a', revision: 2 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
  })

  test('tells a late arrival from one it waited for, and goes on without it', async () => {
    const cutoffMs = Date.now() + SOON_MS
    const cutoff = { at: { time: '02:00', days: 1, unit: 'day' as const }, then: 'run-without' as const }
    const cycle = stage.cycle('late', { definition: { cutoff }, input: { cutoffMs } })
    await cycle.arrive(a)
    await cycle.untilGlueRuns(1)
    await cycle.arrive(b)
    const { deliveries } = await cycle.until('both are judged', (now) => now.deliveries.length === 2)
    expect(deliveries[1]).toMatchObject({ outcome: 'late', note: 'the cycle had started without it' })
    await cycle.glueEnds(1)
    await cycle.result()
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ builtWithout: ['raw/b'], causationIds: [a.eventId] }])
    const told = cycle.asked('recordCycle').flatMap((record) => record.deliveries.map(({ outcome }) => outcome))
    expect(told).toEqual(['satisfied', 'late'])
  })

  test('names what blocks it, the newest notice of an upstream, until that upstream refreshes', async () => {
    const cycle = stage.cycle('blocked')
    await cycle.arrive(a)
    const newer = blockerOf('raw/b', { reason: 'disk full', occurredAt: '2026-11-20T13:00:00+01:00' })
    await cycle.block(newer, blockerOf('raw/b'), blockerOf('raw/a'))
    const { dependencies } = await cycle.until('the blocker is known', (now) => now.dependencies[1]?.blocker !== null)
    expect(dependencies.map(({ blocker }) => blocker?.reason)).toEqual([undefined, 'disk full'])
    expect(await detailsOf(cycle.id)).toContain(`Blocked by **raw/b/${KEY}**, ERROR (run): disk full`)
    // A flush writes what is true when it begins: what comes before it would take the blocker's place.
    const written = () => cycle.asked('recordCycle').map(({ snapshot }) => snapshot.dependencies[1]?.blocker?.reason)
    await eventually('the blocker is written', written, (reasons) => reasons.includes('disk full'))

    await cycle.arrive(b)
    await cycle.glueEnds(1)

    expect((await cycle.result()).dependencies.map(({ blocker }) => blocker)).toEqual([null, null])
    expect(written().at(-1)).toBeUndefined()
  })

  test('recalls what was published before it was open, and counts no event twice that came by itself', async () => {
    const answered = createGate()
    const recallArrivals = async () => {
      await answered.opened
      return { arrivals: [a, b] }
    }
    const cycle = stage.cycle('recall', { script: { recallArrivals } })
    await cycle.arrive(b)
    await cycle.until('raw/b arrived', ({ dependencies }) => dependencies[1]?.state === 'ARRIVED')
    answered.open()
    await cycle.glueEnds(1)
    await cycle.result()
    expect(cycle.asked('recallArrivals')).toEqual([
      {
        domain: 'arrivals',
        expected: [
          { product: 'raw/a', key: KEY },
          { product: 'raw/b', key: KEY },
        ],
      },
    ])
    const { deliveries } = await cycle.now()
    expect(deliveries.map(({ eventId, outcome, seen }) => [eventId, outcome, seen])).toEqual([
      [b.eventId, 'satisfied', 1],
      [a.eventId, 'satisfied', 1],
    ])
  })

  test('needs no recall to go on: while that fails, events start it', async () => {
    const recallArrivals = async () => {
      throw new Error('PostgreSQL is down')
    }
    const cycle = stage.cycle('no-recall', { script: { recallArrivals } })
    await cycle.arrive(a, b)
    await cycle.glueEnds(1)
    await cycle.untilState('COMPLETED')
    cycle.script({ recallArrivals: async () => ({ arrivals: [] }) })
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
  })

  test('without upstreams starts at once and recalls nothing', async () => {
    const cycle = stage.cycle('no-upstream', { dependsOn: [] })
    await cycle.start()
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', dependencies: [] })
    expect(cycle.asked('recallArrivals')).toEqual([])
  })

  test.each<[string, unknown]>([
    ['text', 'raw/a'],
    ['nothing', null],
    ['an-empty-item', [{}]],
    ['a-number-for-an-id', [null, { ...a, eventId: 7, product: 'raw/b' }]],
    ['no-instant', [{ ...byHand, occurredAt: 'yesterday' }]],
    ['year-0', [{ ...byHand, occurredAt: '0000-01-01T00:00:00Z' }]],
    ['no-offset', [{ ...byHand, occurredAt: '2026-11-20T11:00:00' }]],
    ['endless-revision', [{ ...byHand, revision: 3_000_000_000 }]],
    ['endless-id', [{ ...b, eventId: 'x'.repeat(3_000) }]],
    ['endless-product', [{ ...b, product: 'x'.repeat(3_000) }]],
    ['endless-correlation', [{ ...b, correlationId: 'x'.repeat(3_000) }]],
    ['two-words', [{ ...byHand, location: 's3://example/b/ --conf spark.x=y' }]],
  ])('goes on after a signal by hand that makes no sense: %s', async (name, payload) => {
    const cycle = stage.cycle(`by-hand-${name}`)
    await cycle.arrive(a)
    await cycle.signal(ARRIVALS_SIGNAL, payload)
    await cycle.signal('blockers', payload)
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED' })
    expect((await cycle.now()).deliveries.map(({ eventId }) => eventId)).toEqual([a.eventId, b.eventId])
  })
})

describe.concurrent('a signal by hand', () => {
  test('brings its instants in whatever form; the mirror gets the one that PostgreSQL takes', async () => {
    const cycle = stage.cycle('by-hand-offset')
    await cycle.start()
    const occurredAt = '2026-11-20T10:00:00+23:00'
    await cycle.signal('blockers', [blockerOf('raw/a', { occurredAt })])
    await cycle.signal(ARRIVALS_SIGNAL, { ...a, occurredAt })
    await cycle.until('raw/a arrived', ({ dependencies }) => dependencies[0]?.state === 'ARRIVED')
    await cycle.arrive(b)
    await cycle.glueEnds(1)
    await cycle.result()
    const told = JSON.stringify(cycle.asked('recordCycle'))
    expect(told).toContain('2026-11-19T11:00:00.000Z')
    expect(told).not.toContain('+23:00')
  })
})

test('the reason of a notice by hand is kept as long as a bridge takes one', async () => {
  const cycle = stage.cycle('by-hand-endless-reason')
  await cycle.start()
  await cycle.signal('blockers', [blockerOf('raw/a', { reason: 'x'.repeat(120_000) })])
  const { dependencies } = await cycle.until('raw/a is blocked', (now) => Boolean(now.dependencies[0]?.blocker))
  expect(dependencies[0]?.blocker?.reason).toHaveLength(4_000)
  await cycle.cancel()
})

describe.concurrent('the Temporal UI', () => {
  test('shows state and missing upstreams as search attributes, and the checklist as details', async () => {
    const cycle = stage.cycle('ui', { definition: { description: 'Closes of the index' } })
    await cycle.start()
    expect(await attributesOf(cycle.id)).toEqual({
      ...{ SluiceDomain: 'arrivals', SluiceProduct: 'arrivals/ui', SluiceCycle: KEY },
      ...{ SluiceState: 'WAITING', SluiceWaitingFor: ['raw/a', 'raw/b'] },
    })
    await cycle.arrive(b)
    await cycle.until('it has arrived', (now) => now.deliveries.length === 1)
    const details = await detailsOf(cycle.id)
    expect(details).toContain('**WAITING for raw/a**')
    expect(details).toContain(`| raw/a | ${KEY} | WAITING |  |`)
    expect(details).toMatch(/\| raw\/b \| 2026-11-20 \| ARRIVED \| .+, revision 1 \|/)
    const waitingForIt = `WorkflowId = "${cycle.id}" AND SluiceWaitingFor = "raw/a" AND SluiceState = "WAITING"`
    await eventually(
      'it is listed',
      () => countOf(waitingForIt),
      (count) => count === 1,
    )

    await cycle.arrive(a)
    await cycle.until('Glue runs', (now) => now.attempts[0]?.runId === 'jr_1')
    expect(await detailsOf(cycle.id)).toContain('Attempt 1 of job `d1-ds3` Glue run `jr_1`: under way')
    await cycle.glueEnds(1)
    await cycle.result()

    expect(await attributesOf(cycle.id)).toMatchObject({ SluiceState: 'COMPLETED' })
    expect((await attributesOf(cycle.id))['SluiceWaitingFor'] ?? []).toEqual([])
    expect(await detailsOf(cycle.id)).toContain('**COMPLETED**')
    const { staticSummary, staticDetails } = await stage.client.workflow.getHandle(cycle.id).describe()
    expect([await staticSummary(), await staticDetails()]).toEqual([`arrivals/ui for ${KEY}`, 'Closes of the index'])
  })

  test('lists of many missing upstreams are cut, with their number', async () => {
    const dependsOn = Array.from({ length: 30 }, (_, index) => `raw/p${String(index).padStart(2, '0')}`)
    const cycle = stage.cycle('many', { dependsOn })
    await cycle.start()
    expect((await attributesOf(cycle.id))['SluiceWaitingFor']).toEqual([...dependsOn.slice(0, 24), '+6 more'])
  })
})

async function attributesOf(workflowId: string): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await stage.client.workflow.getHandle(workflowId).describe()
  const ours = typedSearchAttributes.getAll().filter(({ key }) => key.name.startsWith('Sluice'))
  return Object.fromEntries(ours.map(({ key, value }) => [key.name, value]))
}

async function detailsOf(workflowId: string): Promise<string> {
  const handle = stage.client.workflow.getHandle(workflowId)
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return metadata.currentDetails ?? ''
}

const countOf = async (query: string): Promise<number> => (await stage.client.workflow.count(query)).count
