// I3 and I4. In: evidence. Out: Glue runs begun twice, without a reason, or before their inputs. Pure.
import type { CycleId } from '../model/ids.ts'
import type { CycleEvidence, Evidence, RunEvidence, SandboxRow } from './evidence.ts'
import { broughtTo, type Folded, fold, ordersOf } from './fold.ts'
import { type GlueRunRows, glueRuns, refreshesPut } from './sandbox-rows.ts'
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
  return toChecked([...doubles, ...cycles.map((one) => checkAttempts(one, runs, sandbox !== undefined))])
}

const toLine = ({ seq, cycle, attempt, runId }: GlueRunRows): string =>
  `sandbox row ${seq}: Glue run ${runId} of ${cycle}, attempt ${attempt}`

function checkAttempts(one: CycleEvidence, runs: GlueRunRows[], hasSandbox: boolean): Look {
  const { cycle } = one
  const folded = fold(one)
  const asked = new Map(one.runs.flatMap(ordersOf).map((order) => [order.attempt, order]))
  const own = runs.filter((run) => run.cycle === cycle)
  const unasked = own.filter(({ attempt }) => !asked.has(attempt))
  const unexplained = [...asked.values()].filter(({ attempt }) => !isExplained(one, folded, attempt))
  const unseen = folded.attempts.filter(
    ({ runId, number }) =>
      hasSandbox && runId !== null && !own.some((run) => run.runId === runId && run.attempt === number),
  )
  return [
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

function isExplained({ runs }: CycleEvidence, { attempts, actions }: Folded, attempt: number): boolean {
  const begun = [1, ...actions.flatMap((action) => (action.refused === null ? (action.attempt ?? []) : []))]
  if (begun.includes(attempt)) return true
  const before = attempts.find(({ number }) => number === attempt - 1)
  const start = Math.max(...begun.filter((number) => number < attempt))
  const allowed = runs.at(-1)?.input.definition.run.attempts ?? 1
  const hasFailed = before?.end !== undefined && before.end !== null && before.end.state !== 'SUCCEEDED'
  return hasFailed && before.end?.state !== 'STOPPED' && attempt - start < allowed
}

/** The order to Glue comes after the arrival of each input that the run waits for, or after a cutoff that goes without. */
export function checkNotEarly({ sandbox, cycles }: Evidence): Checked {
  return toChecked(
    cycles.flatMap((one) =>
      one.runs.filter((run) => ordersOf(run).length > 0).map((run) => checkRun(one.cycle, run, sandbox)),
    ),
  )
}

function checkRun(cycle: CycleId, run: RunEvidence, sandbox: SandboxRow[] | undefined): Look {
  const [order] = ordersOf(run)
  if (!order || mayGoWithout(run, order.atMs)) return []
  const started = sandbox && glueRuns(sandbox).find((one) => one.cycle === cycle && one.attempt === order.attempt)
  const brought = broughtTo(run)
  return expectedOf(run).flatMap(({ product, key }) => {
    const arrivals = brought.filter(({ arrival }) => arrival.product === product && arrival.key === key)
    const inTime = arrivals.filter(({ at }) => at < order.at)
    const ordered = `history of ${cycle}, event ${order.at}: startGlueJob, attempt ${order.attempt}`
    if (inTime.length === 0) {
      const says = `${cycle} asked Glue to start before ${product}/${key} had arrived`
      const later = arrivals.map(({ at, arrival }) => `history of ${cycle}, event ${at}: brought ${arrival.eventId}`)
      return [{ invariant: 'I4' as const, cycle, says, evidence: [ordered, ...later] }]
    }
    const ids = new Set(inTime.map(({ arrival }) => arrival.eventId))
    const puts = sandbox ? refreshesPut(sandbox).filter(({ eventId }) => ids.has(eventId)) : []
    if (!started || puts.length === 0 || puts.some(({ seq }) => seq < started.seq)) return []
    const says = `${cycle} was started in Glue before an event of ${product}/${key} was accepted by a bus`
    const rows = puts.map(({ seq, eventId }) => `sandbox row ${seq}: PutEvents accepted ${eventId}`)
    return [{ invariant: 'I4' as const, cycle, says, evidence: [toLine(started), ...rows] }]
  })
}

/** What the run itself has to wait for: an earlier run may have had it already. */
const expectedOf = ({ input }: RunEvidence) =>
  input.past && input.past.state !== 'WAITING' && !(input.past.state === 'ERROR' && input.past.step === 'wait')
    ? []
    : input.expected.filter(
        ({ product, key }) =>
          !input.past?.dependencies.some(
            (known) => known.product === product && known.key === key && known.state !== 'WAITING',
          ),
      )

const mayGoWithout = ({ input }: RunEvidence, atMs: number): boolean =>
  input.definition.cutoff?.then === 'run-without' && input.cutoffMs !== null && atMs >= input.cutoffMs
