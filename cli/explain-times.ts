// Until when a cycle waits, and what becomes of it then. In: its instants. Out: lines. Never: silence about a wait without an end. Pure.
import type { CutoffAction } from '../model/definition.ts'

export interface Times {
  notBefore: string | null
  cutoffAt: string | null
  /** Undefined: not known here. */
  cutoffThen: CutoffAction | undefined
  availableBy: string | null
}

const THEN: Record<CutoffAction, string> = {
  error: 'error: it is in ERROR (wait), and starts all the same should the rest arrive',
  skip: 'skip: it is skipped',
  'run-without': 'run-without: it runs without what is still missing',
}

/** `isWaiting`: it has not begun; of others only what is said is told. */
export function timeLines({ notBefore, cutoffAt, cutoffThen, availableBy }: Times, isWaiting: boolean): string[] {
  const none = (words: string): string[] => (isWaiting ? [words] : [])
  const then = cutoffThen ? `, then: ${THEN[cutoffThen]}` : ''
  return [
    ...(notBefore === null ? [] : [`starts not before ${notBefore}`]),
    ...(cutoffAt === null ? none('no cutoff: it waits for as long as it takes') : [`waits until ${cutoffAt}${then}`]),
    ...(availableBy === null ? none('nothing says by when it is expected') : [`expected by ${availableBy}`]),
  ]
}
