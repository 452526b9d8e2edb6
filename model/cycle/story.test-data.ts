// Stories of a cycle: what may happen to it, in any order, played as the workflow would (workflows/data-product-cycle.ts).
// In: steps from fast-check. Out: every moment of the story, oldest first. Never: a decision of its own: decideNext
// says what is next, a step only brings the outside's answer.
import fc from 'fast-check'
import { arrivalOf, definitionOf, endOf, HOUR_MS, inputOf, NOON_MS, toProduct } from '../samples.test-data.ts'
import { CUTOFF_ACTIONS, ON_REVISION, type OnRevision } from '../definition.ts'
import { toEventId } from '../ids.ts'
import { isSettled } from '../states.ts'
import { applyArrival, applyBlocker } from './arrivals.ts'
import type { Condition } from './condition.ts'
import { refuseCommand } from './commands.ts'
import { GLUE_ENDS, type GlueEndState } from './attempt.ts'
import { type Blocker, type Command, type Cycle, openRun, type ReopenCommand } from './cycle.ts'
import { decideNext, type NextStep } from './decide.ts'
import { applyFact, type Fact } from './facts.ts'
import { attemptToGoOnWith } from './rerun.ts'

export const UPSTREAMS = ['d1/ds1', 'raw/rd2', 'x/y']
export const CUTOFF_MS = NOON_MS + 2 * HOUR_MS

const [FIRST, SECOND, THIRD] = [0, 1, 2].map((at): Condition => ({ kind: 'cycle', at })) as [
  Condition,
  Condition,
  Condition,
]
const atLeast = (n: number, ...of: Condition[]): Condition => ({ kind: 'at-least', n, of })
const optional: Condition = { kind: 'optional', afterMs: NOON_MS + HOUR_MS, of: THIRD }
/** What a cycle may need of the three, by their places; undefined: all of them. */
const CONDITIONS: (Condition | undefined)[] = [
  undefined,
  atLeast(1, FIRST, SECOND, THIRD),
  atLeast(2, FIRST, atLeast(1, SECOND, THIRD)),
  atLeast(2, FIRST, SECOND, optional),
  atLeast(3, FIRST, SECOND, optional),
  atLeast(2, FIRST, { kind: 'newest', of: [1, 2] }),
  atLeast(2, FIRST, { kind: 'first-not-skipped', of: [1, 2] }),
  atLeast(2, FIRST, { kind: 'cycle', at: 1, ifSkipped: 'run-without' }),
  atLeast(1, { kind: 'cycle', at: 0, ifSkipped: 'run-without' }, { kind: 'cycle', at: 1, ifSkipped: 'skip-cycle' }),
]

export type Step =
  | { kind: 'arrive'; product: string; revision: number; isForeign: boolean }
  | { kind: 'block'; product: string; state: 'ERROR' | 'SKIPPED' }
  | { kind: 'pass'; ms: number }
  | { kind: 'go'; isLucky: boolean; end: GlueEndState }
  | { kind: 'rerun'; reason: string; how: { publish?: false; cascade?: 'all' } }
  /** What else an operator asks of the open run. */
  | { kind: 'ask'; wish: Asked; reason: string }
  | { kind: 'cancel' }
  /** The run closes, and an operator brings the cycle back. */
  | { kind: 'reopen'; wish: Reopening }
  /** The run is terminated from outside, wherever it stands, and an operator brings the cycle back. */
  | { kind: 'terminate' }

type Asked =
  | { action: 'skip' | 'cancel' }
  | { action: 'waive'; products: string[] | null }
  | { action: 'hold' | 'release'; of: 'cycle' | 'product' }
type Reopening = { action: 'rerun'; publish?: false } | { action: 'skip' } | { action: 'waive'; products: null }

export interface Moment {
  step: Step | 'open'
  cycle: Cycle
  nowMs: number
  /** What was done, and the fact that told it, when the step let the cycle go on. */
  did?: NextStep
  fact?: Fact
}

const aProduct = fc.constantFrom(...UPSTREAMS, 'raw/stranger')
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      product: aProduct,
      revision: fc.integer({ min: 1, max: 3 }),
      isForeign: fc.boolean(),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('go' as const),
      isLucky: fc.integer({ min: 0, max: 5 }).map((chance) => chance > 0),
      end: fc.oneof(
        { weight: 3, arbitrary: fc.constant('SUCCEEDED' as const) },
        { weight: 2, arbitrary: fc.constantFrom(...GLUE_ENDS) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 300_000, 2 * HOUR_MS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rerun' as const),
      reason: fc.constantFrom('', 'wrong rows'),
      how: fc.constantFrom({}, {}, { publish: false as const }, { cascade: 'all' as const }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      wish: fc.oneof(
        { weight: 6, arbitrary: fc.constant<Reopening>({ action: 'rerun' }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Reopening>(
            { action: 'rerun', publish: false },
            { action: 'skip' },
            { action: 'waive', products: null },
          ),
        },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      reason: fc.constantFrom('', 'the vendor said so', 'the vendor said so', 'the vendor said so'),
      wish: fc.oneof<fc.Arbitrary<Asked>[]>(
        fc.constantFrom<Asked>({ action: 'skip' }, { action: 'cancel' }),
        aProduct.map((product) => ({ action: 'waive', products: [product] })),
        fc.constant({ action: 'waive', products: null }),
        fc.record({
          action: fc.constantFrom('hold' as const, 'release' as const),
          of: fc.constantFrom('cycle' as const, 'product' as const),
        }),
        fc.constantFrom<Asked>({ action: 'release', of: 'cycle' }, { action: 'release', of: 'product' }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('terminate' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      product: aProduct,
      state: fc.constantFrom('ERROR' as const, 'SKIPPED' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const) }) },
)

/** Chance alone seldom publishes: half of the stories begin with all upstreams there. */
const COMPLETE: Step[] = UPSTREAMS.map((product) => ({ kind: 'arrive', product, revision: 1, isForeign: false }))

export const aStory = fc
  .record({
    steps: fc
      .tuple(fc.constantFrom([], COMPLETE), fc.array(aStep, { minLength: 10, maxLength: 60, size: 'max' }))
      .map((parts) => parts.flat()),
    then: fc.option(fc.constantFrom(...CUTOFF_ACTIONS)),
    attempts: fc.integer({ min: 1, max: 3 }),
    publishes: fc.integer({ min: 0, max: 4 }).map((chance) => chance > 0),
    condition: fc.constantFrom(...CONDITIONS),
    onRevision: fc.constantFrom(...ON_REVISION),
  })
  .map(({ steps, ...policy }) => tell(openCycle(policy), steps))

interface Policy {
  then: (typeof CUTOFF_ACTIONS)[number] | null
  attempts: number
  publishes: boolean
  condition: Condition | undefined
  onRevision: OnRevision
}

function openCycle({ then, attempts, publishes, condition, onRevision }: Policy): Cycle {
  const definition = definitionOf('d1/ds3', UPSTREAMS, {
    run: { glue: 'd1-ds3', arguments: { '--book': 'eq' }, timeoutMinutes: 60, attempts, retryAfterMs: 300_000 },
    cutoff: then && { at: { time: '14:00', days: 0, unit: 'day' }, then },
    publish: publishes ? { location: 's3://example-d1-products/ds3/' } : null,
    dependsOn: UPSTREAMS.map((product) => ({ product: toProduct(product), onRevision })),
  })
  const change = { cutoffMs: then && CUTOFF_MS, ...(condition ? { condition } : {}) }
  return openRun(inputOf(definition, change), NOON_MS)
}

/** Every moment; a step that means nothing now leaves the cycle as it is. */
export function tell(opened: Cycle, steps: Step[]): Moment[] {
  const moments: Moment[] = [{ step: 'open', cycle: opened, nowMs: NOON_MS }]
  for (const [index, step] of steps.entries()) {
    const { cycle, nowMs } = moments.at(-1) as Moment
    moments.push(play(cycle, step, index, nowMs + (step.kind === 'pass' ? step.ms : 1)))
  }
  return moments
}

function play(cycle: Cycle, step: Step, index: number, nowMs: number): Moment {
  const requestId = `request-${index}`
  const same: Moment = { step, cycle, nowMs }
  switch (step.kind) {
    case 'pass':
      return same
    case 'arrive': {
      const change = { revision: step.revision, ...(step.isForeign ? { eventId: `foreign-${step.revision}` } : {}) }
      return { ...same, cycle: applyArrival(cycle, arrivalOf(step.product, change), nowMs) }
    }
    case 'block':
      return { ...same, cycle: applyBlocker(cycle, blockerOf(step, index, nowMs)) }
    case 'cancel':
      return isSettled(cycle.state) ? same : tellFact(same, { kind: 'cancelled', reason: 'cancelled in Temporal' })
    case 'rerun':
      return tellFact(same, { kind: 'rerun', command: { actor: 'ann', reason: step.reason, requestId, ...step.how } })
    case 'ask':
      return tellFact(same, { kind: 'commanded', command: toAsked(step, requestId) })
    case 'reopen':
      return ['close', 'give-up'].includes(decideNext(cycle, nowMs).kind) ? reopen(same, step.wish, requestId) : same
    case 'terminate':
      return reopen(same, { action: 'rerun' }, requestId)
    case 'go':
      return goOn(same, step.isLucky, step.end)
  }
}

const tellFact = (moment: Moment, fact: Fact, did?: NextStep): Moment => ({
  ...moment,
  cycle: applyFact(moment.cycle, fact, moment.nowMs),
  fact,
  ...(did ? { did } : {}),
})

function goOn(moment: Moment, isLucky: boolean, end: GlueEndState): Moment {
  const { cycle, nowMs } = moment
  if (cycle.cancelling) return tellFact(moment, { kind: 'cancelled', reason: `cancelled by ${cycle.cancelling.actor}` })
  const next = decideNext(cycle, nowMs)
  const runId = `jr_${cycle.lastAttempt}`
  switch (next.kind) {
    case 'wait':
    case 'give-up':
    case 'close':
      return { ...moment, did: next }
    case 'begin':
      return tellFact(moment, { kind: 'begun' }, next)
    case 'miss':
      return tellFact(moment, { kind: 'missed', missing: next.missing }, next)
    case 'skip':
      return tellFact(moment, { kind: 'skipped', reason: next.reason }, next)
    case 'start':
      return isLucky
        ? tellFact(moment, { kind: 'run-started', runId, adopted: false }, next)
        : tellFact(moment, { kind: 'start-failed', error: 'no such job' }, next)
    case 'await-end':
      return tellFact(moment, { kind: 'run-ended', end: endOf(end, next.runId) }, next)
    case 'publish': {
      const revision = cycle.revision + 1
      return isLucky
        ? tellFact(moment, { kind: 'published', eventId: toEventId(cycle.id, revision), revision }, next)
        : tellFact(moment, { kind: 'publish-failed', error: 'the bus is away' }, next)
    }
    case 'complete':
      return tellFact(moment, { kind: 'completed' }, next)
    case 'rerun':
      return tellFact(moment, { kind: 'rerun', command: next.command }, next)
    case 'report':
      return tellFact(moment, { kind: 'reported' }, next)
  }
}

const toAsked = ({ wish, reason }: Extract<Step, { kind: 'ask' }>, requestId: string): Command =>
  ({ ...wish, actor: 'ann', reason, requestId }) as Command

/** As the commands do with a closed cycle: only when it makes sense. A hold of the cycle ends with its run. */
function reopen(moment: Moment, wish: Reopening, requestId: string): Moment {
  const { nowMs } = moment
  const cycle = { ...moment.cycle, held: moment.cycle.held?.of === 'product' ? moment.cycle.held : null }
  const command = { ...wish, actor: 'ann', reason: 'the vendor corrected it', requestId } as ReopenCommand & Command
  if (refuseCommand(cycle, command, 'closed', nowMs) !== null) return moment
  const { runNumber, state, step, lastAttempt, revision, dependencies } = cycle
  const past = {
    runNumber,
    state,
    step,
    lastAttempt,
    revision,
    dependencies,
    attempt: attemptToGoOnWith(cycle),
    command,
  }
  const { held: _before, ...input } = cycle.input
  const held = cycle.held ? { held: cycle.held } : {}
  const reopened = openRun({ ...input, openedBy: 'rerun', past, ...held }, nowMs)
  return tellFact({ ...moment, cycle: reopened }, { kind: 'reopened', command })
}

const blockerOf = ({ product, state }: Extract<Step, { kind: 'block' }>, index: number, nowMs: number): Blocker => {
  const { product: upstream, key } = arrivalOf(product)
  return {
    product: upstream,
    key,
    eventId: `${product}/${key}/not-refreshed-1.${index}`,
    state,
    step: state === 'ERROR' ? 'run' : null,
    reason: 'no such table',
    occurredAt: new Date(nowMs).toISOString(),
  }
}
