// In: steps of a story. Out: a cycle told step by step by the model itself, the flushes that its workflow would have made, and
// an event that no cycle took.
import fc from 'fast-check'
import type { UntakenEvent } from '../../mirror/ledger.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, type CycleInput, currentAttempt, openRun } from '../../model/cycle/cycle.ts'
import { decideNext } from '../../model/cycle/decide.ts'
import { applyFact, type Fact } from '../../model/cycle/facts.ts'
import { type CycleRecord, toRecord } from '../../model/cycle/record.ts'
import { type CycleKey, type ProductId, toCycleId, toEventId } from '../../model/ids.ts'
import type { Arrival } from '../../model/refresh-event.ts'

export const KEY = '2026-11-20' as CycleKey
export const T0 = Date.parse('2026-11-20T22:00:00Z')
export const at = (minute: number): string => new Date(T0 + minute * 60_000).toISOString()

export type StoryStep =
  | 'advance'
  | 'fail'
  | 'fail-publish'
  | 'rerun'
  | 'reopen'
  | 'flush'
  | { upstream: number; revision: number }

export function arrive(upstream: number, revision = 1): StoryStep {
  return { upstream, revision }
}

const stepOf: fc.Arbitrary<StoryStep> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<StoryStep>('advance') },
  { weight: 4, arbitrary: fc.constant<StoryStep>('flush') },
  { weight: 4, arbitrary: fc.record({ upstream: fc.nat({ max: 1 }), revision: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.constantFrom<StoryStep>('fail', 'fail-publish', 'rerun', 'reopen') },
)

export const BUILD: StoryStep[] = ['advance', 'advance', 'advance', 'advance']

/** Chance alone seldom publishes twice, so half of the stories begin with it. */
export const storyOf: fc.Arbitrary<StoryStep[]> = fc
  .tuple(
    fc.constantFrom<StoryStep[]>([], [arrive(0), arrive(1), ...BUILD, 'flush', 'reopen', 'flush', ...BUILD, 'flush']),
    fc.array(stepOf, { minLength: 5, maxLength: 40 }),
  )
  .map(([beginning, steps]) => [...beginning, ...steps])

export function upstreamsOf(tag: string): string[] {
  return [`raw/up-${tag}`, `raw/down-${tag}`]
}

export function tell(
  product: string,
  upstreams: string[],
  steps: StoryStep[],
): { cycle: Cycle; records: CycleRecord[] } {
  let nowMs = T0
  let cycle = openRun(inputOf(product as ProductId, upstreams as ProductId[]), nowMs)
  let written = 0
  const records: CycleRecord[] = []
  const flush = (): void => {
    if (written === cycle.version) return
    records.push(toRecord(cycle, written))
    written = cycle.version
  }
  for (const [index, step] of [...steps, 'flush' as const].entries()) {
    nowMs += 60_000
    if (step === 'flush') flush()
    else if (step === 'reopen') {
      if (decideNext(cycle, nowMs).kind !== 'close') continue
      // A run closes only after its last flush.
      flush()
      written = 0
      cycle = reopen(cycle, index, nowMs)
    } else cycle = apply(cycle, step, index, nowMs)
  }
  return { cycle, records }
}

function apply(cycle: Cycle, step: Exclude<StoryStep, 'flush' | 'reopen'>, index: number, nowMs: number): Cycle {
  if (typeof step === 'object') return applyArrival(cycle, arrivalOf(cycle, step), nowMs)
  if (step === 'rerun') return applyFact(cycle, { kind: 'rerun', command: commandOf(cycle, index) }, nowMs)
  const fact = nextFact(cycle, step, nowMs)
  return fact ? applyFact(cycle, fact, nowMs) : cycle
}

function nextFact(cycle: Cycle, step: 'advance' | 'fail' | 'fail-publish', nowMs: number): Fact | undefined {
  const next = decideNext(cycle, nowMs)
  const runId = `jr_${cycle.lastAttempt}`
  switch (next.kind) {
    case 'begin':
      return { kind: 'begun' }
    case 'start':
      return step === 'fail'
        ? { kind: 'start-failed', error: 'no such job' }
        : { kind: 'run-started', runId, adopted: false }
    case 'await-end': {
      const state = step === 'fail' ? 'FAILED' : 'SUCCEEDED'
      return { kind: 'run-ended', end: { runId, state, error: null, executionSeconds: 1, noticedBy: 'event' } }
    }
    case 'publish': {
      const revision = cycle.revision + 1
      return step === 'fail-publish'
        ? { kind: 'publish-failed', error: 'the bus is away' }
        : { kind: 'published', eventId: toEventId(cycle.id, revision), revision }
    }
    case 'report':
      return { kind: 'reported' }
    default:
      return undefined
  }
}

function reopen(cycle: Cycle, index: number, nowMs: number): Cycle {
  const { runNumber, state, step, lastAttempt, revision, dependencies } = cycle
  const command = commandOf(cycle, index)
  const attempt = state === 'ERROR' && step === 'publish' ? (currentAttempt(cycle) ?? null) : null
  const past = { runNumber, state, step, lastAttempt, revision, dependencies, attempt, command }
  const reopened = openRun({ ...cycle.input, openedBy: 'rerun', past }, nowMs)
  return applyFact(reopened, { kind: 'reopened', command }, nowMs)
}

const commandOf = (cycle: Cycle, index: number) => ({
  ...{ actor: 'ann', reason: 'the vendor corrected it', requestId: `${cycle.id} ${index}` },
})

const arrivalOf = (cycle: Cycle, { upstream, revision }: { upstream: number; revision: number }): Arrival => {
  const expected = cycle.input.expected[upstream]
  const product = expected?.product ?? ('raw/none' as ProductId)
  return {
    ...{ eventId: toEventId(toCycleId(product, KEY), revision), product, key: KEY, revision },
    ...{ location: `s3://raw/${revision}/`, correlationId: `c-${revision}`, occurredAt: at(revision) },
  }
}

const inputOf = (product: ProductId, upstreams: ProductId[]): CycleInput => ({
  product,
  key: KEY,
  definition: {
    ...{ product, description: '', owner: { team: 'team', email: 'team@example.com' } },
    // What is not about publishing stays its domain's own, so that no test sees the cycles of another.
    visibility: product.endsWith('public') ? 'mesh' : 'domain',
    ...{ calendar: 'weekdays', timezone: 'UTC', every: 'day', notBefore: null, availableBy: null, cutoff: null },
    dependsOn: upstreams.map((upstream) => ({ product: upstream })),
    run: { glue: 'job', arguments: {}, timeoutMinutes: 60, attempts: 2, retryAfterMs: 0 },
    publish: { location: `s3://${product.replace('/', '-products/')}/` },
  },
  definitionVersion: 1,
  openedBy: 'arrival',
  expected: upstreams.map((upstream) => ({ product: upstream, key: KEY })),
  ...{ notBeforeMs: null, cutoffMs: null, availableByMs: null, past: null },
  settings: { checkGlueMs: 1_000, errorWaitMs: 1_000_000_000, recordRetryMs: 1_000 },
})

export const untaken = (eventId: string, messageId: string): UntakenEvent => ({
  ...{ eventId, messageId, outcome: 'unmatched', reason: 'nobody waits', body: `body of ${messageId}` },
  ...{ source: 'dataproduct.raw', account: '111111111111', product: eventId.split('/2026')[0] as ProductId, key: KEY },
  ...{ revision: Number(eventId.at(-1)), location: 's3://raw/', correlationId: 'c', occurredAt: at(0), deliveries: [] },
})
