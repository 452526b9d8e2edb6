// What the bare workflow's worker and its caller agree on.
export const FLOOR_QUEUE = 'bench-floor'
export const FLOOR_WORKFLOW = 'bareCycle'
export const FLOOR_HOP = 'bareHop'
export const FLOOR_SIGNAL = 'go'

export interface FloorActivities {
  beginAtMs(): Promise<number>
}
