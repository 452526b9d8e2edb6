// How each activity is asked for: time-outs and retries in one place, each with its reason.
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { toGlueActivityId } from '../model/ids.ts'
import type { CycleActivities, GlueRun, GlueRunEnd, SchedulerActivities } from './contract.ts'

/**
 * Without heartbeats only start-to-close notices a dead worker, so it is short. Waits for a Glue slot are retries and
 * may last for days, so nothing bounds them; what no repeat mends is final by itself.
 * A cancelled cycle waits for the try under way: a run started and not known would go on unseen.
 */
export const { startGlueJob } = proxyActivities<CycleActivities>({
  startToCloseTimeout: '60 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

/** Bounded: a cancelled cycle must close, and says that its run could not be stopped. */
export const { stopGlueJob } = proxyActivities<CycleActivities>({
  startToCloseTimeout: '60 seconds',
  scheduleToCloseTimeout: '1 day',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

/** Transient trouble is retried for as long as it takes: a consumer waits for this event. */
export const { publishRefreshEvent, publishNotRefreshed, notifyFailure } = proxyActivities<CycleActivities>({
  startToCloseTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

/** It may ask Temporal for some hundred cycles. */
export const { recallArrivals } = proxyActivities<CycleActivities>({
  startToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

/**
 * Waits for the end of a Glue run. The activity is completed from outside by its id; each start-to-close that passes
 * asks Glue again, so a lost event costs one such time. Never WAIT_CANCELLATION_COMPLETED: nobody would answer.
 */
export const awaitGlueJobOf = (settings: CycleSettings, attempt: number, run: GlueRun): Promise<GlueRunEnd> =>
  proxyActivities<CycleActivities>({
    activityId: toGlueActivityId(attempt),
    startToCloseTimeout: settings.checkGlueMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1 second', backoffCoefficient: 1 },
    summary: `${run.job} ${run.runId}`.slice(0, 200),
  }).awaitGlueJob(run)

/** The next tick looks too, so few tries. */
export const { watchLateness } = proxyActivities<SchedulerActivities>({
  startToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 8 },
})

/** Short tries and long pauses: in an outage they must not fill the worker's slots, and each retry is an action. */
export const recordCycleWith = (settings: CycleSettings): CycleActivities['recordCycle'] =>
  proxyActivities<CycleActivities>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: settings.recordRetryMs },
  }).recordCycle
