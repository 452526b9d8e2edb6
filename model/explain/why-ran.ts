// Why a cycle ran when it did, why it ran again, and what it did not wait for. In: what is remembered of it. Out: sentences. Pure.
// Never: a cause that nothing remembers: then the attempt is told without one.
import type { Condition } from '../cycle/condition.ts'
import type { Attempt } from '../cycle/attempt.ts'
import type { DependencyStatus } from '../cycle/cycle.ts'
import { FAILURE_WORDS } from '../cycle/failure-class.ts'
import { toCycleId } from '../ids.ts'
import type { DeliveryOutcome } from '../states.ts'

export interface Remembered {
  dependencies: DependencyStatus[]
  /** Places count `dependencies`; null: all of them. */
  condition: Condition | null
  attempts: Attempt[]
  deliveries: { at: string; upstream: string; upstreamKey: string; revision: number | null; outcome: DeliveryOutcome }[]
  actions: { at: string; action: string; actor: string; reason: string; outcome: 'accepted' | 'refused' }[]
  notBefore: string | null
  cutoffAt: string | null
}

/** The first run, what it went without, each run after it; none where no attempt is remembered. */
export function toRunSentences(cycle: Remembered): string[] {
  const [first, ...others] = cycle.attempts.toSorted((one, other) => one.number - other.number)
  if (!first) return []
  const begin =
    first.number === 1
      ? [`ran at ${toIso(first.begunAtMs)}${toSilence(first)}: ${toTrigger(cycle, first.begunAtMs)}`]
      : []
  const again = [...(first.number === 1 ? [] : [first]), ...others]
  return [
    ...begin,
    ...(begin.length > 0 ? toWithout(cycle, first.begunAtMs) : []),
    ...again.map((attempt) => toAgain(cycle, attempt)),
  ]
}

const toSilence = ({ isUnpublished }: Attempt): string => (isUnpublished ? ', to publish nothing (--no-publish)' : '')

/** What came last before it began. */
function toTrigger(cycle: Remembered, begunAtMs: number): string {
  const arrived = cycle.dependencies
    .filter(({ arrivedAtMs }) => arrivedAtMs !== null && arrivedAtMs <= begunAtMs)
    .toSorted((one, other) => (one.arrivedAtMs ?? 0) - (other.arrivedAtMs ?? 0))
  const last = arrived.at(-1)
  const gateMs = cycle.notBefore === null ? -Infinity : Date.parse(cycle.notBefore)
  const isCutoff = cycle.cutoffAt !== null && begunAtMs >= Date.parse(cycle.cutoffAt) && lackingOf(cycle).length > 0
  if (isCutoff) return `its wait ended at ${cycle.cutoffAt}, and it runs without what has not come by then`
  if (!last) return gateMs > -Infinity ? `its time had come, ${cycle.notBefore}` : 'it waits for no other'
  const { product, key, arrivedAtMs } = last
  const came = `${toCycleId(product, key)} revision ${firstRevision(cycle, last)} arrived at ${toIso(arrivedAtMs ?? 0)}`
  if (gateMs > (arrivedAtMs ?? 0))
    return `it had all it needs before, and starts not before ${cycle.notBefore} (last, ${came})`
  const optionalMs = optionalTimes(cycle)
    .filter((atMs) => atMs <= begunAtMs && atMs > (arrivedAtMs ?? 0))
    .at(-1)
  const waived = lastWaiver(cycle, arrivedAtMs ?? 0, begunAtMs)
  if (waived) return `${waived.actor} waived what was still missing at ${waived.at}, "${waived.reason}" (last, ${came})`
  const skipped = lastSkip(cycle, arrivedAtMs ?? 0, begunAtMs)
  if (skipped) return `${toCycleId(skipped.product, skipped.key)} was skipped, and it does without (last, ${came})`
  if (optionalMs !== undefined)
    return `from ${toIso(optionalMs)} it does without what was still missing (last, ${came})`
  return `its last input, ${came}`
}

/** Of those after the last arrival the last. */
const lastWaiver = ({ actions }: Remembered, fromMs: number, toMs: number) =>
  actions.findLast(
    ({ action, outcome, at }) =>
      action === 'waive' && outcome === 'accepted' && Date.parse(at) >= fromMs && Date.parse(at) <= toMs,
  )

/** What an upstream said after the last arrival, and the cycle went on without. */
const lastSkip = ({ dependencies }: Remembered, fromMs: number, toMs: number): DependencyStatus | undefined =>
  dependencies.findLast(({ state, blocker }) => {
    const saidMs = blocker?.state === 'SKIPPED' ? Date.parse(blocker.occurredAt) : Number.NaN
    return state === 'WAIVED' && saidMs >= fromMs && saidMs <= toMs
  })

/** A correction that was taken later replaced it. */
function firstRevision({ deliveries }: Remembered, { product, key, arrival }: DependencyStatus): number | string {
  const first = deliveries.find(
    (one) => one.outcome === 'satisfied' && one.upstream === product && one.upstreamKey === key,
  )
  return first?.revision ?? arrival?.revision ?? '?'
}

const lackingOf = ({ dependencies }: Remembered): DependencyStatus[] =>
  dependencies.filter(({ state }) => state !== 'ARRIVED')

/** Why it did not wait for each of these. */
function toWithout(cycle: Remembered, begunAtMs: number): string[] {
  return cycle.dependencies.flatMap((one, at) => {
    if (one.state !== 'WAIVED') return []
    return [`without ${toCycleId(one.product, one.key)}: ${whyWithout(cycle, { one, at }, begunAtMs)}`]
  })
}

function whyWithout(
  { condition, cutoffAt, actions }: Remembered,
  { one, at }: { one: DependencyStatus; at: number },
  begunAtMs: number,
): string {
  if (one.waivedBy) return `waived by ${one.waivedBy.actor}, "${one.waivedBy.reason}"`
  if (one.blocker?.state === 'SKIPPED')
    return one.blocker.isUnopened ? 'nobody had opened it' : 'its upstream skipped it'
  const optionalMs = condition && optionalAfter(condition, at)
  if (optionalMs !== null && optionalMs <= begunAtMs) return `it is optional from ${toIso(optionalMs)}`
  if (cutoffAt !== null && begunAtMs >= Date.parse(cutoffAt)) return `its wait ended at ${cutoffAt}`
  const waiver = actions.find(({ action, outcome }) => action === 'waive' && outcome === 'accepted')
  return waiver ? `waived by ${waiver.actor}, "${waiver.reason}"` : 'its condition does without it'
}

/** From when on the input at this place is not needed; null: always is. */
function optionalAfter(condition: Condition, at: number): number | null {
  switch (condition.kind) {
    case 'optional':
      return holds(condition.of, at) ? condition.afterMs : null
    case 'at-least':
      return condition.of.map((part) => optionalAfter(part, at)).find((found) => found !== null) ?? null
    default:
      return null
  }
}

function holds(condition: Condition, at: number): boolean {
  if (condition.kind === 'cycle') return condition.at === at
  if (condition.kind === 'newest' || condition.kind === 'first-not-skipped') return condition.of.includes(at)
  if (condition.kind === 'optional') return holds(condition.of, at)
  return condition.kind === 'at-least' && condition.of.some((part) => holds(part, at))
}

const optionalTimes = ({ condition, dependencies }: Remembered): number[] =>
  dependencies
    .flatMap(({ state }, at) => (state === 'ARRIVED' ? [] : ((condition && optionalAfter(condition, at)) ?? [])))
    .toSorted((one, other) => one - other)

/** What led to an attempt after the first. */
function toAgain(cycle: Remembered, attempt: Attempt): string {
  const before = cycle.attempts.find(({ number }) => number === attempt.number - 1)
  const said = `ran again at ${toIso(attempt.begunAtMs)}, attempt ${attempt.number}${toSilence(attempt)}`
  const sinceMs = before?.begunAtMs ?? -Infinity
  const isBetween = ({ at }: { at: string }): boolean => Date.parse(at) > sinceMs && Date.parse(at) <= attempt.begunAtMs
  const asked = cycle.actions.findLast((one) => one.action === 'rerun' && one.outcome === 'accepted' && isBetween(one))
  const corrected = cycle.deliveries.findLast((one) => one.outcome === 'correction' && isBetween(one))
  if (attempt.isCorrection && corrected)
    return `${said}: ${corrected.upstream}/${corrected.upstreamKey} was corrected, revision ${corrected.revision} arrived at ${corrected.at}`
  if (attempt.isCorrection) return `${said}: an input was corrected`
  if (asked) return `${said}: rerun by ${asked.actor}, "${asked.reason}"`
  if (!before?.end || before.end.state === 'SUCCEEDED') return said
  const how = before.failure
    ? `${before.end.state}, ${FAILURE_WORDS[before.failure] ?? before.failure}`
    : before.end.state
  return `${said}: a retry, attempt ${before.number} ended ${how}`
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()
