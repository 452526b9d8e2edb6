// In: a cycle. Out: what it tells others: its publication, its not-refreshed notice, its Glue arguments.

import type { ProductDefinition } from '../definition.ts'
import type { CycleKey, ProductId } from '../ids.ts'
import { domainOf, nameOf, toNotRefreshedId } from '../ids.ts'
import type { Arrival, BuiltFrom, Publication, RevisionKind } from '../refresh-event.ts'
import type { Attempt } from './attempt.ts'
import type { Cycle, CycleInput, DependencyStatus } from './cycle.ts'
import { currentAttempt, isUnbegun } from './cycle.ts'
import { inputsOf, judgeInputs, missingOf, readInputs } from './inputs.ts'

export const builtFrom = (cycle: Cycle): BuiltFrom[] =>
  arrivedOf(cycle).map(({ product, key, arrival }) => ({ product, cycle: key, revision: arrival.revision }))

/** What it needed by its definition, and did without. */
export function builtWithout(cycle: Cycle): ProductId[] {
  // Most have them all.
  if (!cycle.input.condition && inputsOf(cycle).every(({ state }) => state === 'ARRIVED')) return []
  return [...new Set(judgeInputs(cycle, Infinity).without)]
}

/** One per cycle and mesh of causes: the smallest id of the inputs, or the cycle's own where it has none. */
export const correlationOf = (cycle: Cycle): string =>
  arrivedOf(cycle).reduce<string | undefined>(
    (least, { arrival: { correlationId } }) => (least === undefined || correlationId < least ? correlationId : least),
    undefined,
  ) ?? cycle.id

/** The `s3://…/` folder of this cycle's data: every revision overwrites the same folder. */
export const locationOf = ({ input }: Cycle): string | null => toLocation(input.definition, input.key)

export const toLocation = ({ publish }: Pick<ProductDefinition, 'publish'>, key: CycleKey): string | null =>
  publish?.location ? `${publish.location}${key}/` : null

export const nextRevision = ({ revision }: Cycle): number => revision + 1

export function toPublication(cycle: Cycle, attempt: Attempt): Publication {
  const { input } = cycle
  return {
    cycle: cycle.id,
    product: input.product,
    key: input.key,
    visibility: input.definition.visibility,
    calendar: input.definition.calendar,
    revision: nextRevision(cycle),
    kind: kindOf(cycle, attempt),
    definitionVersion: input.definitionVersion,
    attempt: attempt.number,
    runId: attempt.runId ?? '',
    location: locationOf(cycle) ?? '',
    occurredAt: toOccurredAt(attempt),
    correlationId: correlationOf(cycle),
    causationIds: arrivedOf(cycle).map(({ arrival }) => arrival.eventId),
    builtFrom: attempt.inputs ?? builtFrom(cycle),
    builtWithout: builtWithout(cycle),
    ...(attempt.cascade && { cascade: attempt.cascade }),
  }
}

/** A backfilled cycle says so once: what follows is a revision like any other. */
function kindOf({ revision, input }: Cycle, { isCorrection }: Attempt): RevisionKind {
  if (revision === 0) return input.openedBy === 'backfill' ? 'backfill' : 'initial'
  return isCorrection ? 'correction' : 'rerun'
}

/** Whether its owner is told of its failures. Whoever asked for a backfill follows it; its old cycles wake nobody up. */
export const mayPage = ({ openedBy }: Pick<CycleInput, 'openedBy'>): boolean => openedBy !== 'backfill'

/** What it tells its consumers when it comes to rest without data. */
export const toNotice = (cycle: Cycle) => ({
  id: toNotRefreshedId(cycle.id, cycle.runNumber, cycle.version),
  product: cycle.input.product,
  key: cycle.input.key,
  visibility: cycle.input.definition.visibility,
  state: cycle.state,
  step: cycle.step,
  reason: cycle.reason ?? '',
  occurredAt: new Date(cycle.stateSinceMs).toISOString(),
  correlationId: correlationOf(cycle),
  causationIds: cycle.dependencies.flatMap(({ arrival }) => (arrival ? [arrival.eventId] : [])),
})

/** The publication of the current attempt as its consumers take it. */
export function toOwnArrival(cycle: Cycle, eventId: string, revision: number): Arrival {
  const [from, without] = [currentAttempt(cycle)?.inputs ?? builtFrom(cycle), builtWithout(cycle)]
  const cascade = currentAttempt(cycle)?.cascade
  return {
    ...{ eventId, product: cycle.input.product, key: cycle.input.key, revision },
    location: locationOf(cycle),
    correlationId: correlationOf(cycle),
    occurredAt: toOccurredAt(currentAttempt(cycle)),
    ...(from.length > 0 && { builtFrom: from }),
    ...(without.length > 0 && { builtWithout: without }),
    ...(cascade && { cascade }),
  }
}

/** When the data was there: the end of the Glue run. */
const toOccurredAt = (attempt: Attempt | undefined): string =>
  new Date(attempt?.endedAtMs ?? attempt?.begunAtMs ?? 0).toISOString()

/** Arguments of the Glue run: the definition's own, then ours, which a definition cannot override. */
export function toGlueArguments(cycle: Cycle, attempt: Attempt): Record<string, string> {
  const { input } = cycle
  const location = locationOf(cycle)
  const inputs = arrivedOf(cycle).map(({ product, key, arrival }) => ({
    product,
    cycle: key,
    revision: arrival.revision,
    location: arrival.location,
  }))
  return {
    ...filledIn(input.definition.run.arguments, input),
    '--business_date': businessDateOf(input),
    '--sluice_cycle': input.key,
    '--sluice_workflow_id': cycle.id,
    '--sluice_attempt': String(attempt.number),
    '--sluice_product': `${domainOf(input.product)}/${nameOf(input.product)}`,
    '--sluice_inputs': JSON.stringify(inputs),
    ...(location ? { '--sluice_output': location } : {}),
  }
}

const businessDateOf = ({ businessDate, key }: CycleInput): string => businessDate ?? key

function filledIn(given: Record<string, string>, input: CycleInput): Record<string, string> {
  const fill = (value: string): string =>
    value.replaceAll('${business_date}', businessDateOf(input)).replaceAll('${cycle}', input.key)
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fill(value)]))
}

type Arrived = DependencyStatus & { arrival: NonNullable<DependencyStatus['arrival']> }

/** The inputs that the job reads: of alternatives that came beside them it is not told. */
const arrivedOf = (cycle: Cycle): Arrived[] =>
  readInputs(cycle).filter((dependency): dependency is Arrived => dependency.arrival !== null)

/** Sorted names of the upstreams still missing: what the Temporal UI lists under `SluiceWaitingFor`. */
export const waitingFor = (cycle: Cycle, nowMs: number): string[] =>
  isUnbegun(cycle)
    ? missingOf(cycle, nowMs)
        .map((product) => product as string)
        .sort()
    : []
