// The signs beside words: never colour or sign alone. In: the environment. Out: signs that its terminal can show. Pure.
import type { CycleState } from '../model/states.ts'

export interface Symbols {
  states: Record<CycleState, string>
  held: string
  late: string
  /** The calendar has no cycle of the product there. */
  closed: string
  /** There is to be a cycle, and none is open. */
  due: string
  /** The calendar does not cover the date. */
  unknown: string
}

export const UNICODE: Symbols = {
  states: { WAITING: '…', PROCESSING: '▶', COMPLETED: '✓', ERROR: '✗', SKIPPED: '⊘', CANCELLED: '■' },
  ...{ held: '‖', late: '!', closed: '░░░', due: '·', unknown: '?' },
}

export const ASCII: Symbols = {
  states: { WAITING: '~', PROCESSING: '>', COMPLETED: '+', ERROR: 'x', SKIPPED: '-', CANCELLED: '#' },
  ...{ held: '=', late: '!', closed: '///', due: '.', unknown: '?' },
}

/** By the locale, as POSIX orders its variables; Windows has none of them, and its terminals show Unicode. */
export function symbolsFor(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Symbols {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return platform === 'win32' || /utf-?8/i.test(locale) ? UNICODE : ASCII
}
