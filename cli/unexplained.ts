// Why a cycle cannot be explained, where Temporal or the mirror did not answer. In: a cycle, what each of them said of it.
// Out: what is known, what could not be asked, the next step; undefined when both answered that they know nothing of it.
// Never: that a cycle is not open, on the word of one alone.
import type { CycleId } from '../model/ids.ts'

export type Asked =
  | { kind: 'none' }
  /** Its last run ended; by Temporal's word for how. */
  | { kind: 'closed'; as: string }
  /** It is open, and no worker answered for it. */
  | { kind: 'silent' }
  | { kind: 'unasked' }

export function toUnexplained(cycle: CycleId, temporal: Asked, isMirrorAsked: boolean): string | undefined {
  const next = `What is away, and what mends it: sluice doctor. Then again: sluice explain ${cycle}`
  const untold = isMirrorAsked ? 'the mirror has nothing of it' : 'the mirror could not be asked'
  switch (temporal.kind) {
    case 'silent':
      return `${cycle} is open, but no worker answers for it, and ${untold}. ${next}`
    case 'closed':
      return `The last run of ${cycle} has ended (${temporal.as}), and ${untold}. ${next}`
    case 'unasked':
      return `Whether ${cycle} is open cannot be told: Temporal could not be asked, and ${untold}. ${next}`
    case 'none':
      if (isMirrorAsked) return undefined
      return `${cycle} is not open in Temporal; whether it ran before cannot be told: ${untold}. ${next}`
  }
}
