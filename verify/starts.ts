// I3 and I4. In: evidence. Out: Glue runs begun twice, without a reason, or before their inputs. Pure.
import { conditionOf, judgeCondition } from '../model/cycle/condition.ts'
import {
  type Blocker,
  type DependencyStatus,
  type ExpectedCycle,
  isUnbegun,
  type OperatorAction,
  openRun,
} from '../model/cycle/cycle.ts'
import type { FailureClass } from '../model/cycle/failure-class.ts'
import { failuresOf, MOST_ATTEMPTS, policyOf, RETRY_KEY } from '../model/cycle/retry.ts'
import type { RunDefinition } from '../model/definition.ts'
import type { CycleId } from '../model/ids.ts'
import { checkCorrections } from './corrections.ts'
import type { CycleEvidence, Evidence, RunEvidence } from './evidence.ts'
import { blockersTo, type Brought, broughtTo, type Folded, fold, type Order, ordersOf, recordsOf } from './fold.ts'
import { checkHeld } from './held.ts'
import { type GlueRunRows, glueRuns, type PutEvent, refreshesPut } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

/** One Glue run per (cycle, attempt), each asked for by the history, each further attempt with its reason. */
export function checkStarts({ sandbox, cycles }: Evidence): Checked {
  const runs = glueRuns(sandbox ?? [])
  const byAttempt = Map.groupBy(runs, ({ cycle, attempt }) => `${cycle} ${attempt}`)
  const doubles = [...byAttempt.values()].map((same): Look => {
    const [first] = same
    if (!first || same.length === 1) return []
    const says = `attempt ${first.attempt} of ${first.cycle} was started ${same.length} times in Glue`
    return [{ invariant: 'I3', cycle: first.cycle, says, evidence: same.map(toLine) }]
  })
  const byCycle = Map.groupBy(runs, ({ cycle }) => cycle)
  return toChecked([
    ...doubles,
    ...cycles.map((one) => checkAttempts(one, byCycle.get(one.cycle) ?? [], sandbox !== undefined)),
  ])
}

const toLine = ({ seq, cycle, attempt, runId }: GlueRunRows): string =>
  `sandbox row ${seq}: Glue run ${runId} of ${cycle}, attempt ${attempt}`

function checkAttempts(one: CycleEvidence, own: GlueRunRows[], hasSandbox: boolean): Look {
  const { cycle } = one
  const folded = fold(one)
  const asked = new Map(one.runs.flatMap(ordersOf).map((order) => [order.attempt, order]))
  const unasked = own.filter(({ attempt }) => !asked.has(attempt))
  const unexplained = [...asked.values()].filter((order) => !isExplained(order, folded))
  const unseen = folded.attempts.filter(
    ({ runId, number }) =>
      hasSandbox && runId !== null && !own.some((run) => run.runId === runId && run.attempt === number),
  )
  return [
    ...one.runs.flatMap((run) => checkRequests(cycle, run)),
    ...checkCorrections(cycle, folded),
    ...unasked.map((run) => ({
      ...{ invariant: 'I3' as const, cycle, evidence: [toLine(run)] },
      says: `Glue ran attempt ${run.attempt} of ${cycle}, which its history never asked for`,
    })),
    ...unexplained.map(({ attempt, at }) => ({
      ...{
        invariant: 'I3' as const,
        cycle,
        evidence: [`history of ${cycle}, event ${at}: startGlueJob, attempt ${attempt}`],
      },
      says: `attempt ${attempt} of ${cycle} follows neither a rerun nor a failure that its definition retries`,
    })),
    ...unseen.map(({ number, runId }) => ({
      ...{ invariant: 'I3' as const, cycle, evidence: [`history of ${cycle}: attempt ${number} is run ${runId}`] },
      says: `${cycle} counts run ${runId} for attempt ${number}, which Glue never ran for it`,
    })),
  ]
}

/** A request that comes again to the same run is the same action, whatever it came by. */
function checkRequests(cycle: CycleId, run: RunEvidence): Look {
  const actions = recordsOf(run).flatMap((record) => record.actions)
  const isAgain = ({ requestId, version }: OperatorAction, at: number): boolean =>
    actions.slice(0, at).some((one) => one.requestId === requestId && one.version !== version)
  return actions.filter(isAgain).map(({ requestId, version, actor }) => ({
    ...{ invariant: 'I3' as const, cycle, says: `${cycle} took the request ${requestId} of ${actor} twice` },
    evidence: [`history of ${cycle}: action ${requestId}, version ${version}`],
  }))
}

function isExplained({ attempt, definition }: Order, { attempts, actions }: Folded): boolean {
  const begun = [1, ...actions.flatMap((action) => (action.refused === null ? (action.attempt ?? []) : []))]
  if (begun.includes(attempt)) return true
  const start = Math.max(...begun.filter((number) => number < attempt))
  const before = attempts.find(({ number }) => number === attempt - 1)
  const hasFailed = before?.end !== undefined && before.end !== null && before.end.state !== 'SUCCEEDED'
  if (!hasFailed || before.end?.state === 'STOPPED' || before.end?.noticedBy === 'nobody') return false
  const earlier = attempts.filter(({ number }) => number < attempt)
  return isWithin(definition.run, failuresOf({ attempts: earlier, attemptsBefore: start - 1 }))
}

/** Whether its class had another attempt left after the last failure, without asking who decides that. */
function isWithin(run: RunDefinition, failures: FailureClass[]): boolean {
  const last = failures.at(-1)
  const key = last && RETRY_KEY[last]
  if (!key || failures.length >= MOST_ATTEMPTS) return false
  return failures.filter((failure) => failure === last).length < policyOf(run, key).attempts
}

/** The order to Glue comes after the arrival of each input that the run waits for, or after a cutoff that goes without. */
export function checkNotEarly({ sandbox, cycles }: Evidence): Checked {
  const started = new Map(glueRuns(sandbox ?? []).map((run) => [`${run.cycle} ${run.attempt}`, run]))
  const puts = Map.groupBy(refreshesPut(sandbox ?? []), ({ eventId }) => eventId)
  return toChecked(
    cycles.flatMap(({ cycle, runs }) =>
      runs.flatMap((run): Look[] => {
        const [order] = ordersOf(run)
        if (!order) return []
        const glueRun = started.get(`${cycle} ${order.attempt}`)
        return [
          [
            ...checkSnapshot(cycle, run),
            ...checkHeld(cycle, run),
            ...checkInputs({ cycle, run, order, glueRun, puts }),
          ],
        ]
      }),
    ),
  )
}

/** An edit of the definition changes nothing of a cycle in flight that nobody asked for: neither its job nor its earliest start. */
const checkSnapshot = (cycle: CycleId, run: RunEvidence): Look =>
  ordersOf(run).flatMap(({ job, at, atMs, attempt, definition }) => {
    const { notBeforeMs: earliestMs, past } = run.input
    // A person who brings back a cycle that had its inputs means now.
    const notBeforeMs = past && !isUnbegun(past) ? null : earliestMs
    const ordered = `history of ${cycle}, event ${at}: startGlueJob "${job}", attempt ${attempt}`
    const problems = [
      ...(job === definition.run.glue ? [] : [`of job "${job}", though it goes by "${definition.run.glue}"`]),
      ...(notBeforeMs === null || atMs >= notBeforeMs ? [] : [`before ${new Date(notBeforeMs).toISOString()}`]),
    ]
    const toLook = (what: string) => ({ says: `${cycle} asked Glue for a start ${what}`, evidence: [ordered] })
    return problems.map((what) => ({ invariant: 'I4' as const, cycle, ...toLook(what) }))
  })

interface FirstStart {
  cycle: CycleId
  run: RunEvidence
  order: Order
  glueRun: GlueRunRows | undefined
  puts: Map<string, PutEvent[]>
}

function checkInputs({ cycle, run, order, glueRun, puts }: FirstStart): Look {
  if (mayGoWithout(run, order.atMs)) return []
  const brought = broughtTo(run)
  const isWaived = waivedIn(run, order.atMs)
  // Without a condition of its own a cycle needs them all, each; with one the missing are told together.
  // One that was brought back after its attempt began keeps the inputs that it had.
  const isBroughtBack = run.input.past !== null && !isUnbegun(run.input.past)
  if (run.input.condition && !isBroughtBack)
    return checkCondition({ cycle, run, order, brought: brought.filter(({ at }) => at < order.at) })
  return expectedOf(run).flatMap(({ product, key }) => {
    if (isWaived(product)) return []
    const arrivals = brought.filter(({ arrival }) => arrival.product === product && arrival.key === key)
    const inTime = arrivals.filter(({ at }) => at < order.at)
    const ordered = `history of ${cycle}, event ${order.at}: startGlueJob, attempt ${order.attempt}`
    if (inTime.length === 0) {
      const says = `${cycle} asked Glue to start before ${product}/${key} had arrived`
      const later = arrivals.map(({ at, arrival }) => `history of ${cycle}, event ${at}: brought ${arrival.eventId}`)
      return [{ invariant: 'I4' as const, cycle, says, evidence: [ordered, ...later] }]
    }
    const accepted = inTime.flatMap(({ arrival }) => puts.get(arrival.eventId) ?? [])
    if (!glueRun || accepted.length === 0 || accepted.some(({ seq }) => seq < glueRun.seq)) return []
    const says = `${cycle} was started in Glue before an event of ${product}/${key} was accepted by a bus`
    const rows = accepted.map(({ seq, eventId }) => `sandbox row ${seq}: PutEvents accepted ${eventId}`)
    return [{ invariant: 'I4' as const, cycle, says, evidence: [toLine(glueRun), ...rows] }]
  })
}

/** By what the run had been told until then: what arrived, and what an upstream said it skipped. */
function checkCondition({
  cycle,
  run,
  order,
  brought,
}: Pick<FirstStart, 'cycle' | 'run' | 'order'> & { brought: Brought[] }): Look {
  const skips = blockersTo(run).filter(({ at }) => at < order.at)
  const isWaived = waivedIn(run, order.atMs)
  const dependencies = openRun(run.input, 0).dependencies.map((dependency): DependencyStatus => {
    const arrival = brought.find((one) => isSame(one.arrival, dependency))?.arrival
    if (arrival) return { ...dependency, state: 'ARRIVED', arrival }
    if (isWaived(dependency.product)) return { ...dependency, state: 'WAIVED' }
    const told = skips.filter((one) => isSame(one.blocker, dependency)).map(({ blocker }) => blocker)
    return { ...dependency, blocker: [dependency.blocker ?? [], told].flat().reduce(newerOf, null) }
  })
  const judged = judgeCondition(conditionOf(run.input), dependencies, order.atMs)
  if (judged.holds) return []
  const missing = judged.missing.map((at) => `${dependencies[at]?.product}/${dependencies[at]?.key}`)
  const says = `${cycle} asked Glue to start though its condition did not hold: it missed ${missing.join(', ') || 'what never comes'}`
  const told = skips.map(({ at, blocker }) => `history of ${cycle}, event ${at}: brought ${blocker.eventId}`)
  return [{ invariant: 'I4', cycle, says, evidence: [`history of ${cycle}, event ${order.at}: startGlueJob`, ...told] }]
}

/** A later word of the upstream takes an earlier one back. */
const newerOf = (one: Blocker | null, other: Blocker): Blocker =>
  one && Date.parse(one.occurredAt) >= Date.parse(other.occurredAt) ? one : other

/** What an operator let the run go without until then. */
function waivedIn(run: RunEvidence, beforeMs: number): (product: string) => boolean {
  const actions = recordsOf(run).flatMap((record) => record.actions)
  const taken = actions.filter(
    ({ action, refused, atMs }) => action === 'waive' && refused === null && atMs <= beforeMs,
  )
  const products = new Set<string>(taken.flatMap(({ asked }) => asked?.products ?? []))
  return (product) => products.has(product)
}

const isSame = (one: ExpectedCycle, other: ExpectedCycle): boolean =>
  one.product === other.product && one.key === other.key

/** What the run itself has to wait for: an earlier run may have had it already. */
const expectedOf = ({ input: { past, expected } }: RunEvidence) => {
  if (past && !isUnbegun(past)) return []
  const isThere = ({ product, key }: ExpectedCycle): boolean =>
    past?.dependencies.some((known) => known.product === product && known.key === key && known.state !== 'WAITING') ??
    false
  return expected.filter((one) => !isThere(one))
}

const mayGoWithout = ({ input }: RunEvidence, atMs: number): boolean =>
  input.definition.cutoff?.then === 'run-without' && input.cutoffMs !== null && atMs >= input.cutoffMs
