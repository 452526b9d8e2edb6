// The words of a verdict: which invariant, how much of it was looked at, what was found.

/** What must hold of any run, whatever failed meanwhile; I11, I12 and I14 are no matter of one look. */
export const INVARIANTS = {
  I1: 'nothing lost',
  I2: 'nothing invented',
  I3: 'one start',
  I4: 'not early',
  I5: 'true end',
  I6: 'published once',
  I7: 'mirror is the truth',
  I8: 'only legal moves',
  I9: 'history whole',
  I10: 'nothing stuck',
  I13: 'replayable',
} as const
export type Invariant = keyof typeof INVARIANTS

export interface Violation {
  invariant: Invariant
  cycle?: string
  eventId?: string
  says: string
  /** The rows and history events it is seen in. */
  evidence: string[]
}

export interface Checked {
  /** Things looked at: events, runs, cycles, as the invariant counts. */
  checked: number
  violations: Violation[]
  /** What is worth a look and breaks no promise. */
  notes?: string[]
}

/** One thing looked at. Empty: it holds. */
export type Look = Violation[]

export const toChecked = (looks: Look[], notes: string[] = []): Checked => ({
  ...{ checked: looks.length, violations: looks.flat() },
  ...(notes.length > 0 ? { notes } : {}),
})
