// Until when a cycle waits, and what becomes of it then. In: its instants. Out: lines. Never: silence about a wait without an end. Pure.
import type { CutoffAction } from '../model/definition.ts'
import type { GoingOn } from '../model/explain/going-on.ts'

export interface Times {
  notBefore: string | null
  cutoffAt: string | null
  /** Undefined: not known here. */
  cutoffThen: CutoffAction | undefined
  availableBy: string | null
  /** By time alone; empty of a cycle that has begun. */
  goesOn: GoingOn[]
}

const THEN: Record<CutoffAction, string> = {
  error: 'error: it is in ERROR (wait), and starts all the same should the rest arrive',
  skip: 'skip: it is skipped',
  'run-without': 'run-without: it runs without what is still missing',
}

/** `isWaiting`: it has not begun; of others only what is said is told. */
export function timeLines(times: Times, isWaiting: boolean): string[] {
  const { notBefore, availableBy } = times
  const none = (words: string): string[] => (isWaiting ? [words] : [])
  return [
    ...(notBefore === null ? [] : [`starts not before ${notBefore}`]),
    ...untilLines(times, none),
    ...(availableBy === null ? none('nothing says by when it is expected') : [`expected by ${availableBy}`]),
  ]
}

function untilLines({ cutoffAt, cutoffThen, goesOn }: Times, none: (words: string) => string[]): string[] {
  // What its cutoff comes before plays no part any more.
  const before = goesOn.filter(({ at }) => cutoffAt === null || at < cutoffAt).flatMap((one) => none(toWords(one)))
  if (cutoffAt !== null) return [`waits until ${cutoffAt}${cutoffThen ? `, then: ${THEN[cutoffThen]}` : ''}`, ...before]
  const [first, ...others] = before
  return first === undefined
    ? none('no cutoff: it waits for as long as it takes')
    : [`no cutoff, but ${first}`, ...others]
}

const toWords = ({ at, cycles, then }: GoingOn): string =>
  then === 'without'
    ? `from ${at} on it goes on without ${cycles.join(', ')}`
    : `at ${at} it is skipped, unless ${cycles.join(', ')} ${cycles.length === 1 ? 'has' : 'have'} come`
