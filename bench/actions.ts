// In: the history of a run. Out: its billable actions, by where they go. Pure.
import type { temporal } from '@temporalio/proto'

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent

/** A signal that started the run is one action with the start, so the first signal beside it is not counted again. */
export function countActions(events: readonly HistoryEvent[]): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (where: string, count = 1): void => void counts.set(where, (counts.get(where) ?? 0) + count)
  const isStartedBySignal = events[1]?.workflowExecutionSignaledEventAttributes != null
  for (const [at, event] of events.entries()) {
    if (event.workflowExecutionStartedEventAttributes) add('start')
    if (event.workflowExecutionSignaledEventAttributes && !(isStartedBySignal && at === 1)) add('signal')
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name
    if (activity) add(`activity ${activity}`)
    const attempt = event.activityTaskStartedEventAttributes?.attempt ?? 1
    if (attempt > 1) add('activity retry', attempt - 1)
    if (event.timerStartedEventAttributes) add('timer')
    if (event.upsertWorkflowSearchAttributesEventAttributes) add('upsert of search attributes')
    if (event.workflowExecutionUpdateAcceptedEventAttributes) add('update')
  }
  return counts
}
