// A clock for the sandbox that runs like any other and can be put forward: a visibility time-out is over at once.
import type { Clock } from '../../sandbox/aws/service.ts'

export interface JumpingClock extends Clock {
  /** Puts the clock forward; what fell due happens now. */
  jump(ms: number): void
}

interface Timer {
  atMs: number
  action: () => void
  handle: NodeJS.Timeout
}

export function createJumpingClock(): JumpingClock {
  let aheadMs = 0
  const timers = new Set<Timer>()
  const nowMs = (): number => Date.now() + aheadMs
  const arm = (timer: Omit<Timer, 'handle'>): Timer => {
    const fire = (): void => {
      timers.delete(armed)
      timer.action()
    }
    const armed = { ...timer, handle: setTimeout(fire, Math.max(timer.atMs - nowMs(), 0)).unref() }
    timers.add(armed)
    return armed
  }
  return {
    nowMs,
    after(ms, action) {
      const entry = { atMs: nowMs() + ms, action }
      arm(entry)
      return () => {
        for (const timer of timers) if (timer.action === action) drop(timers, timer)
      }
    },
    jump(ms) {
      aheadMs += ms
      for (const timer of [...timers]) {
        drop(timers, timer)
        arm(timer)
      }
    },
  }
}

function drop(timers: Set<Timer>, timer: Timer): void {
  clearTimeout(timer.handle)
  timers.delete(timer)
}
