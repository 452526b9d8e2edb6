// The history of one run, as far as invariants ask (verify/evidence.ts). In: what the server took and what the workflow
// asked for, in that order. Out: its steps. Never: a copy of a value (they have crossed an edge, and nobody changes them).
import type { ChangedDefinition, HistoryStep } from '../../verify/evidence.ts'
import type { AcceptedUpgrade } from '../../verify/read-history.ts'
import { RERUN, type RerunCommand, UPGRADE, type UpgradeCommand } from '../../workflows/contract.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface History {
  steps: HistoryStep[]
  upgrades: AcceptedUpgrade[]
  /** What reruns by the definition in force brought. */
  changed: ChangedDefinition[]
  /** An update: of those, invariants ask only for what changes the definition. */
  accepted(name: string, payload: unknown): void
  signaled(name: string, payload: unknown): void
  /** The event's number, to which the answer refers. */
  asked(activity: string, activityId: string, input: unknown): number
  answered(askedAt: number, result: unknown): void
  refused(askedAt: number, why: string): void
}

export function createHistory(time: VirtualTime): History {
  const steps: HistoryStep[] = []
  const upgrades: AcceptedUpgrade[] = []
  const changed: ChangedDefinition[] = []
  const when = () => ({ at: steps.length + 1, atMs: time.nowMs() })
  const questionAt = (at: number) => {
    const asked = steps[at - 1]
    if (asked?.kind !== 'asked') throw new Error(`Event ${at} of this history asks for nothing.`)
    return { activity: asked.activity, activityId: asked.activityId, askedAt: at }
  }
  return {
    ...{ steps, upgrades, changed },
    accepted(name, payload) {
      if (name === UPGRADE) upgrades.push({ to: (payload as UpgradeCommand).to, atMs: time.nowMs() })
      const to = name === RERUN ? (payload as RerunCommand).to : undefined
      if (to) changed.push({ definition: to.definition, at: steps.length })
    },
    signaled: (name, payload) => void steps.push({ ...when(), kind: 'signal', name, payload }),
    asked(activity, activityId, input) {
      steps.push({ ...when(), kind: 'asked', activity, activityId, input })
      return steps.length
    },
    answered: (askedAt, result) => void steps.push({ ...when(), kind: 'answered', ...questionAt(askedAt), result }),
    refused: (askedAt, why) => void steps.push({ ...when(), kind: 'refused', ...questionAt(askedAt), why }),
  }
}
