// That what a cycle published last was taken back. In: its report, how it stands. Out: who, when and why as far as the login may see
// it, and what would mend it. Never: a word of a revision that a higher one has replaced. Pure.
import type { CycleReport } from '../mirror/status.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import type { BlockerNode } from '../model/explain/blocker-tree.ts'
import { type Living, toRemaking } from '../model/explain/unblock.ts'

export interface TakenBack {
  revision: number
  /** Null: the audit has no row of it that this login may see. */
  by: { actor: string; at: string; reason: string } | null
  /** Null while it is being made anew, or where nothing would be accepted. */
  command: string | null
}

interface Standing {
  /** Absent: the mirror went away in between. */
  top: BlockerNode | undefined
  live: Living | undefined
}

export function toTakenBack({ row, actions }: CycleReport, { top, live }: Standing): TakenBack | null {
  const { isTakenBack, publishedRevision: revision } = row
  if (!isTakenBack || !revision) return null
  // The mirror may not have the newest yet.
  if (live && live.cycle.revision > revision) return null
  // Whoever gave the command again after a refusal of the bus took nothing back that was not gone.
  const first = actions.find(
    ({ action, outcome, asked }) =>
      action === 'withdraw' && outcome === 'accepted' && Number(asked?.['revision']) >= revision,
  )
  return {
    revision,
    by: first ? { actor: first.actor, at: first.at, reason: first.reason } : null,
    command: (top && toRemaking(top, live)?.command) ?? null,
  }
}

export function takenBackSentence({ revision, by, command }: TakenBack): string {
  const who = by ? ` by ${by.actor} at ${by.at}, "${toOneLine(by.reason)}"` : ' (by whom is not known here)'
  const mend = command ? ` To publish another: ${command}` : ''
  return `Its revision ${revision} was taken back${who}: consumers do not use it any more.${mend}`
}
