// How commands print. In: data. Out: a table for people or JSON for programs, on stdout; talk goes to stderr.
import pc from 'picocolors'
import type { CycleState } from '../model/states.ts'

export const OUTPUTS = ['table', 'json'] as const
export type Output = (typeof OUTPUTS)[number]

export const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
export const print = (line = ''): void => void process.stdout.write(`${line}\n`)
export const talk = (line: string): void => void process.stderr.write(`${line}\n`)

/** `1 product`, `2 products`. */
export const toCount = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

const COLOURS: Record<CycleState, (text: string) => string> = {
  WAITING: pc.yellow,
  PROCESSING: pc.cyan,
  COMPLETED: pc.green,
  ERROR: pc.red,
  SKIPPED: pc.dim,
  CANCELLED: pc.dim,
}

export const colourState = (state: CycleState, text: string = state): string => COLOURS[state](text)

/** Columns as wide as their widest cell; colours do not count. */
export function toTable(heads: string[], rows: string[][]): string {
  const widths = heads.map((head, at) => Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map(visibleLength)))
  const toLine = (cells: string[]): string =>
    cells
      .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - visibleLength(cell))))
      .join('  ')
      .trimEnd()
  return [pc.bold(toLine(heads)), ...rows.map(toLine)].join('\n')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts a colour.
const visibleLength = (text: string): number => text.replaceAll(/\u001b\[\d+m/g, '').length
