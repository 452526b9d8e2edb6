// How many children run at once. In: who wants a turn. Out: the turn, or false for one who gave up while waiting.

export interface Turns {
  /** True when the turn was got; it must then be given back. */
  take(signal: AbortSignal): Promise<boolean>
  giveBack(): void
}

export function createTurns(count: number): Turns {
  const waiting = new Set<(isMine: boolean) => void>()
  let free = count
  return {
    async take(signal) {
      if (signal.aborted) return false
      if (free > 0) {
        free -= 1
        return true
      }
      return new Promise((resolve) => {
        waiting.add(resolve)
        signal.addEventListener('abort', () => {
          if (waiting.delete(resolve)) resolve(false)
        })
      })
    },
    giveBack() {
      const [next] = waiting
      if (next === undefined) free += 1
      else {
        waiting.delete(next)
        next(true)
      }
    },
  }
}
