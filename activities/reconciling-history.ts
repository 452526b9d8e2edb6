// What a run that can be asked no more has left. In: its history. Out: every flush it asked for, whole, oldest first.
// Pure but for the form of the payloads.
import { defaultPayloadConverter } from '@temporalio/common'
import type { temporal } from '@temporalio/proto'
import type { CycleRecord } from '../model/cycle/record.ts'

type History = temporal.api.history.v1.IHistory

export interface Left {
  flushes: CycleRecord[]
  /** It began in the middle of another run, whose later moves were undone. */
  isReset: boolean
}

export function readLeft({ events }: History, runId: string): Left {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes
  const flushes = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: asked }) => {
    const payload = asked?.activityType?.name === 'recordCycle' ? asked.input?.payloads?.[0] : undefined
    return payload ? [defaultPayloadConverter.fromPayload<CycleRecord>(payload)] : []
  })
  return { flushes, isReset: started !== undefined && started?.originalExecutionRunId !== runId }
}
