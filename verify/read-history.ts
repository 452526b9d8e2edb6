// In: a history as Temporal exports it (JSON). Out: its steps, payloads in clear. Pure.
// Never: a payload that is no JSON taken for one; a step out of the history's order.
import type { CycleInput, RerunCommand, UpgradeCommand } from '../model/cycle/cycle.ts'
import { compareExpected, toUpgraded } from '../model/cycle/upgrade.ts'
import { type CycleResult, RERUN, UPGRADE } from '../workflows/contract.ts'
import type { AddedInput, ChangedDefinition, FailingTask, HistoryStep, RunEvidence } from './evidence.ts'

interface Payloads {
  payloads?: { data?: string }[]
}

interface ExportedEvent {
  eventId: string
  eventTime: string
  workflowExecutionStartedEventAttributes?: { input?: Payloads }
  workflowExecutionSignaledEventAttributes?: { signalName: string; input?: Payloads }
  workflowExecutionUpdateAcceptedEventAttributes?: {
    acceptedRequest?: { input?: { name?: string; args?: Payloads } }
  }
  activityTaskScheduledEventAttributes?: { activityId: string; activityType: { name: string }; input?: Payloads }
  activityTaskCompletedEventAttributes?: { scheduledEventId: string; result?: Payloads }
  activityTaskFailedEventAttributes?: { scheduledEventId: string; failure?: ExportedFailure }
  workflowTaskCompletedEventAttributes?: object
  workflowTaskFailedEventAttributes?: { cause?: string; failure?: ExportedFailure }
  workflowExecutionCompletedEventAttributes?: { result?: Payloads }
  workflowExecutionFailedEventAttributes?: { failure?: ExportedFailure }
}

interface ExportedFailure {
  message?: string
  applicationFailureInfo?: { details?: Payloads }
}

export function readHistory(exported: {
  events: unknown[]
}): Pick<RunEvidence, 'input' | 'added' | 'changed' | 'failing' | 'steps' | 'result'> {
  const events = exported.events as ExportedEvent[]
  const asked = new Map<number, Extract<HistoryStep, { kind: 'asked' }>>()
  const steps: HistoryStep[] = []
  for (const event of events) {
    const step = toStep(event, asked)
    if (step?.kind === 'asked') asked.set(step.at, step)
    if (step) steps.push(step)
  }
  const input = first(events[0]?.workflowExecutionStartedEventAttributes?.input) as CycleInput
  const startedAtMs = Date.parse(events[0]?.eventTime ?? '')
  const changed = events.flatMap(toChange)
  const failing = toFailing(events)
  return {
    ...followUpgrades(input, events.flatMap(toUpgrade), startedAtMs),
    ...(changed.length > 0 && { changed }),
    ...(failing && { failing }),
    ...{ steps, result: toResult(events.at(-1)) },
  }
}

/** Of a task that fails again and again Temporal writes down the first time only. */
function toFailing(events: ExportedEvent[]): FailingTask | undefined {
  const last = events.findLast(
    (event) => event.workflowTaskFailedEventAttributes || event.workflowTaskCompletedEventAttributes,
  )
  const failed = last?.workflowTaskFailedEventAttributes
  if (!last || !failed) return undefined
  const cause = (failed.cause ?? '').replace(/^WORKFLOW_TASK_FAILED_CAUSE_/, '')
  const why = `${cause}: ${failed.failure?.message ?? 'no message'}`
  return { at: Number(last.eventId), atMs: Date.parse(last.eventTime), why }
}

export interface AcceptedUpgrade {
  to: CycleInput
  atMs: number
}

function toUpgrade(event: ExportedEvent): AcceptedUpgrade[] {
  const to = (argumentOf(event, UPGRADE) as UpgradeCommand | undefined)?.to
  return to ? [{ to, atMs: Date.parse(event.eventTime) }] : []
}

function toChange(event: ExportedEvent): ChangedDefinition[] {
  const to = (argumentOf(event, RERUN) as RerunCommand | undefined)?.to
  return to ? [{ definition: to.definition, at: Number(event.eventId) }] : []
}

/** What an accepted update of this name brought. */
function argumentOf(event: ExportedEvent, update: string): unknown {
  const { name, args } = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input ?? {}
  return name === update ? first(args) : undefined
}

/** What the run goes by at its end, and what it came to wait for on the way: only one that has not begun takes an upgrade. */
export function followUpgrades(
  given: CycleInput,
  upgrades: AcceptedUpgrade[],
  openedAtMs: number,
): Pick<RunEvidence, 'input' | 'added'> {
  const added: AddedInput[] = []
  let input = given
  for (const { to, atMs } of upgrades) {
    if (to.definitionVersion <= input.definitionVersion) continue
    added.push(...compareExpected(input.expected, to.expected).added.map((cycle) => ({ cycle, atMs })))
    input = toUpgraded({ input, state: 'WAITING', openedAtMs }, to, atMs)
  }
  return { input, added }
}

function toStep(event: ExportedEvent, asked: Map<number, Extract<HistoryStep, { kind: 'asked' }>>) {
  const when = { at: Number(event.eventId), atMs: Date.parse(event.eventTime) }
  const signal = event.workflowExecutionSignaledEventAttributes
  if (signal) return { ...when, kind: 'signal' as const, name: signal.signalName, payload: first(signal.input) }
  const scheduled = event.activityTaskScheduledEventAttributes
  if (scheduled) {
    const { activityId, activityType, input } = scheduled
    return { ...when, kind: 'asked' as const, activity: activityType.name, activityId, input: first(input) }
  }
  const ended = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes
  const question = ended && asked.get(Number(ended.scheduledEventId))
  if (!question) return undefined
  const { activity, activityId, at: askedAt } = question
  const about = { ...when, activity, activityId, askedAt }
  if ('result' in ended || event.activityTaskCompletedEventAttributes)
    return { ...about, kind: 'answered' as const, result: first(event.activityTaskCompletedEventAttributes?.result) }
  return {
    ...about,
    kind: 'refused' as const,
    why: event.activityTaskFailedEventAttributes?.failure?.message ?? 'no reason given',
  }
}

function toResult(last: ExportedEvent | undefined): CycleResult | null {
  const failure = last?.workflowExecutionFailedEventAttributes?.failure
  const told = last?.workflowExecutionCompletedEventAttributes?.result ?? failure?.applicationFailureInfo?.details
  return (first(told) as CycleResult | undefined) ?? null
}

/** Undefined where nothing was given, or bytes that are no JSON. */
function first(payloads: Payloads | undefined): unknown {
  const data = payloads?.payloads?.[0]?.data
  if (!data) return undefined
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8'))
  } catch {
    return undefined
  }
}
