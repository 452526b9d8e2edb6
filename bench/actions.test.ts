// What is billed and what is not, told from a history.
import { expect, test } from 'vitest'
import { countActions, type HistoryEvent } from './actions.ts'

const started: HistoryEvent = { workflowExecutionStartedEventAttributes: {} }
const signaled: HistoryEvent = { workflowExecutionSignaledEventAttributes: {} }
const task: HistoryEvent = { workflowTaskScheduledEventAttributes: {} }
const scheduled: HistoryEvent = { activityTaskScheduledEventAttributes: { activityType: { name: 'recordCycle' } } }

test('a signal that starts is one action with the start; later ones count', () => {
  expect([...countActions([started, signaled, task, signaled, signaled])]).toEqual([
    ['start', 1],
    ['signal', 2],
  ])
  expect([...countActions([started, task, signaled])]).toEqual([
    ['start', 1],
    ['signal', 1],
  ])
})

test('an activity counts once and once more for each retry; workflow tasks are free', () => {
  const third: HistoryEvent = { activityTaskStartedEventAttributes: { attempt: 3 } }
  expect([...countActions([task, scheduled, third])]).toEqual([
    ['activity recordCycle', 1],
    ['activity retry', 2],
  ])
})

test('timers, upserts and updates count', () => {
  const events: HistoryEvent[] = [
    { timerStartedEventAttributes: {} },
    { upsertWorkflowSearchAttributesEventAttributes: {} },
    { workflowExecutionUpdateAcceptedEventAttributes: {} },
  ]
  expect([...countActions(events).values()]).toEqual([1, 1, 1])
})
