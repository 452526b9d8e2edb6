// What becomes of those who use a cycle's data, or wait for it. In: who they are, as far as is known; what is done to it. Out: a
// sentence for each. Pure. Never: "nobody" where nobody could be asked.
import type { IfNone, OnRevision } from '../definition.ts'
import { runsAgainFor } from '../dependencies.ts'
import type { CycleId, ProductId } from '../ids.ts'
import type { Cascade } from '../refresh-event.ts'
import type { CycleState, DependencyState } from '../states.ts'

/** A cycle of a consumer, as far as it has to do with the asked one. */
export interface Reader {
  cycle: CycleId
  product: ProductId
  state: CycleState
  /** It still gathers its inputs. */
  isUnbegun: boolean
  dependency: DependencyState
  /** Which revision it took; null: none yet. */
  revision: number | null
  onRevision: OnRevision
  ifNone: IfNone | null
}

/** How many cycles of another domain there are that this login may not see. */
export interface HiddenReaders {
  domain: string
  cycles: number
}

export interface Readers {
  shown: Reader[]
  hidden: HiddenReaders[]
}

/** The mirror could not be asked, and why. */
export interface UnknownReaders {
  unknown: string
}

interface Correction {
  product: ProductId
  cascade: Cascade | undefined
}

/** When a new revision is published. */
export const readingEffects = (readers: Readers | UnknownReaders, correction: Correction): string[] =>
  toEach(readers, (reader) => toReading(reader, correction))

function toReading(reader: Reader, { product, cascade }: Correction): string {
  if (reader.dependency === 'WAITING') return 'waits for it and takes the new revision'
  if (reader.revision === null) return 'went without it, and goes on without it'
  const used = `has used revision ${reader.revision}`
  const dependsOn = [{ product, onRevision: reader.onRevision }]
  const correction = { product, ...(cascade && { cascade }) }
  if (runsAgainFor({ product: reader.product, dependsOn }, correction))
    return `${used} and runs again (${reader.onRevision === 'rerun' ? 'onRevision: rerun' : 'cascade'}), once corrections have settled`
  return reader.onRevision === 'ignore' ? `${used} and ignores corrections` : `${used} and is flagged as outdated`
}

/** When this revision, and those before it, are taken back. */
export const withdrawalEffects = (readers: Readers | UnknownReaders, revision: number): string[] =>
  toEach(readers, (reader) => toLoss(reader, revision))

function toLoss({ dependency, revision: used, isUnbegun }: Reader, revision: number): string {
  if (dependency === 'WAITING') return 'waits for it, and goes on waiting for a newer revision'
  if (used === null) return 'went without it'
  if (used > revision) return `has revision ${used}, and keeps it`
  return isUnbegun
    ? `has revision ${used} and has not begun: it waits again, for a newer one`
    : `was made from revision ${used}: it is flagged, and nothing runs again by itself`
}

/** What becomes of those who wait when there is no data. */
export function waitingEffects(readers: Readers | UnknownReaders, state: 'SKIPPED' | 'CANCELLED'): string[] {
  if ('unknown' in readers) return toUnknown(readers)
  return [
    ...readers.shown
      .filter(({ dependency }) => dependency === 'WAITING')
      .map(({ cycle, ifNone }) => `${cycle} waits for it and ${toWaiting(state, ifNone)}.`),
    ...toHidden(readers),
  ]
}

function toWaiting(state: 'SKIPPED' | 'CANCELLED', ifNone: IfNone | null): string {
  if (state === 'CANCELLED' || ifNone === null || ifNone === 'wait') return 'goes on waiting'
  const words = { previous: 'takes the one before', 'run-without': 'goes without it', 'skip-cycle': 'is skipped too' }
  return `${words[ifNone]} (ifNone: ${ifNone})`
}

/** Nobody is not the same as not known. */
function toEach(readers: Readers | UnknownReaders, toFate: (reader: Reader) => string): string[] {
  if ('unknown' in readers) return toUnknown(readers)
  const { shown, hidden } = readers
  if (shown.length + hidden.length === 0) return ['No cycle has used it or waits for it.']
  return [...shown.map((reader) => `${reader.cycle} (${reader.state}) ${toFate(reader)}.`), ...toHidden(readers)]
}

const toUnknown = ({ unknown }: UnknownReaders): string[] => [
  `Who uses its data is not known: ${unknown.replace(/\.$/, '')}.`,
]

const toHidden = ({ hidden }: Readers): string[] =>
  hidden.map(
    ({ domain, cycles }) =>
      `${cycles} more of domain ${domain} ${cycles === 1 ? 'has' : 'have'} used it or wait${cycles === 1 ? 's' : ''} for it, which this login may not see.`,
  )
