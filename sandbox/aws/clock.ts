// The sandbox's clocks. In: nothing, or a test that says how far time goes. Out: a Clock.
// Never: keeps the process alive by a timer alone.

import type { Clock } from './service.ts'

/** A timer beyond Node's limit of 24.8 days would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Timer {
  atMs: number
  action: () => void
  handle?: NodeJS.Timeout
}

/** Real time, which may be put forward; its timers do not hold the process open. */
export function createSystemClock(): Required<Clock> {
  let aheadMs = 0
  const timers = new Set<Timer>()
  const nowMs = () => Date.now() + aheadMs
  function arm(timer: Timer): void {
    clearTimeout(timer.handle)
    const leftMs = Math.min(Math.max(timer.atMs - nowMs(), 0), LONGEST_TIMER_MS)
    timer.handle = setTimeout(() => fire(timer), leftMs).unref()
  }
  function fire(timer: Timer): void {
    if (timer.atMs - nowMs() > LONGEST_TIMER_MS / 2) return arm(timer)
    timers.delete(timer)
    timer.action()
  }
  return {
    nowMs,
    after(ms, action) {
      const timer: Timer = { atMs: nowMs() + ms, action }
      timers.add(timer)
      arm(timer)
      return () => {
        timers.delete(timer)
        clearTimeout(timer.handle)
      }
    },
    jump(ms) {
      aheadMs += ms
      for (const timer of timers) arm(timer)
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
