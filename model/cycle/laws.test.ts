// What holds in every story of a cycle, whatever happens in whatever order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DependencyDefinition } from '../definition.ts'
import type { Arrival, BuiltFrom } from '../refresh-event.ts'
import { arrivalOf, cycleOf, definitionOf, HOUR_MS, inputOf, NOON_MS } from '../samples.test-data.ts'
import { isLegalMove } from '../states.ts'
import { applyArrival } from './arrivals.ts'
import type { GlueEndState } from './attempt.ts'
import { type Cycle, isUnbegun, openRun } from './cycle.ts'
import { judgeInputs } from './inputs.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { builtFrom, builtWithout } from './outgoing.ts'
import { toRecord } from './record.ts'
import { refuseRerun } from './rerun.ts'
import { isLeftToPerson, outdatedInputs, runsAgain, SLUICE } from './revisions.ts'
import { failuresOf } from './retry.ts'
import { aStory, CUTOFF_MS, type Moment, type Step, tell, UPSTREAMS } from './story.test-data.ts'

const always = (holds: (moments: Moment[]) => void, story = aStory): void =>
  fc.assert(fc.property(story, holds), { numRuns: 150 })

const pairsOf = (moments: Moment[]): [Moment, Moment][] =>
  moments.slice(1).map((moment, index) => [moments[index] as Moment, moment])

/** The last moment of each run. */
const runsOf = (moments: Moment[]): Cycle[] => [
  ...new Map(moments.map(({ cycle }) => [cycle.runNumber, cycle])).values(),
]

test('stories reach every state and step of an ERROR, publish more than once, come back and rerun by themselves', () => {
  const seen = new Set<string>()
  for (const moments of fc.sample(aStory, { numRuns: 500, seed: 1 })) {
    for (const { cycle } of moments) {
      seen.add(cycle.step ?? cycle.state)
      if (cycle.revision > 1) seen.add('published again')
      if (cycle.runNumber > 1) seen.add('reopened')
      if (ownReruns(cycle).length > 0) seen.add('rerun by itself')
    }
  }
  const all = ['WAITING', 'PROCESSING', 'COMPLETED', 'SKIPPED', 'CANCELLED', 'wait', 'start', 'run', 'publish']
  expect([...seen].sort()).toEqual([...all, 'published again', 'reopened', 'rerun by itself'].sort())
})

test('no attempt begins before its condition holds, unless the cutoff says run-without', () => {
  always((moments) => {
    for (const [before, { did, nowMs }] of pairsOf(moments)) {
      if (did?.kind !== 'begin') continue
      const { input, dependencies } = before.cycle
      const isComplete = input.condition
        ? judgeInputs(before.cycle, nowMs).holds
        : dependencies.every(({ state }) => state !== 'WAITING')
      const mayRunWithout = input.definition.cutoff?.then === 'run-without' && nowMs >= CUTOFF_MS
      expect(isComplete || mayRunWithout).toBe(true)
    }
  })
})

test('what was cancelled once its attempt had begun may be rerun, and each upstream is named once in a refusal', () => {
  always((moments) => {
    for (const { cycle, nowMs } of moments) {
      const refused = (['open', 'closed'] as const).map((run) => refuseRerun(cycle, run, nowMs))
      if (cycle.state === 'CANCELLED' && cycle.lastAttempt > 0 && !cycle.held) expect(refused).toEqual([null, null])
      for (const name of UPSTREAMS)
        for (const words of refused) expect((words ?? '').split(name).length).toBeLessThanOrEqual(2)
    }
  })
})

test('what a cycle was built from and without stays so until its next attempt', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle }] of pairsOf(moments)) {
      if (isUnbegun(before) || cycle.lastAttempt !== before.lastAttempt || cycle.lastAttempt === 0) continue
      expect([builtFrom(cycle), builtWithout(cycle)]).toEqual([builtFrom(before), builtWithout(before)])
    }
  })
})

test('each event has one outcome in a run, which never changes; what was counted is never lost', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle }] of pairsOf(moments)) {
      expect(new Set(cycle.deliveries.map(({ eventId }) => eventId)).size).toBe(cycle.deliveries.length)
      if (cycle.runNumber !== before.runNumber) continue
      for (const [index, delivery] of before.deliveries.entries()) {
        const { eventId, outcome, seen } = delivery
        expect(cycle.deliveries[index]).toMatchObject({ eventId, outcome })
        expect(cycle.deliveries[index]?.seen).toBeGreaterThanOrEqual(seen)
      }
    }
  })
})

test('an input that arrived stays arrived, and its revision never falls', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle }] of pairsOf(moments)) {
      for (const [index, { state, arrival, waivedBy }] of before.dependencies.entries()) {
        if (state === 'WAITING') continue
        // What somebody waived is taken all the same when it comes in time.
        if (waivedBy && isUnbegun(before) && cycle.dependencies[index]?.state === 'ARRIVED') continue
        expect(cycle.dependencies[index]?.state).toBe(state)
        if (state === 'WAIVED') continue
        expect(cycle.dependencies[index]?.arrival?.revision).toBeGreaterThanOrEqual(arrival?.revision ?? 0)
      }
    }
  })
})

test('attempts are numbered from 1 without a gap, over all runs of the cycle', () => {
  always((moments) => {
    const begun = moments.filter(({ fact }) => fact?.kind === 'begun').map(({ cycle }) => cycle.lastAttempt)
    expect(begun).toEqual(begun.map((_, index) => index + 1))
    for (const { attempts, lastAttempt } of runsOf(moments)) {
      const numbers = attempts.map(({ number }) => number)
      expect(numbers).toEqual(numbers.map((_, index) => lastAttempt - numbers.length + 1 + index))
    }
  })
})

/** Mostly Glue's failures: a start may have more of them than of the job's. */
const aFailedEnd = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('FAILED', 'TIMEOUT') },
  { weight: 4, arbitrary: fc.constantFrom('ERROR', 'EXPIRED') },
)

/** Of a cycle that needs nothing and only fails: the other stories seldom fail twice. */
const aFailingStory = fc
  .record({
    attempts: fc.constantFrom(1, 2, 5, 30),
    ends: fc.array(aFailedEnd, { minLength: 30, maxLength: 30 }),
  })
  .map(({ attempts, ends }) => {
    const run = { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts, retryAfterMs: 300_000 }
    // It begins or the pause is over, the run starts, it ends.
    const attempt = (end: GlueEndState): Step[] => [
      { kind: 'pass', ms: HOUR_MS },
      ...Array.from({ length: 3 }, (): Step => ({ kind: 'go', isLucky: true, end })),
    ]
    return tell(openRun(inputOf(definitionOf('d1/ds3', [], { run })), NOON_MS), ends.flatMap(attempt))
  })

test('a start or rerun fails no more often than the definition allows, by whose failure it was and in all', () => {
  always(
    (moments) => {
      for (const { cycle } of moments) {
        const { run } = cycle.input.definition
        const failures = failuresOf(cycle)
        const isGlues = (failure: string): boolean => failure === 'infrastructure'
        expect(failures.filter((failure) => !isGlues(failure)).length).toBeLessThanOrEqual(run.attempts)
        // By the table of docs/decisions/0009-retries.md: no story's definition says more than `attempts`.
        expect(failures.filter(isGlues).length).toBeLessThanOrEqual(Math.max(3, run.attempts))
        expect(cycle.lastAttempt - cycle.attemptsBefore).toBeLessThanOrEqual(20)
      }
    },
    fc.oneof(aStory, aFailingStory),
  )
})

test('only legal moves are made, each from where the last one ended', () => {
  always((moments) => {
    let state = null
    for (const { transitions } of runsOf(moments)) {
      for (const { from, to } of transitions) {
        expect(from).toBe(state)
        if (from !== null) expect(isLegalMove(from, to)).toBe(true)
        state = to
      }
    }
    expect(moments.at(-1)?.cycle.state).toBe(state)
  })
})

test('a step is named in ERROR and in no other state, and what the cycle rests in has a reason', () => {
  always((moments) => {
    for (const { cycle } of moments) {
      expect(cycle.step !== null).toBe(cycle.state === 'ERROR')
      // A run that has just been brought back does not know why the one before it ended.
      if (['ERROR', 'SKIPPED', 'CANCELLED'].includes(cycle.state)) expect(cycle.reason).toBeTruthy()
    }
  })
})

test('each revision is published once, one after the other, over all runs', () => {
  always((moments) => {
    const published = moments.flatMap(({ fact }) => (fact?.kind === 'published' ? [fact.revision] : []))
    expect(published).toEqual(published.map((_, index) => index + 1))
    expect(moments.at(-1)?.cycle.revision).toBe(published.length)
    for (const { cycle } of moments) {
      if (cycle.published) expect(cycle.published.revision).toBe(cycle.revision)
    }
  })
})

test('whatever is told makes the version one higher; a wait, a blocker of nothing and time alone change nothing', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, step, fact }] of pairsOf(moments)) {
      const isTold = fact !== undefined || (step !== 'open' && step.kind === 'arrive')
      if (cycle.runNumber > before.runNumber) expect(cycle.version).toBe(2)
      else if (isTold) expect(cycle.version).toBe(before.version + 1)
      else if (cycle !== before) expect(cycle.version).toBe(before.version + 1)
    }
  })
})

test('an attempt that nobody asked for reads newer revisions than the one before, and none twice', () => {
  always((moments) => {
    for (const cycle of runsOf(moments)) {
      for (const { before, now } of ownReruns(cycle)) {
        const risen = now.map((input) => input.revision - (before.find(isSameInput(input))?.revision ?? 0))
        expect(Math.min(...risen)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...risen)).toBeGreaterThan(0)
      }
    }
  })
})

/** What the attempts that nobody asked for read, and what the ones before them had read. */
const ownReruns = ({ attempts, actions }: Cycle): { before: BuiltFrom[]; now: BuiltFrom[] }[] =>
  actions.flatMap(({ actor, refused, attempt: number }) => {
    if (actor !== SLUICE || refused !== null) return []
    const at = attempts.findIndex((one) => one.number === number)
    const [before, now] = [attempts[at - 1]?.inputs, attempts[at]?.inputs]
    return before && now ? [{ before, now }] : []
  })

const isSameInput = (one: BuiltFrom) => (other: BuiltFrom) => one.product === other.product && one.cycle === other.cycle
const asksForRerun = (dependency: DependencyDefinition): boolean =>
  'onRevision' in dependency && dependency.onRevision === 'rerun'

test('the stories hold, release, waive, skip and cancel, and are refused each of them', () => {
  const seen = new Set<string>()
  for (const moments of fc.sample(aStory, { numRuns: 400, seed: 2 }))
    for (const { actions } of runsOf(moments))
      for (const { action, refused } of actions) seen.add(`${action} ${refused === null ? 'taken' : 'refused'}`)
  const actions = ['rerun', 'skip', 'waive', 'hold', 'release', 'cancel']
  expect([...seen].sort()).toEqual(actions.flatMap((action) => [`${action} refused`, `${action} taken`]).sort())
})

test('every action names who and why, how the cycle stood before and, once taken, after; a refused one changes nothing else', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, nowMs }] of pairsOf(moments)) {
      for (const action of cycle.actions) {
        expect(Boolean(action.actor.trim() && action.reason.trim()) || action.refused !== null).toBe(true)
        expect([action.before !== undefined, action.after !== undefined]).toEqual([true, action.refused === null])
      }
      const last = cycle.actions.at(-1)
      if (cycle.runNumber !== before.runNumber || last?.atMs !== nowMs || last.refused === null) continue
      const { actions: _now, version: _v, ...rest } = cycle
      const { actions: _then, version: _w, ...same } = before
      expect(rest).toEqual(same)
    }
  })
})

test('while a cycle is held no attempt begins and no Glue run is started; what arrives is recorded all the same', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, step, fact }] of pairsOf(moments)) {
      if (!before.held || cycle.runNumber !== before.runNumber) continue
      expect(['begun', 'run-started', 'start-failed'].includes(fact?.kind ?? '')).toBe(false)
      if (step !== 'open' && step.kind === 'arrive') expect(cycle.version).toBe(before.version + 1)
    }
  })
})

test('what a rerun was to ask of consumers is asked by the publication that follows, whatever fails between', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, fact }] of pairsOf(moments)) {
      if (fact?.kind !== 'published' || cycle.runNumber !== before.runNumber) continue
      const since = cycle.transitions.findLastIndex(
        ({ to }, at) => to === 'COMPLETED' && at < cycle.transitions.length - 1,
      )
      const fromMs = cycle.transitions[since]?.atMs ?? -Infinity
      const asked = cycle.actions.some(
        ({ refused, atMs, asked }) => refused === null && atMs > fromMs && asked?.cascade === 'all',
      )
      if (asked) expect(before.attempts.at(-1)?.cascade).toBe('all')
    }
  })
})

test('a hold of a cycle lasts until somebody releases it, or nothing of it is left to start', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, nowMs }] of pairsOf(moments)) {
      if (before.held?.of !== 'cycle' || cycle.runNumber !== before.runNumber || cycle.held) continue
      const last = cycle.actions.at(-1)
      const isReleased = last?.action === 'release' && last.refused === null && last.atMs === nowMs
      const isOver = ['COMPLETED', 'SKIPPED', 'CANCELLED'].includes(cycle.state)
      expect(isReleased || (isOver && decideNext(cycle, Infinity).kind !== 'rerun')).toBe(true)
    }
  })
})

test('each attempt has one cause: its inputs, a failure that may be retried, or a rerun that somebody asked for', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, fact }] of pairsOf(moments)) {
      if (fact?.kind !== 'begun') continue
      const number = cycle.lastAttempt
      const last = before.attempts.at(-1)
      const isRetry = last !== undefined && last.number > before.attemptsBefore && last.failure !== undefined
      const reruns = before.actions.filter(
        ({ action, refused, attempt }) => action === 'rerun' && refused === null && attempt === number,
      )
      expect([isUnbegun(before), isRetry, reruns.length > 0]).toContain(true)
    }
  })
})

test('an input is waived before the start only by somebody, and every end by an operator has its action', () => {
  always((moments) => {
    for (const [{ cycle: before }, { cycle, fact }] of pairsOf(moments)) {
      if (isUnbegun(cycle) && cycle.runNumber === before.runNumber)
        for (const { state, waivedBy } of cycle.dependencies) expect(state === 'WAIVED' && !waivedBy).toBe(false)
      if (fact?.kind !== 'commanded' || cycle.state === before.state) continue
      expect(cycle.actions.at(-1)).toMatchObject({ action: 'skip', refused: null, after: { state: 'SKIPPED' } })
    }
  })
})

test('nothing is published of an attempt whose publication nobody wants, and the revision stays', () => {
  always((moments) => {
    for (const { did, fact, cycle } of moments) {
      if (did?.kind !== 'publish' && fact?.kind !== 'published') continue
      const asked = cycle.actions.findLast(({ action, refused }) => action === 'rerun' && refused === null)
      expect(asked?.asked?.publish).toBeUndefined()
    }
  })
})

test('a story ends: what a cycle can do by itself it does in a bounded number of steps', () => {
  always((moments) => {
    let { cycle, nowMs } = moments.at(-1) as Moment
    for (let steps = 0; ; steps++) {
      expect(steps).toBeLessThan(40)
      // What is being cancelled asks for nothing more.
      if (cycle.cancelling) return
      const next = decideNext(cycle, nowMs)
      if (next.kind === 'close' || next.kind === 'give-up') {
        const isBehind = outdatedInputs(cycle).length > 0 && cycle.input.definition.dependsOn.some(asksForRerun)
        const mayGoOn = runsAgain(cycle) && !isLeftToPerson(cycle.attempts.at(-1))
        expect(isBehind && mayGoOn).toBe(false)
        return
      }
      if (next.kind === 'wait' && next.untilMs === null) return
      if (next.kind === 'wait') nowMs = next.untilMs as number
      else cycle = applyLuckily(cycle, next, nowMs)
    }
  })
})

test('cycles and their records are plain JSON: nothing is lost on the way through it', () => {
  always((moments) => {
    for (const cycle of runsOf(moments)) {
      expect(JSON.parse(JSON.stringify(cycle))).toStrictEqual(cycle)
      const record = toRecord(cycle, 0)
      expect(JSON.parse(JSON.stringify(record))).toStrictEqual(record)
    }
  })
})

test('flushes at any moments together carry every row of every run, and no row that did not change', () => {
  fc.assert(
    fc.property(aStory, fc.infiniteStream(fc.boolean()), (moments, flushes) => {
      let written = { runNumber: 0, version: 0 }
      const carried = new Map<string, { version: number }>()
      const flush = (cycle: Cycle): void => {
        const since = cycle.runNumber === written.runNumber ? written.version : 0
        const { transitions, deliveries, actions } = toRecord(cycle, since)
        for (const row of [...transitions, ...deliveries, ...actions]) expect(row.version).toBeGreaterThan(since)
        for (const [key, row] of rowsOf({ ...cycle, transitions, deliveries, actions })) carried.set(key, row)
        written = cycle
      }
      for (const [before, { cycle }] of pairsOf(moments)) {
        // A run closes only after its last flush.
        if (cycle.runNumber > before.cycle.runNumber || flushes.next().value) flush(before.cycle)
      }
      flush((moments.at(-1) as Moment).cycle)
      expect(carried).toEqual(new Map(runsOf(moments).flatMap(rowsOf)))
    }),
    { numRuns: 100 },
  )
})

test('the same arrivals in any order, each as often as it likes, leave the dependencies the same', () => {
  const anArrival = fc
    .record({ product: fc.constantFrom(...UPSTREAMS, 'raw/stranger'), revision: fc.integer({ min: 1, max: 4 }) })
    .map(({ product, revision }) => arrivalOf(product, { revision }))
  const inTwoOrders = fc
    .array(anArrival, { maxLength: 12 })
    .chain((arrivals) => fc.tuple(orderOf(arrivals), orderOf(arrivals)))
  const end = (arrivals: Arrival[], goesOn: boolean): Cycle =>
    arrivals.reduce(
      (cycle, arrival) => {
        const next = decideNext(cycle, NOON_MS)
        const gone = goesOn && next.kind === 'begin' ? applyFact(cycle, { kind: 'begun' }, NOON_MS) : cycle
        return applyArrival(gone, arrival, NOON_MS)
      },
      cycleOf({}, UPSTREAMS),
    )
  const statesOf = ({ dependencies }: Cycle) => dependencies.map(({ state }) => state)
  fc.assert(
    fc.property(inTwoOrders, ([one, other]) => {
      expect(end(one, false).dependencies).toEqual(end(other, false).dependencies)
      // Once the cycle has begun, later revisions are only remembered; what has arrived is the same all the same.
      expect(statesOf(end(one, true))).toEqual(statesOf(end(other, true)))
    }),
  )
})

/** Each arrival at least once, some again, shuffled. */
const orderOf = (arrivals: Arrival[]): fc.Arbitrary<Arrival[]> =>
  fc
    .subarray(arrivals)
    .chain((again) => fc.shuffledSubarray([...arrivals, ...again], { minLength: arrivals.length + again.length }))

const rowsOf = ({ runNumber, transitions, deliveries, actions }: Cycle): [string, { version: number }][] => [
  ...transitions.map((row) => [`${runNumber} move ${row.version}`, row] as [string, { version: number }]),
  ...deliveries.map((row) => [`${runNumber} event ${row.eventId}`, row] as [string, { version: number }]),
  ...actions.map((row) => [`${runNumber} action ${row.requestId}`, row] as [string, { version: number }]),
]

function applyLuckily(cycle: Cycle, next: ReturnType<typeof decideNext>, nowMs: number): Cycle {
  switch (next.kind) {
    case 'begin':
      return applyFact(cycle, { kind: 'begun' }, nowMs)
    case 'miss':
      return applyFact(cycle, { kind: 'missed', missing: next.missing }, nowMs)
    case 'skip':
      return applyFact(cycle, { kind: 'skipped', reason: next.reason }, nowMs)
    case 'start':
      return applyFact(cycle, { kind: 'run-started', runId: `jr_${next.attempt.number}`, adopted: false }, nowMs)
    case 'await-end': {
      const end = { runId: next.runId, state: 'FAILED', error: null, executionSeconds: 1, noticedBy: 'event' } as const
      return applyFact(cycle, { kind: 'run-ended', end }, nowMs)
    }
    case 'publish': {
      const revision = cycle.revision + 1
      return applyFact(cycle, { kind: 'published', eventId: `r${revision}`, revision }, nowMs)
    }
    case 'complete':
      return applyFact(cycle, { kind: 'completed' }, nowMs)
    case 'rerun':
      return applyFact(cycle, { kind: 'rerun', command: next.command }, nowMs)
    case 'report':
      return applyFact(cycle, { kind: 'reported' }, nowMs)
    default:
      throw new Error(`${next.kind} is no step.`)
  }
}
