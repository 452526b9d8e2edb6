// In: a cycle, running or closed. Out: why a rerun makes no sense now, or null.
// One function for the update's validator, the signal's handler and the start of a closed cycle.
import type { CycleState, Step } from '../states.ts'

interface Standing {
  state: CycleState
  step: Step | null
  dependencies: { product: string; state: string }[]
}

/** Null when the rerun may go ahead; else a sentence that says what to do instead. */
export function refuseRerun(cycle: Standing): string | null {
  const missing = cycle.dependencies
    .filter((dependency) => dependency.state === 'WAITING')
    .map(({ product }) => product)
  switch (cycle.state) {
    case 'WAITING':
      return `It has not run yet: it waits${missing.length > 0 ? ` for ${missing.join(', ')}` : ' for its time'}.`
    case 'PROCESSING':
      return 'It is running now. Wait for the end of this attempt, then rerun it.'
    case 'SKIPPED':
      return 'It was skipped without its inputs, so there is nothing to run on.'
    case 'ERROR':
      return cycle.step === 'wait' ? stillMissing(missing) : null
    case 'CANCELLED':
      return missing.length > 0
        ? `It was cancelled before ${missing.join(', ')} had arrived, so there is nothing to run on.`
        : null
    case 'COMPLETED':
      return null
  }
}

const stillMissing = (missing: string[]): string =>
  missing.length > 0
    ? `It still misses ${missing.join(', ')} and starts by itself when they arrive.`
    : 'All it needs has arrived, so it starts by itself.'
