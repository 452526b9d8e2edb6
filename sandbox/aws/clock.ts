// The sandbox's clocks. In: nothing, or a test that says how far time goes. Out: a Clock.
// Never: keeps the process alive by a timer alone.

import type { Clock } from './service.ts'

/** Real time; its timers do not hold the process open. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    after(ms, action) {
      const timer = setTimeout(action, ms)
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}

export interface DrivenClock extends Clock {
  /** Moves time on and runs what fell due, in order of its time. */
  advance(ms: number): void
}

/** Time that moves only when a test says so. */
export function createDrivenClock(startMs: number): DrivenClock {
  let nowMs = startMs
  let timers: { atMs: number; action: () => void }[] = []
  return {
    nowMs: () => nowMs,
    after(ms, action) {
      const timer = { atMs: nowMs + ms, action }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const untilMs = nowMs + ms
      for (let due = earliest(timers, untilMs); due; due = earliest(timers, untilMs)) {
        const timer = due
        timers = timers.filter((other) => other !== timer)
        nowMs = Math.max(nowMs, timer.atMs)
        timer.action()
      }
      nowMs = untilMs
    },
  }
}

function earliest<Timer extends { atMs: number }>(timers: Timer[], untilMs: number): Timer | undefined {
  let first: Timer | undefined
  for (const timer of timers) {
    if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer
  }
  return first
}
