// How commands print. In: data. Out: a table for people or JSON for programs, on stdout; talk goes to stderr.
// Never: a character that a terminal obeys, but our own colours: reasons and errors come from elsewhere.
import pc from 'picocolors'
import { CONTROL } from '../model/cycle/asker.ts'
import type { CycleState } from '../model/states.ts'

export const OUTPUTS = ['table', 'json'] as const
export type Output = (typeof OUTPUTS)[number]

export const printJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2))
export const print = (line = ''): void => void process.stdout.write(`${toPrintable(line)}\n`)
export const talk = (line: string): void => void process.stderr.write(`${toPrintable(line)}\n`)

/** Colours as picocolors writes them; what comes from elsewhere may have colours, too, and nothing else of the kind. */
const COLOUR = '\\u001b\\[(?:1|2|22|31|32|33|36|39)m'
/** But for tab and newline. */
const OBEYED = new RegExp(`${COLOUR}|(?![\\t\\n])${CONTROL.source}`, 'g')

/** With what a terminal would obey written as its number, as JSON has it: so it is right within JSON, too. */
export const toPrintable = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(OBEYED, (found) =>
      found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )

/** A cell is one line. */
const toCell = (text: string): string => toPrintable(text).replaceAll('\n', '\\n')

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
export function toTable(heads: string[], given: string[][]): string {
  const rows = given.map((row) => row.map(toCell))
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
