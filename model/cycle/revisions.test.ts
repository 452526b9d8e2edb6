import { describe, expect, test } from 'vitest'
import type { OnRevision, ProductDefinition } from '../definition.ts'
import { arrivalOf, definitionOf, endOf, HOUR_MS, inputOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { type Cycle, currentAttempt, openRun } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact, type Fact } from './facts.ts'
import { toPublication } from './outgoing.ts'
import { comesBack, decideCorrection, outdatedInputs } from './revisions.ts'

const SETTLE_MS = 300_000
const LATER_MS = NOON_MS + HOUR_MS

const after = (cycle: Cycle, nowMs: number, ...facts: Fact[]): Cycle =>
  facts.reduce((cycle, fact) => applyFact(cycle, fact, nowMs), cycle)
const correct = (cycle: Cycle, product: string, revision: number, nowMs = LATER_MS): Cycle =>
  applyArrival(cycle, arrivalOf(product, { revision }), nowMs)

function arrived(onRevision?: OnRevision, change: Partial<ProductDefinition> = {}): Cycle {
  const dependsOn = ['d1/ds1', 'raw/rd2'].map((product) => ({
    product: toProduct(product),
    ...(onRevision ? { onRevision } : {}),
  }))
  const opened = openRun(inputOf(definitionOf('d1/ds3', [], { dependsOn, ...change })), NOON_MS)
  return ['d1/ds1', 'raw/rd2'].reduce((cycle, product) => correct(cycle, product, 1, NOON_MS), opened)
}
const begun = (onRevision?: OnRevision, change?: Partial<ProductDefinition>): Cycle =>
  after(arrived(onRevision, change), NOON_MS, { kind: 'begun' }, { kind: 'run-started', runId: 'jr_1', adopted: false })
const SUCCEEDED: Fact = { kind: 'run-ended', end: endOf('SUCCEEDED') }
const PUBLISHED: Fact = { kind: 'published', eventId: 'd1/ds3/2026-11-20/r1', revision: 1 }
const completed = (onRevision?: OnRevision, change?: Partial<ProductDefinition>): Cycle =>
  after(begun(onRevision, change), NOON_MS, SUCCEEDED, PUBLISHED)

describe('a correction that comes after the cycle has run', () => {
  test.each([undefined, 'flag', 'ignore'] as const)(
    'by %s asks for no rerun; the cycle knows that it is behind',
    (word) => {
      const cycle = correct(completed(word), 'd1/ds1', 2)
      expect(decideNext(cycle, LATER_MS + HOUR_MS)).toEqual({ kind: 'close' })
      expect(outdatedInputs(cycle).map(({ product, newer }) => [product, newer.revision])).toEqual([['d1/ds1', 2]])
    },
  )

  test('by rerun waits for settle since the last of them, and then all are one rerun', () => {
    const one = correct(completed('rerun'), 'd1/ds1', 2)
    expect(decideNext(one, LATER_MS)).toEqual({ kind: 'wait', untilMs: LATER_MS + SETTLE_MS })
    const both = correct(one, 'raw/rd2', 3, LATER_MS + 60_000)
    const untilMs = LATER_MS + 60_000 + SETTLE_MS
    expect(decideNext(both, untilMs - 1)).toEqual({ kind: 'wait', untilMs })
    const next = decideNext(both, untilMs)
    expect(next).toMatchObject({
      kind: 'rerun',
      command: {
        actor: 'sluice',
        reason: 'corrected: d1/ds1/2026-11-20 revision 2, raw/rd2/2026-11-20 revision 3',
        requestId: 'correction:d1/ds3/2026-11-20:2',
      },
    })
    if (next.kind !== 'rerun') throw new Error('A rerun.')
    const again = after(both, untilMs, { kind: 'rerun', command: next.command }, { kind: 'begun' })
    expect(again).toMatchObject({ state: 'PROCESSING', lastAttempt: 2 })
    expect(currentAttempt(again)?.inputs?.map(({ revision }) => revision)).toEqual([2, 3])
    expect(decideCorrection(again, untilMs + HOUR_MS)).toBeNull()
  })

  test('settles as long as the definition says', () => {
    const cycle = correct(completed('rerun', { settleMs: 1_000 }), 'd1/ds1', 2)
    expect(decideNext(cycle, LATER_MS)).toEqual({ kind: 'wait', untilMs: LATER_MS + 1_000 })
  })

  test('that is followed by others all the time is taken after twelve times as long, with what has come until then', () => {
    const stepMs = SETTLE_MS - 1
    const many = Array.from({ length: 12 }, (_, at) => at)
    const cycle = many.reduce(
      (before, at) => correct(before, at % 2 ? 'raw/rd2' : 'd1/ds1', at + 2, LATER_MS + at * stepMs),
      completed('rerun'),
    )
    const untilMs = LATER_MS + 12 * SETTLE_MS
    expect(decideNext(cycle, LATER_MS + 11 * stepMs)).toEqual({
      kind: 'wait',
      untilMs: LATER_MS + 11 * stepMs + SETTLE_MS,
    })
    const more = correct(cycle, 'd1/ds1', 14, untilMs - 2)
    expect(decideNext(more, untilMs - 1)).toEqual({ kind: 'wait', untilMs })
    expect(decideNext(more, untilMs)).toMatchObject({
      kind: 'rerun',
      command: { reason: 'corrected: d1/ds1/2026-11-20 revision 14, raw/rd2/2026-11-20 revision 13' },
    })
  })

  test('to one side of a diamond waits for the other twelve times as long, then the cycle runs with what it has', () => {
    const builtFrom = [{ product: toProduct('raw/rd2'), cycle: KEY, revision: 2 }]
    const one = applyArrival(completed('rerun'), arrivalOf('d1/ds1', { revision: 2, builtFrom }), LATER_MS)
    const untilMs = LATER_MS + 12 * SETTLE_MS
    expect(decideNext(one, untilMs - 1)).toEqual({ kind: 'wait', untilMs })
    expect(decideNext(one, untilMs)).toMatchObject({ kind: 'rerun' })

    const bothMs = LATER_MS + 60_000
    const both = correct(one, 'raw/rd2', 2, bothMs)
    expect(decideNext(both, bothMs)).toEqual({ kind: 'wait', untilMs: bothMs + SETTLE_MS })
  })

  test('while an attempt is under way is remembered: the attempt publishes what it has, then the cycle runs again', () => {
    const during = correct(begun('rerun'), 'd1/ds1', 2)
    expect(decideNext(during, LATER_MS + HOUR_MS)).toMatchObject({ kind: 'await-end' })
    const published = after(during, LATER_MS + HOUR_MS, SUCCEEDED, PUBLISHED)
    expect(published.published?.revision).toBe(1)
    expect(decideNext(published, LATER_MS + HOUR_MS)).toMatchObject({ kind: 'rerun' })
  })

  test('in ERROR(run) is a reason to run again; the notice goes out first', () => {
    const failed = after(begun('rerun'), NOON_MS, { kind: 'run-ended', end: endOf('FAILED') })
    const cycle = correct(failed, 'd1/ds1', 2)
    expect(decideNext(cycle, LATER_MS)).toEqual({ kind: 'report' })
    const reported = after(cycle, LATER_MS, { kind: 'reported' })
    expect(decideNext(reported, LATER_MS)).toEqual({ kind: 'wait', untilMs: LATER_MS + SETTLE_MS })
    expect(decideNext(reported, LATER_MS + SETTLE_MS)).toMatchObject({ kind: 'rerun' })
  })

  test('in ERROR(start) is a reason to run again', () => {
    const failed: Fact[] = [{ kind: 'begun' }, { kind: 'start-failed', error: 'no such job' }, { kind: 'reported' }]
    const cycle = after(arrived('rerun'), NOON_MS, ...failed)
    expect(cycle).toMatchObject({ state: 'ERROR', step: 'start' })
    expect(decideNext(correct(cycle, 'd1/ds1', 2), LATER_MS + SETTLE_MS)).toMatchObject({ kind: 'rerun' })
  })

  test.each([
    ['that a person stopped', { ...endOf('STOPPED') }],
    ['that may still be at work', { ...endOf('FAILED'), noticedBy: 'nobody' as const }],
  ])('after a run %s starts nothing by itself', (_what, end) => {
    const failed = after(begun('rerun'), NOON_MS, { kind: 'run-ended', end }, { kind: 'reported' })
    expect(failed).toMatchObject({ state: 'ERROR', step: 'run' })
    expect(decideCorrection(correct(failed, 'd1/ds1', 2), LATER_MS + HOUR_MS)).toBeNull()
  })

  test('in ERROR(publish) waits for the person who mends the publication', () => {
    const facts: Fact[] = [SUCCEEDED, { kind: 'publish-failed', error: 'no bus' }, { kind: 'reported' }]
    const cycle = correct(after(begun('rerun'), NOON_MS, ...facts), 'd1/ds1', 2)
    const { settings } = cycle.input
    expect(decideNext(cycle, LATER_MS)).toEqual({ kind: 'wait', untilMs: NOON_MS + settings.errorWaitMs })
  })

  test('of an alternative that the attempt did not read is nothing to it', () => {
    const cycle = completed('rerun')
    const { input } = cycle
    const newest = { ...cycle, input: { ...input, condition: { kind: 'newest' as const, of: [0, 1] } } }
    expect(decideNext(correct(newest, 'd1/ds1', 2), LATER_MS + HOUR_MS)).toEqual({ kind: 'close' })
    expect(decideNext(correct(newest, 'raw/rd2', 2), LATER_MS + HOUR_MS)).toMatchObject({ kind: 'rerun' })
  })

  test('once somebody ended the wait, is left to the next rerun', () => {
    const cycle = after(correct(completed('rerun'), 'd1/ds1', 2), LATER_MS, { kind: 'declined' })
    expect(decideNext(cycle, LATER_MS + HOUR_MS)).toEqual({ kind: 'close' })
    const command = { actor: 'ann', reason: 'after all', requestId: 'r9' }
    const again = after(cycle, LATER_MS, { kind: 'rerun', command }, { kind: 'begun' })
    const done = after(again, LATER_MS, { kind: 'run-started', runId: 'jr_2', adopted: false }, SUCCEEDED, PUBLISHED)
    expect(decideNext(correct(done, 'd1/ds1', 3), LATER_MS + HOUR_MS)).toMatchObject({ kind: 'rerun' })
  })
})

describe('whether a correction brings a closed cycle back', () => {
  const pastOf = (cycle: Cycle) => {
    const { runNumber, state, step, lastAttempt, revision, dependencies } = cycle
    return { runNumber, state, step, lastAttempt, revision, dependencies, attempt: null, command: null }
  }
  const done = completed('rerun')
  const reopenedBy = (change: object = {}) => ({ ...done.input, past: { ...pastOf(done), ...change } })
  const newer = arrivalOf('d1/ds1', { revision: 2 })

  test('follows from what the run would do', () => {
    expect(comesBack(reopenedBy(), newer, LATER_MS)).toBe(true)
    expect(comesBack(reopenedBy(), arrivalOf('d1/ds1'), LATER_MS)).toBe(false)
    expect(comesBack(reopenedBy({ isLeftToPerson: true }), newer, LATER_MS)).toBe(false)
    expect(comesBack(reopenedBy({ state: 'SKIPPED' }), newer, LATER_MS)).toBe(false)
  })

  test('does not where nothing of it was read, nor where it is partial and a whole one is asked for', () => {
    const newest = { ...reopenedBy(), condition: { kind: 'newest' as const, of: [0, 1] } }
    expect(comesBack(newest, newer, LATER_MS)).toBe(false)
    const dependsOn = done.input.definition.dependsOn.map((one) => ({ ...one, acceptPartial: false as const }))
    const whole = { ...reopenedBy(), definition: { ...done.input.definition, dependsOn } }
    expect(comesBack(whole, { ...newer, builtWithout: [toProduct('raw/x')] }, LATER_MS)).toBe(false)
  })

  test('does not where the definition has come to need what the cycle never had', () => {
    const expected = [...done.input.expected, { product: toProduct('x/new'), key: done.input.key }]
    expect(comesBack({ ...reopenedBy(), expected }, newer, LATER_MS)).toBe(false)
  })
})

describe('a cycle that a correction brought back', () => {
  const reopened = (state: 'COMPLETED' | 'ERROR' = 'COMPLETED'): Cycle => {
    const { dependencies, lastAttempt, revision, input, runNumber } = completed('rerun')
    const where = { state, step: state === 'ERROR' ? ('run' as const) : null, stateSinceMs: NOON_MS, reason: 'why' }
    const past = { ...where, runNumber, lastAttempt, revision, dependencies, attempt: null, command: null }
    return openRun({ ...input, openedBy: 'rerun', past }, LATER_MS)
  }

  test('stands as it stood, waits for settle, and publishes the next revision as a correction', () => {
    const opened = reopened()
    expect(opened).toMatchObject({ state: 'COMPLETED', stateSinceMs: NOON_MS, reason: 'why', runNumber: 2 })
    expect(decideNext(opened, LATER_MS)).toEqual({ kind: 'close' })
    const told = correct(opened, 'd1/ds1', 2)
    const next = decideNext(told, LATER_MS + SETTLE_MS)
    if (next.kind !== 'rerun') throw new Error('A rerun.')
    const begunAgain = after(told, LATER_MS, { kind: 'rerun', command: next.command }, { kind: 'begun' })
    const attempt = currentAttempt(begunAgain)
    expect(attempt?.number).toBe(2)
    expect(attempt && toPublication(begunAgain, attempt)).toMatchObject({ revision: 2, kind: 'correction' })
  })

  test('knows the same event again as a duplicate, whatever brought it back twice', () => {
    const told = correct(correct(reopened(), 'd1/ds1', 2), 'd1/ds1', 2)
    expect(told.deliveries).toMatchObject([{ outcome: 'correction', seen: 2 }])
  })

  test('keeps its kind when only the publication is repeated by a person', () => {
    const told = correct(reopened(), 'd1/ds1', 2)
    const next = decideNext(told, LATER_MS + SETTLE_MS)
    if (next.kind !== 'rerun') throw new Error('A rerun.')
    const failed = after(
      told,
      LATER_MS,
      ...([{ kind: 'rerun', command: next.command }, { kind: 'begun' }] as Fact[]),
      ...([{ kind: 'run-started', runId: 'jr_2', adopted: false }, SUCCEEDED] as Fact[]),
      { kind: 'publish-failed', error: 'no bus' },
    )
    const command = { actor: 'ann', reason: 'the bus is mended', requestId: 'r1' }
    const again = after(failed, LATER_MS, { kind: 'rerun', command })
    const attempt = currentAttempt(again)
    expect(attempt && toPublication(again, attempt)).toMatchObject({ attempt: 2, kind: 'correction' })
  })

  test('a rerun that a person asked for afterwards is a rerun', () => {
    const command = { actor: 'ann', reason: 'again', requestId: 'r1' }
    const cycle = after(correct(reopened(), 'd1/ds1', 2), LATER_MS, { kind: 'rerun', command }, { kind: 'begun' })
    const attempt = currentAttempt(cycle)
    expect(attempt && toPublication(cycle, attempt)).toMatchObject({ revision: 2, kind: 'rerun' })
  })
})
