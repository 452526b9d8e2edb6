// How a run lives: STARTING to its end, by a child process or by the timeline of a fault switch. In: runs to start
// and to stop. Out: states, ledger rows, Glue's event at each end that has one. Never: leaves an end again; lets a
// child live on after its run, or after close().

import type { Clock, FaultAction, Surroundings } from '../service.ts'
import type { ChildRun, ChildRuns } from './child-run.ts'
import type { Run } from './run.ts'
import { isEnd, isJobRunState, type JobRunState, tokenFacts } from './states.ts'
import { createTelling } from './telling.ts'

export interface Lifecycle {
  /** With a timeline the run executes nothing: each state comes `afterMs` after the start, 0 before StartJobRun answers. */
  start(run: Run, how: Start): void
  /** WAITING: tries again every 90 s whether there is room, and gives up after ten times. */
  enqueue(run: Run, how: Queued): void
  /** Asks for the end; STOPPED comes when the child is dead. */
  stop(run: Run): void
  close(): void
}

export interface Start {
  timeline: Timeline | undefined
  /** Told when the run has FAILED: by then Glue itself may start the next. */
  failed(): void
}

export interface Queued extends Start {
  /** Why it cannot start yet. */
  problem(): Error | undefined
}

export type Timeline = Extract<FaultAction, { kind: 'run-timeline' }>['states']

/** At most 15 minutes or ten tries. */
const triesOfWaiting = 10
const waitBetweenTriesMs = 90_000

interface Live {
  failed(): void
  child?: ChildRun
  timers: (() => void)[]
}

export function createLifecycle(surroundings: Surroundings, childRuns: ChildRuns): Lifecycle {
  const { clock, ledger } = surroundings
  const live = new Map<Run, Live>()
  const telling = createTelling(surroundings)

  /** Every change of state passes here, so that an end stays an end. */
  function enter(run: Run, state: JobRunState, message?: string): void {
    if (isEnd(run.state)) return
    const wasWaiting = run.state === 'WAITING'
    const failed = live.get(run)?.failed
    run.state = state
    run.modifiedMs = clock.nowMs()
    run.stateDetail = state === 'WAITING' ? message : undefined
    if (isEnd(state)) finish(run, message, wasWaiting)
    record(run, message)
    if (isEnd(state)) telling.end(run)
    if (state === 'FAILED') failed?.()
  }

  function finish(run: Run, message: string | undefined, wasWaiting: boolean): void {
    run.completedMs = run.modifiedMs
    if (run.state !== 'SUCCEEDED' && run.state !== 'STOPPED') run.errorMessage = message
    const { timers = [], child } = live.get(run) ?? {}
    live.delete(run)
    // One that never left the queue consumed nothing.
    if (wasWaiting) run.consumesSinceMs = run.completedMs
    for (const cancel of timers) cancel()
    child?.kill()
  }

  function begin(run: Run, parts: Live, timeline: Timeline | undefined): void {
    const minutes = run.timeoutMinutes
    const timeOut = () => enter(run, 'TIMEOUT', `Job run exceeded its timeout of ${minutes} minutes`)
    parts.timers.push(clock.after(minutes * 60_000, timeOut))
    if (run.notifyAfterMinutes !== undefined) {
      parts.timers.push(clock.after(run.notifyAfterMinutes * 60_000, () => telling.late(run)))
    }
    if (timeline) schedule(run, parts, { timeline, clock, enter })
    else spawn(run, parts)
  }

  function tryToLeaveTheQueue(run: Run, parts: Live, { timeline, problem }: Queued, isLast: boolean): void {
    if (run.state !== 'WAITING') return
    const found = problem()
    if (found === undefined) {
      enter(run, 'STARTING')
      run.consumesSinceMs = run.modifiedMs
      begin(run, parts, timeline)
    } else if (isLast) enter(run, 'FAILED', found.message)
  }

  function record(run: Run, message: string | undefined): void {
    const facts = {
      JobName: run.jobName,
      JobRunId: run.id,
      ...tokenFacts(run),
      ...(message !== undefined && { message }),
    }
    ledger.add({ kind: 'run-state', service: 'glue', ...run.caller, outcome: run.state, facts })
  }

  function spawn(run: Run, parts: Live): void {
    parts.child = childRuns.spawn(run, {
      running: () => {
        if (run.state === 'STARTING') enter(run, 'RUNNING')
      },
      ended: (failure) => {
        if (run.state === 'STOPPING') enter(run, 'STOPPED')
        else if (failure === undefined) enter(run, 'SUCCEEDED')
        else enter(run, 'FAILED', failure)
      },
    })
  }

  return {
    start(run, { timeline, failed }) {
      const parts: Live = { timers: [], failed }
      live.set(run, parts)
      record(run, undefined)
      begin(run, parts, timeline)
    },
    enqueue(run, how) {
      const parts: Live = { timers: [], failed: how.failed }
      live.set(run, parts)
      enter(run, 'WAITING', how.problem()?.message)
      for (let tries = 1; tries <= triesOfWaiting; tries += 1) {
        const again = () => tryToLeaveTheQueue(run, parts, how, tries === triesOfWaiting)
        parts.timers.push(clock.after(tries * waitBetweenTriesMs, again))
      }
    },
    stop(run) {
      enter(run, 'STOPPING')
      const parts = live.get(run)
      if (parts?.child) parts.child.kill()
      else parts?.timers.push(clock.after(0, () => enter(run, 'STOPPED')))
    },
    close() {
      for (const { timers } of live.values()) for (const cancel of timers) cancel()
      telling.close()
      live.clear()
    },
  }
}

interface Played {
  timeline: Timeline
  clock: Clock
  enter(run: Run, state: JobRunState, message?: string): void
}

function schedule(run: Run, parts: Live, { timeline, clock, enter }: Played): void {
  for (const { state, afterMs, message } of timeline) {
    const step = () => {
      if (isEnd(run.state) || run.state === 'STOPPING') return
      if (isJobRunState(state)) enter(run, state, message)
      else enter(run, 'FAILED', `The fault switch named "${state}", which is no state of a job run.`)
    }
    if (afterMs <= 0) step()
    else if (!isEnd(run.state)) parts.timers.push(clock.after(afterMs, step))
  }
}
