// The outside of the workflows, as activities that remember what they were asked and answer as the test says.
// In: a script per workflow. Out: what each workflow asked for, in order. Never: an effect.
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ApplicationFailure, CompleteAsyncError, Context } from '@temporalio/activity'
import { toEventId } from '../../model/ids.ts'
import type { BackfillActivities } from '../../workflows/backfill-contract.ts'
import type { CycleActivities, SchedulerActivities } from '../../workflows/contract.ts'

export type Activities = CycleActivities & SchedulerActivities & BackfillActivities
export type Asked<Name extends keyof Activities> = Parameters<Activities[Name]>[0]

export interface Outside {
  /** For the worker. */
  activities: Activities
  /** How one workflow's activities answer from now on; the rest answer as when all goes well. */
  script(workflowId: string, script: Partial<Activities>): void
  /** What it was asked by one workflow, retries included. */
  asked<Name extends keyof Activities>(workflowId: string, name: Name): Asked<Name>[]
  /** The names of all that one workflow asked, in order. */
  order(workflowId: string): (keyof Activities)[]
}

/** Glue runs are called after their attempt, and end when the test says so. */
const allGoesWell: Activities = {
  startGlueJob: async ({ attempt }) => ({ runId: `jr_${attempt}`, adopted: false }),
  awaitGlueJob: async () => {
    throw new CompleteAsyncError()
  },
  stopGlueJob: async () => undefined,
  publishRefreshEvent: async ({ cycle, revision }) => ({ eventId: toEventId(cycle, revision) }),
  publishNotRefreshed: async () => undefined,
  notifyFailure: async () => undefined,
  recordCycle: async () => undefined,
  recallArrivals: async () => ({ arrivals: [] }),
  openDueCycles: async () => ({ opened: [], existing: 0, skipped: [] }),
  repairArrivals: async () => ({ repaired: 0 }),
  repairHolds: async () => ({ repaired: 0 }),
  watchLateness: async () => ({ told: 0 }),
  reconcileRows: async ({ domain }) => ({
    ...{ compared: 0, unanswered: 0, left: 0, after: `${domain}/after` },
    ...{ rewritten: { count: 0, names: [] }, withoutRun: { count: 0, names: [] } },
  }),
  findStuck: async () => ({ unstarted: null, withoutWorker: null, glueEnds: null }),
  readBackfilled: async () => [],
  openBackfilled: async ({ keys }) => keys.map((key) => ({ key, answer: 'opened', isReady: true })),
  rerunBackfilled: async ({ keys }) => keys.map((key) => ({ key, answer: 'rerun', isReady: true })),
  auditBackfill: async () => undefined,
}

export function createOutside(): Outside {
  const scripts = new Map<string, Partial<Activities>>()
  const calls: { workflowId: string; name: keyof Activities; given: unknown }[] = []
  const hear = (name: keyof Activities, given: unknown): Activities => {
    const workflowId = Context.current().info.workflowExecution?.workflowId ?? ''
    calls.push({ workflowId, name, given })
    return { ...allGoesWell, ...scripts.get(workflowId) }
  }
  return {
    activities: {
      startGlueJob: async (order) => answer(() => hear('startGlueJob', order).startGlueJob(order)),
      awaitGlueJob: async (run) => answer(() => hear('awaitGlueJob', run).awaitGlueJob(run)),
      stopGlueJob: async (run) => answer(() => hear('stopGlueJob', run).stopGlueJob(run)),
      publishRefreshEvent: async (given) => answer(() => hear('publishRefreshEvent', given).publishRefreshEvent(given)),
      publishNotRefreshed: async (notice) =>
        answer(() => hear('publishNotRefreshed', notice).publishNotRefreshed(notice)),
      notifyFailure: async (notice) => answer(() => hear('notifyFailure', notice).notifyFailure(notice)),
      recordCycle: async (record) => answer(() => hear('recordCycle', record).recordCycle(record)),
      recallArrivals: async (question) => answer(() => hear('recallArrivals', question).recallArrivals(question)),
      openDueCycles: async (tick) => answer(() => hear('openDueCycles', tick).openDueCycles(tick)),
      repairArrivals: async (tick) => answer(() => hear('repairArrivals', tick).repairArrivals(tick)),
      repairHolds: async (tick) => answer(() => hear('repairHolds', tick).repairHolds(tick)),
      watchLateness: async (look) => answer(() => hear('watchLateness', look).watchLateness(look)),
      reconcileRows: async (tick) => answer(() => hear('reconcileRows', tick).reconcileRows(tick)),
      findStuck: async (tick) => answer(() => hear('findStuck', tick).findStuck(tick)),
      readBackfilled: async (question) => answer(() => hear('readBackfilled', question).readBackfilled(question)),
      openBackfilled: async (order) => answer(() => hear('openBackfilled', order).openBackfilled(order)),
      rerunBackfilled: async (order) => answer(() => hear('rerunBackfilled', order).rerunBackfilled(order)),
      auditBackfill: async (action) => answer(() => hear('auditBackfill', action).auditBackfill(action)),
    },
    script: (workflowId, script) => void scripts.set(workflowId, { ...scripts.get(workflowId), ...script }),
    asked: <Name extends keyof Activities>(workflowId: string, name: Name) =>
      calls
        .filter((call) => call.workflowId === workflowId && call.name === name)
        .map(({ given }) => given as Asked<Name>),
    order: (workflowId) => calls.filter((call) => call.workflowId === workflowId).map(({ name }) => name),
  }
}

async function answer<Value>(act: () => Promise<Value>): Promise<Value> {
  await beLate()
  // A worker that shuts down waits for none: after a failed test, gates stay shut.
  const given = await Promise.race([act(), Context.current().cancelled])
  await beLate()
  return given
}

/** To hunt for races: each activity begins and answers up to so many milliseconds late, by chance. */
const MOST_LATE_MS = Number(process.env.SLUICE_LATE_MS ?? 0)

const beLate = async (): Promise<void> => {
  if (MOST_LATE_MS > 0) await pause(randomInt(2) * randomInt(MOST_LATE_MS))
}

/** An answer that no repeat mends. */
export const refused = (message = 'the bus policy does not allow it'): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, 'Refused')
