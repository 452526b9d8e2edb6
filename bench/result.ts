// What a scenario finds: samples, single figures, goals. One shape for all, so that one report and one chart serve all.
// Never: a goal whose verdict is written by hand; it follows from the figure and the limit.

export interface Series {
  name: string
  unit: 'ms' | 's'
  /** In the order in which they were taken. */
  samples: number[]
}

export interface Figure {
  name: string
  value: number
  unit: string
}

export interface Goal {
  what: string
  found: number
  limit: number
  kind: 'at most' | 'at least'
}

export interface Finding {
  scenario: string
  title: string
  series: Series[]
  figures: Figure[]
  goals: Goal[]
  /** What a reader must know to believe the figures. */
  notes: string[]
}

export const isMet = ({ found, limit, kind }: Goal): boolean => (kind === 'at most' ? found <= limit : found >= limit)
