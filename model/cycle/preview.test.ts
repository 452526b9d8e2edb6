import { describe, expect, test } from 'vitest'
import type { CycleId, ProductId } from '../ids.ts'
import { arrivalOf, cycleOf, definitionOf, endOf, inputOf, KEY, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { type Command, type Cycle, openRun } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact, type Fact } from './facts.ts'
import { previewOf } from './preview.ts'
import { type HiddenReaders, type Reader, withdrawalEffects } from './readers.ts'

const who = { actor: 'ann', reason: 'vendor corrected', requestId: 'request-1' }
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((found, fact) => applyFact(found, fact, NOON_MS), cycle)
const started: Fact = { kind: 'run-started', runId: 'jr_1', adopted: false }
const failed: Fact = { kind: 'run-ended', end: endOf('FAILED', 'jr_1') }
const completed = (): Cycle =>
  after(
    ready(),
    { kind: 'begun' },
    started,
    { kind: 'run-ended', end: endOf('SUCCEEDED', 'jr_1') },
    { kind: 'published', eventId: `d1/ds3/${KEY}/r1`, revision: 1 },
  )
const waiting = (): Cycle => cycleOf({}, ['d1/ds1', 'raw/rd2'])
const ready = (): Cycle =>
  ['d1/ds1', 'raw/rd2'].reduce((cycle, product) => applyArrival(cycle, arrivalOf(product), NOON_MS), waiting())

const unpublished = (): Cycle =>
  after(
    ready(),
    { kind: 'begun' },
    started,
    { kind: 'run-ended', end: endOf('SUCCEEDED', 'jr_1') },
    { kind: 'publish-failed', error: 'the bus is away' },
  )

const reader = (product: string, change: Partial<Reader> = {}): Reader => ({
  ...{ cycle: `${product}/${KEY}` as CycleId, product: product as ProductId, state: 'COMPLETED', isUnbegun: false },
  ...{ dependency: 'ARRIVED', revision: 1, onRevision: 'flag', ifNone: null },
  ...change,
})

const all = (shown: Reader[], hidden: HiddenReaders[] = []) => ({ shown, hidden })
const effects = (cycle: Cycle, wish: object, shown: Reader[] = [], hidden: HiddenReaders[] = []): string[] =>
  previewOf(cycle, {
    command: { ...who, ...wish } as Command,
    ...{ run: 'open', readers: all(shown, hidden), nowMs: NOON_MS },
  }).effects

describe('what it becomes', () => {
  const missesOne = () => applyArrival(waiting(), arrivalOf('d1/ds1'), NOON_MS)
  const becomes = (cycle: Cycle, wish: object) =>
    previewOf(cycle, {
      command: { ...who, ...wish } as Command,
      ...{ run: 'open', readers: all([]), nowMs: NOON_MS },
    })

  test('at once by itself is told beside how it stands directly after', () => {
    const told = becomes(missesOne(), { action: 'waive', products: null })
    expect(told).toMatchObject({
      before: { state: 'WAITING' },
      after: { state: 'WAITING' },
      then: { state: 'PROCESSING' },
    })
  })

  test('is nothing else while an input is missing, and while it is held', () => {
    expect(becomes(waiting(), { action: 'waive', products: ['raw/rd2'] }).then).toBeNull()
    expect(becomes(ready(), { action: 'hold', of: 'cycle' }).then).toBeNull()
    expect(becomes(completed(), { action: 'rerun' }).then).toBeNull()
  })
})

describe('a rerun says', () => {
  test('which job, what it reads and overwrites, which revision it publishes, and what becomes of each consumer', () => {
    const readers = [
      reader('d1/ds4'),
      reader('d1/ds5', { onRevision: 'rerun' }),
      reader('d2/risk', { onRevision: 'ignore' }),
      reader('d1/ds6', { state: 'WAITING', dependency: 'WAITING', revision: null }),
    ]
    expect(effects(completed(), { action: 'rerun' }, readers)).toEqual([
      'Glue job "d1-ds3" runs as attempt 2, by version 7 of the definition.',
      `It reads d1/ds1/${KEY} revision 1.`,
      `It reads raw/rd2/${KEY} revision 1.`,
      `It overwrites s3://example-d1-products/ds3/${KEY}/, which holds revision 1.`,
      `It publishes revision 2, as event d1/ds3/${KEY}/r2.`,
      `d1/ds4/${KEY} (COMPLETED) has used revision 1 and is flagged as outdated.`,
      `d1/ds5/${KEY} (COMPLETED) has used revision 1 and runs again (onRevision: rerun), once corrections have settled.`,
      `d2/risk/${KEY} (COMPLETED) has used revision 1 and ignores corrections.`,
      `d1/ds6/${KEY} (WAITING) waits for it and takes the new revision.`,
    ])
  })

  test('whom a cascade makes run again, and that another domain decides for itself', () => {
    const told = effects(completed(), { action: 'rerun', cascade: 'all' }, [reader('d1/ds4'), reader('d2/risk')])
    expect(told.slice(-3)).toEqual([
      `d1/ds4/${KEY} (COMPLETED) has used revision 1 and runs again (cascade), once corrections have settled.`,
      `d2/risk/${KEY} (COMPLETED) has used revision 1 and is flagged as outdated.`,
      'In other domains the cascade is a request: their onRevision decides.',
    ])
  })

  test('that nothing is published, where it is not', () => {
    const told = effects(completed(), { action: 'rerun', publish: false }, [reader('d1/ds4')])
    expect(told.at(-1)).toBe('It publishes nothing: consumers know of revision 1 as before.')
  })

  test('that a publication is repeated without a second Glue run', () => {
    const cycle = after(ready(), { kind: 'begun' }, started, { kind: 'run-ended', end: endOf('SUCCEEDED', 'jr_1') })
    const unpublished = after(cycle, { kind: 'publish-failed', error: 'the bus is away' })
    expect(effects(unpublished, { action: 'rerun' })[0]).toBe(
      'Attempt 1 goes on where it stood: no second Glue run is started.',
    )
  })
})

test('a skip says who is told, and how each who waits goes on', () => {
  const waits = { state: 'WAITING', dependency: 'WAITING', revision: null } as const
  const readers = [reader('d1/ds4', waits), reader('d1/ds5', { ...waits, ifNone: 'skip-cycle' }), reader('d1/ds6')]
  expect(effects(waiting(), { action: 'skip' }, readers)).toEqual([
    'It ends as SKIPPED, without data and without a Glue run.',
    'Data Product Not Refreshed (SKIPPED) goes out to the consumers of d1/ds3.',
    `d1/ds4/${KEY} waits for it and goes on waiting.`,
    `d1/ds5/${KEY} waits for it and is skipped too (ifNone: skip-cycle).`,
  ])
})

test('a waiver says what is gone without, and what follows', () => {
  expect(effects(waiting(), { action: 'waive', products: ['raw/rd2'] })).toEqual([
    `It goes without raw/rd2/${KEY}; one that comes before it begins is taken all the same.`,
    'It still waits for d1/ds1.',
    expect.stringContaining('built without'),
  ])
  expect(effects(waiting(), { action: 'waive', products: null })).toContain(
    'Glue job "d1-ds3" starts at once, as attempt 1.',
  )
})

test('a hold says what goes on all the same; a release, what starts', () => {
  const running = after(ready(), { kind: 'begun' }, started)
  expect(effects(running, { action: 'hold', of: 'cycle' })).toContain(
    'Glue run jr_1 of attempt 1 goes on, and is published when it succeeds.',
  )
  expect(effects(after(ready(), { kind: 'begun' }), { action: 'hold', of: 'cycle' })).toContain(
    'The start of attempt 1 is under way and is put off; a run that Glue has taken by then goes on, and is known at the latest once it is released.',
  )
  const ofProduct = { actor: 'bob', reason: 'an audit', sinceMs: NOON_MS, of: 'product' as const }
  const putOff = after(ready(), { kind: 'begun' }, { kind: 'found-held', held: ofProduct })
  expect(effects(putOff, { action: 'hold', of: 'cycle' }).join()).not.toContain('under way')
  const cutoff = { at: { time: '14:00', days: 0, unit: 'day' as const }, then: 'error' as const }
  const definition = definitionOf('d1/ds3', ['d1/ds1'], { cutoff })
  const untilTwo = openRun(inputOf(definition, { cutoffMs: NOON_MS + 1 }), NOON_MS - 1)
  expect(effects(untilTwo, { action: 'hold', of: 'cycle' }).at(-1)).toBe(
    `Its cutoff at ${new Date(NOON_MS + 1).toISOString()} counts all the same while an input is missing: error.`,
  )
  const held = after(ready(), { kind: 'commanded', command: { ...who, action: 'hold', of: 'cycle' } })
  expect(effects(held, { action: 'release', of: 'cycle' })).toEqual([
    'It is held no more.',
    'Glue job "d1-ds3" starts at once, as attempt 1.',
  ])
})

test('a cancellation says which Glue run is stopped', () => {
  const running = after(ready(), { kind: 'begun' }, started)
  expect(effects(running, { action: 'cancel' })[0]).toBe(
    'Glue run jr_1 of attempt 1 is told to stop; what it has written by then stays.',
  )
  expect(effects(waiting(), { action: 'cancel' })[0]).toBe('No Glue run is under way.')
})

test('what is refused has its reason and no effects', () => {
  const cycle = after(ready(), { kind: 'begun' }, started, failed)
  const told = previewOf(cycle, {
    command: { ...who, action: 'release', of: 'cycle' },
    run: 'open',
    readers: all([]),
    nowMs: NOON_MS,
  })
  expect(told).toMatchObject({ refused: expect.stringContaining('It is not held'), after: null, effects: [] })
})

test('a withdrawal says what each consumer loses', () => {
  const waits = { state: 'WAITING', isUnbegun: true } as const
  const readers = [
    reader('d1/ds4'),
    reader('d1/ds5', waits),
    reader('d1/ds6', { ...waits, dependency: 'WAITING', revision: null }),
    reader('d1/ds7', { revision: 2 }),
    reader('d1/ds8', { dependency: 'WAIVED', revision: null }),
  ]
  expect(withdrawalEffects(all(readers), 1)).toEqual([
    `d1/ds4/${KEY} (COMPLETED) was made from revision 1: it is flagged, and nothing runs again by itself.`,
    `d1/ds5/${KEY} (WAITING) has revision 1 and has not begun: it waits again, for a newer one.`,
    `d1/ds6/${KEY} (WAITING) waits for it, and goes on waiting for a newer revision.`,
    `d1/ds7/${KEY} (COMPLETED) has revision 2, and keeps it.`,
    `d1/ds8/${KEY} (COMPLETED) went without it.`,
  ])
  expect(withdrawalEffects(all([]), 1)).toEqual(['No cycle has used it or waits for it.'])
  expect(withdrawalEffects(all([], [{ domain: 'd2', cycles: 3 }]), 1)).toEqual([
    '3 more of domain d2 have used it or wait for it, which this login may not see.',
  ])
})

describe('where the mirror does not answer', () => {
  const readers = { unknown: 'Could not connect to PostgreSQL.' }
  const told = (cycle: Cycle, wish: object, reached: ProductId[] = []): string[] =>
    previewOf(cycle, {
      command: { ...who, ...wish } as Command,
      ...{ run: 'open', readers, nowMs: NOON_MS, reached },
    }).effects
  const UNKNOWN = 'Who uses its data is not known: Could not connect to PostgreSQL.'

  test.each<[string, Cycle, object]>([
    ['a rerun', completed(), { action: 'rerun' }],
    ['a skip', waiting(), { action: 'skip' }],
    ['a cancellation', waiting(), { action: 'cancel' }],
  ])('%s says that who uses the data is not known, not that nobody does', (_, cycle, wish) => {
    expect(told(cycle, wish)).toContain(UNKNOWN)
    expect(told(cycle, wish).join()).not.toContain('No cycle has used it')
  })

  test('a withdrawal too', () => expect(withdrawalEffects(readers, 1)).toEqual([UNKNOWN]))

  test('a cascade names the products that it reaches, and that others decide for themselves', () => {
    expect(told(completed(), { action: 'rerun', cascade: 'all' }, ['d1/ds4' as ProductId]).slice(-3)).toEqual([
      UNKNOWN,
      'In other domains the cascade is a request: their onRevision decides.',
      'It reaches cycles of these, as they use it: d1/ds4.',
    ])
  })
})

describe('a rerun of a publication that failed', () => {
  const rerunBy = (wish: object): Cycle =>
    after(unpublished(), { kind: 'commanded', command: { ...who, action: 'rerun', ...wish } as Command })

  test('overwrites nothing, and publishes or not as it is asked to', () => {
    expect(effects(unpublished(), { action: 'rerun', publish: false })).toEqual([
      'Attempt 1 goes on where it stood: no second Glue run is started.',
      'It publishes nothing: consumers know of no data as before.',
    ])
    expect(decideNext(rerunBy({ publish: false }), NOON_MS).kind).toBe('complete')
    expect(decideNext(rerunBy({}), NOON_MS).kind).toBe('publish')
  })

  test('asks the consumers that it names to run again', () => {
    expect(rerunBy({ cascade: 'all' }).attempts.at(-1)).toMatchObject({ number: 1, cascade: 'all' })
  })

  test('cannot go by another version: the data is made', () => {
    const { input } = unpublished()
    const to = { ...input, definitionVersion: input.definitionVersion + 1 }
    const { refused } = previewOf(unpublished(), {
      command: { ...who, action: 'rerun', to },
      ...{ run: 'open', readers: all([]), nowMs: NOON_MS },
    })
    expect(refused).toContain('is only published again')
  })
})

test('while it is being cancelled in ERROR a rerun is refused, and says by whom', () => {
  const cycle = after(ready(), { kind: 'begun' }, started, failed)
  const cancelling = after(cycle, { kind: 'commanded', command: { ...who, action: 'cancel' } })
  const asked = { command: { ...who, requestId: 'request-2', action: 'rerun' } as Command, run: 'open' as const }
  expect(previewOf(cancelling, { ...asked, readers: all([]), nowMs: NOON_MS }).refused).toContain(
    'being cancelled by ann',
  )
})

test('a rerun without a cascade tells of the one that a failed attempt still owes', () => {
  const owing = after(
    ready(),
    { kind: 'begun' },
    started,
    failed,
    { kind: 'commanded', command: { ...who, action: 'rerun', cascade: 'all' } },
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_2', adopted: false },
    { kind: 'run-ended', end: endOf('FAILED', 'jr_2') },
  )
  const told = effects(owing, { action: 'rerun', requestId: 'request-2' }, [reader('d1/ds4')])
  expect(told.at(-1)).toContain('runs again (cascade)')
})
