// How a run lives: STARTING to its end, by a child process or by the timeline of a fault switch. In: runs to start
// and to stop. Out: states, ledger rows, Glue's event at each end that has one. Never: leaves an end again; lets a
// child live on after its run, or after close().

import type { FaultAction, Surroundings } from '../service.ts'
import type { ChildRun, ChildRuns } from './child-run.ts'
import { type Run, tokenFacts } from './runs.ts'
import { isEnd, isJobRunState, type JobRunState, toStateChange } from './states.ts'

export interface Lifecycle {
  /** With a timeline the run executes nothing: each state comes `afterMs` after the start, 0 before StartJobRun answers. */
  start(run: Run, timeline: Timeline | undefined): void
  /** Asks for the end; STOPPED comes when the child is dead. */
  stop(run: Run): void
  close(): void
}

type Timeline = Extract<FaultAction, { kind: 'run-timeline' }>['states']

interface Live {
  child?: ChildRun
  timers: (() => void)[]
}

export function createLifecycle({ clock, faults, ledger, roads }: Surroundings, childRuns: ChildRuns): Lifecycle {
  const live = new Map<Run, Live>()
  const eventTimers = new Set<() => void>()

  /** Every change of state passes here, so that an end stays an end. */
  function enter(run: Run, state: JobRunState, message?: string): void {
    if (isEnd(run.state)) return
    run.state = state
    run.modifiedMs = clock.nowMs()
    run.stateDetail = state === 'WAITING' ? message : undefined
    if (isEnd(state)) finish(run, message)
    record(run, message)
    if (isEnd(state)) tell(run)
  }

  function finish(run: Run, message: string | undefined): void {
    run.completedMs = clock.nowMs()
    if (run.state !== 'SUCCEEDED' && run.state !== 'STOPPED') run.errorMessage = message
    const { timers = [], child } = live.get(run) ?? {}
    live.delete(run)
    for (const cancel of timers) cancel()
    child?.kill()
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

  function tell(run: Run): void {
    const detail = toStateChange(run)
    if (detail === undefined) return
    const input = { ...detail, JobName: run.jobName, JobRunId: run.id, ...tokenFacts(run) }
    const fault = faults.take({ service: 'glue', operation: 'StateChangeEvent', caller: run.caller, input })
    const put = () =>
      roads.putAwsEvent(run.caller, { source: 'aws.glue', detailType: 'Glue Job State Change', detail: { ...detail } })
    if (fault?.kind === 'drop-event') {
      ledger.add({ kind: 'event-dropped', service: 'glue', ...run.caller, outcome: 'fault', facts: input })
    } else if (fault?.kind === 'delay') {
      const cancel = clock.after(fault.ms, () => {
        eventTimers.delete(cancel)
        put()
      })
      eventTimers.add(cancel)
    } else for (let time = 0; time < (fault?.kind === 'duplicate' ? fault.times : 1); time += 1) put()
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

  function schedule(run: Run, parts: Live, timeline: Timeline): void {
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

  return {
    start(run, timeline) {
      const parts: Live = { timers: [] }
      live.set(run, parts)
      record(run, undefined)
      const minutes = run.timeoutMinutes
      const timeOut = () => enter(run, 'TIMEOUT', `Job run exceeded its timeout of ${minutes} minutes`)
      parts.timers.push(clock.after(minutes * 60_000, timeOut))
      if (timeline) schedule(run, parts, timeline)
      else spawn(run, parts)
    },
    stop(run) {
      enter(run, 'STOPPING')
      const parts = live.get(run)
      if (parts?.child) parts.child.kill()
      else parts?.timers.push(clock.after(0, () => enter(run, 'STOPPED')))
    },
    close() {
      for (const { timers } of live.values()) for (const cancel of timers) cancel()
      for (const cancel of eventTimers) cancel()
      live.clear()
    },
  }
}
