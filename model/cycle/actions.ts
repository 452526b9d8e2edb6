// In: a cycle before and after what somebody asked of it. Out: the cycle that remembers the action, for the audit.
// Never: an action without how the cycle stood before, and where it was taken, directly after.
import type { Asked, Cycle, OperatorAction, OperatorActionKind, OperatorCommand, Standing } from './cycle.ts'

interface Said {
  command: OperatorCommand
  action: OperatorActionKind
  /** Null = accepted. */
  refused: string | null
  attempt?: number | null
  versions?: OperatorAction['versions']
  asked?: Asked
  nowMs: number
}

/** `after`: what came of it; the cycle as it was where it was refused. */
export function withAction(before: Cycle, said: Said, after: Cycle): Cycle {
  const { command, action, refused, attempt = null, versions, asked, nowMs } = said
  const { actor, reason, requestId } = command
  const taken: OperatorAction = {
    ...{ actor, reason, requestId, action, refused, attempt },
    ...(versions && { versions }),
    ...(asked && Object.keys(asked).length > 0 && { asked }),
    before: toStanding(before),
    ...(refused === null && { after: toStanding(after) }),
    ...{ atMs: nowMs, version: before.version },
  }
  return { ...after, actions: [...after.actions, taken] }
}

export const toStanding = ({ state, step, revision, lastAttempt, held }: Cycle): Standing => ({
  ...{ state, step, revision, attempt: lastAttempt },
  held: Boolean(held),
})
