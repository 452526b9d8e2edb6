import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProductDefinition } from '../definition.ts'
import { arrivalOf, cycleOf, definitionOf, endOf, HOUR_MS, inputOf, KEY, NOON_MS, toKey } from '../samples.test-data.ts'
import type { CycleState, Step } from '../states.ts'
import { applyArrival } from './arrivals.ts'
import type { Attempt } from './attempt.ts'
import { type Cycle, currentAttempt, openRun } from './cycle.ts'
import { applyFact } from './facts.ts'
import {
  builtFrom,
  builtWithout,
  correlationOf,
  mayPage,
  toGlueArguments,
  toOwnArrival,
  toPublication,
  waitingFor,
} from './outgoing.ts'

const ENDED_MS = NOON_MS + HOUR_MS
const DS1 = arrivalOf('d1/ds1', { revision: 2, correlationId: 'z' })
const RD2 = arrivalOf('raw/rd2', { correlationId: 'a' })

/** Runs on `d1/ds1` revision 2 and, unless left out, `raw/rd2`. */
function processed(change: Partial<ProductDefinition> = {}, arrivals = [DS1, RD2]): { cycle: Cycle; attempt: Attempt } {
  const opened = openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2'], change)), NOON_MS)
  const arrived = arrivals.reduce((cycle, arrival) => applyArrival(cycle, arrival, NOON_MS), opened)
  const begun = applyFact(arrived, { kind: 'begun' }, NOON_MS)
  const started = applyFact(begun, { kind: 'run-started', runId: 'jr_1', adopted: false }, NOON_MS)
  const cycle = applyFact(started, { kind: 'run-ended', end: endOf('SUCCEEDED') }, ENDED_MS)
  return { cycle, attempt: currentAttempt(cycle) as Attempt }
}

describe('the publication', () => {
  test('names what it was built from, whence it comes and where the data is', () => {
    const { cycle, attempt } = processed()
    expect(toPublication(cycle, attempt)).toEqual({
      cycle: 'd1/ds3/2026-11-20',
      product: 'd1/ds3',
      key: KEY,
      visibility: 'mesh',
      calendar: 'weekdays',
      revision: 1,
      kind: 'initial',
      definitionVersion: 7,
      attempt: 1,
      runId: 'jr_1',
      location: 's3://example-d1-products/ds3/2026-11-20/',
      occurredAt: new Date(ENDED_MS).toISOString(),
      correlationId: 'a',
      causationIds: ['d1/ds1/2026-11-20/r2', 'raw/rd2/2026-11-20/r1'],
      builtFrom: [
        { product: 'd1/ds1', cycle: KEY, revision: 2 },
        { product: 'raw/rd2', cycle: KEY, revision: 1 },
      ],
      builtWithout: [],
    })
  })

  test('of a backfilled cycle says so once; what follows is a rerun like any other', () => {
    const { cycle: opened, attempt } = processed()
    const cycle: Cycle = { ...opened, input: { ...opened.input, openedBy: 'backfill' } }
    expect(toPublication(cycle, attempt)).toMatchObject({ revision: 1, kind: 'backfill' })
    expect(toPublication({ ...cycle, revision: 1 }, attempt)).toMatchObject({ revision: 2, kind: 'rerun' })
  })

  test('of a backfilled cycle that a person brings back before it published is an initial one, and its failures page', () => {
    const { cycle: opened, attempt } = processed()
    const cycle: Cycle = { ...opened, input: { ...opened.input, openedBy: 'rerun' } }
    expect(toPublication(cycle, attempt)).toMatchObject({ revision: 1, kind: 'initial' })
    expect([mayPage(cycle.input), mayPage({ openedBy: 'backfill' })]).toEqual([true, false])
  })

  test('names each input once of a cycle brought back by a definition that has dropped the last of them', () => {
    const { cycle } = processed()
    const { state, step, lastAttempt, revision, dependencies } = applyFact(cycle, { kind: 'completed' }, ENDED_MS)
    const command = { actor: 'ann', reason: 'again', requestId: 'r1' }
    const past = { runNumber: 1, state, step, lastAttempt, revision, dependencies, attempt: null, command }
    const reopened = openRun({ ...inputOf(definitionOf('d1/ds3', ['d1/ds1'])), past }, ENDED_MS)
    expect(builtFrom(reopened).map(({ product }) => product)).toEqual(['d1/ds1', 'raw/rd2'])
  })

  test('says without what it was built', () => {
    const { cycle } = processed({}, [DS1])
    expect(builtFrom(cycle)).toEqual([{ product: 'd1/ds1', cycle: KEY, revision: 2 }])
    expect(builtWithout(cycle)).toEqual(['raw/rd2'])
  })

  test('of a cycle that has published before is the next revision, and a rerun', () => {
    const { cycle, attempt } = processed()
    expect(toPublication({ ...cycle, revision: 4 }, attempt)).toMatchObject({ revision: 5, kind: 'rerun' })
  })

  test('as its consumers take it, it is the same event', () => {
    const { cycle, attempt } = processed()
    const { key, product, revision, location, correlationId, occurredAt, ...said } = toPublication(cycle, attempt)
    const own = toOwnArrival(cycle, 'd1/ds3/2026-11-20/r1', 1)
    expect(own).toEqual({
      eventId: 'd1/ds3/2026-11-20/r1',
      key,
      product,
      revision,
      location,
      correlationId,
      occurredAt,
      builtFrom: said.builtFrom,
    })
  })

  test('made without an input, says so to its consumers', () => {
    const { cycle } = processed({}, [DS1])
    expect(toOwnArrival(cycle, 'd1/ds3/2026-11-20/r1', 1)).toMatchObject({ builtWithout: ['raw/rd2'] })
  })

  test('without inputs it begins a chain of causes under its own id', () => {
    expect(correlationOf(cycleOf({}, []))).toBe('d1/ds3/2026-11-20')
  })
})

describe('the arguments of the Glue run', () => {
  test('are those of the definition with the business date put in, and those of Sluice', () => {
    const run = {
      ...{ glue: 'd1-ds3', timeoutMinutes: 60, attempts: 1, retryAfterMs: 1_000 },
      arguments: { '--day': '${business_date}/${business_date}/${cycle}', '--book': 'eq' },
    }
    const { cycle, attempt } = processed({ run })
    const given = toGlueArguments(cycle, attempt)
    expect(given).toEqual({
      '--day': '2026-11-20/2026-11-20/2026-11-20',
      '--book': 'eq',
      '--business_date': '2026-11-20',
      '--sluice_cycle': '2026-11-20',
      '--sluice_workflow_id': 'd1/ds3/2026-11-20',
      '--sluice_attempt': '1',
      '--sluice_product': 'd1/ds3',
      '--sluice_inputs': given['--sluice_inputs'],
      '--sluice_output': 's3://example-d1-products/ds3/2026-11-20/',
    })
    expect(JSON.parse(given['--sluice_inputs'] ?? '')).toEqual([
      { product: 'd1/ds1', cycle: KEY, revision: 2, location: DS1.location },
      { product: 'raw/rd2', cycle: KEY, revision: 1, location: RD2.location },
    ])
  })

  test('of a period name the date it is about and the key of the period', () => {
    const cycle = cycleOf({ key: toKey('2026-11'), businessDate: '2026-11-30' }, [])
    const begun = applyFact(cycle, { kind: 'begun' }, NOON_MS)
    const given = toGlueArguments(begun, begun.attempts[0] as Attempt)
    expect([given['--business_date'], given['--sluice_cycle']]).toEqual(['2026-11-30', '2026-11'])
  })

  test('name no output for a product that publishes nothing', () => {
    const { cycle, attempt } = processed({ publish: null })
    expect(Object.keys(toGlueArguments(cycle, attempt))).not.toContain('--sluice_output')
  })

  test('law: whatever a definition names, it overrides nothing that Sluice sets', () => {
    const plain = processed()
    const ours = toGlueArguments(plain.cycle, plain.attempt)
    const aName = fc.oneof(fc.constantFrom(...Object.keys(ours), '__proto__', 'constructor'), fc.string())
    fc.assert(
      fc.property(fc.dictionary(aName, fc.string()), (given) => {
        const run = { glue: 'd1-ds3', arguments: given, timeoutMinutes: 60, attempts: 1, retryAfterMs: 1_000 }
        const { cycle, attempt } = processed({ run })
        const result = toGlueArguments(cycle, attempt)
        expect(result).toMatchObject(ours)
        expect(new Set(Object.keys(result))).toEqual(new Set([...Object.keys(given), ...Object.keys(ours)]))
      }),
    )
  })
})

describe('what it waits for', () => {
  test.each<[CycleState, Step | null, string[]]>([
    ['WAITING', null, ['d1/ds1', 'raw/rd2']],
    ['ERROR', 'wait', ['d1/ds1', 'raw/rd2']],
    ['ERROR', 'run', []],
    ['PROCESSING', null, []],
    ['SKIPPED', null, []],
    ['CANCELLED', null, []],
  ])('in %s %s: %j', (state, step, names) => {
    expect(waitingFor({ ...cycleOf({}, ['raw/rd2', 'd1/ds1']), state, step }, NOON_MS)).toEqual(names)
  })

  test('no upstream that has arrived', () => {
    expect(waitingFor(applyArrival(cycleOf(), DS1, NOON_MS), NOON_MS)).toEqual(['raw/rd2'])
  })
})
