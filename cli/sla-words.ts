// Whether what was promised came. In: a commitment, the time. Out: a verdict, the margin in seconds and in words. Pure.
// Never: "missed" of what ended without data on purpose, or of a cycle of the past that a person opened.
import type { CommittedRow } from '../mirror/commitments.ts'
import type { Owner } from '../model/definition.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import { isOpenedAfterItsTime } from '../model/lateness/promised.ts'

export interface Commitment
  extends Pick<CommittedRow, 'state' | 'step' | 'held' | 'isHeld' | 'openedBy' | 'openedAt' | 'firstCompletedAt'> {
  cycle: CycleId
  product: ProductId
  key: string
  availableByMs: number
}

/** One that is not open: the definition promises it. */
export type Promised = Pick<Commitment, 'cycle' | 'product' | 'key' | 'availableByMs'> & { state: null }

/** `late`: expected by now, and not there; `none`: nobody counts on it. */
export type Verdict = 'met' | 'missed' | 'late' | 'open' | 'none'

export interface SlaRow {
  cycle: CycleId
  product: ProductId
  key: string
  domain: Domain
  owner: Owner | null
  expectedBy: string
  /** Null: not open. */
  state: CommittedRow['state'] | null
  step: CommittedRow['step']
  held: CommittedRow['held']
  isHeld: boolean
  doneAt: string | null
  /** When it usually is there; null: too few cycles to tell. */
  usualAt: string | null
  verdict: Verdict
  /** Before its time, or left: above 0; after it: below. Null: nobody counts on it. */
  marginSeconds: number | null
  /** Why nobody counts on it. */
  note: string | null
}

export function judge(one: Commitment | Promised, nowMs: number): Pick<SlaRow, 'verdict' | 'marginSeconds' | 'note'> {
  const { availableByMs } = one
  const doneMs = one.state !== null && one.firstCompletedAt !== null ? Date.parse(one.firstCompletedAt) : null
  const note = whyNobodyCounts(one, doneMs)
  if (note !== null) return { verdict: 'none', marginSeconds: null, note }
  const marginSeconds = Math.round((availableByMs - (doneMs ?? nowMs)) / 1_000)
  const isInTime = (doneMs ?? nowMs) <= availableByMs
  const verdict = doneMs === null ? (isInTime ? 'open' : 'late') : isInTime ? 'met' : 'missed'
  return { verdict, marginSeconds, note }
}

function whyNobodyCounts(one: Commitment | Promised, doneMs: number | null): string | null {
  if (one.state === null) return null
  if (isOpenedAfterItsTime(one.openedBy, Date.parse(one.openedAt), one.availableByMs)) return 'opened after its time'
  if (doneMs !== null) return null
  if (one.state === 'SKIPPED') return 'skipped'
  return one.state === 'CANCELLED' ? 'cancelled' : null
}

/** `met, 2 h 10 min before`. */
export function marginWords({ verdict, marginSeconds, note, expectedBy, usualAt }: SlaRow): string {
  const span = toSpan(Math.abs(marginSeconds ?? 0))
  switch (verdict) {
    case 'met':
      return `met, ${span} before`
    case 'missed':
      return `missed by ${span}`
    case 'late':
      return `late by ${span}`
    case 'open':
      return `${span} left${usualAt !== null && usualAt > expectedBy ? '; usually later' : ''}`
    default:
      return note ?? ''
  }
}

/** Of seconds, as long as they matter. */
export function toSpan(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return `${seconds} s`
  if (minutes < 60) return `${minutes} min`
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24]
  return days > 0 ? `${days} d ${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
}

export interface SlaSummary {
  met: number
  missed: number
  late: number
  open: number
  none: number
}

export function summarise(rows: Pick<SlaRow, 'verdict'>[]): SlaSummary {
  const count = (verdict: Verdict): number => rows.filter((row) => row.verdict === verdict).length
  return { met: count('met'), missed: count('missed'), late: count('late'), open: count('open'), none: count('none') }
}

export const summaryWords = ({ met, missed, late, open, none }: SlaSummary): string =>
  [
    ...[`${met} met`, `${missed} missed`, `${late} late`, `${open} open`],
    ...(none > 0 ? [`${none} that nobody counts on`] : []),
  ].join(', ')
