// What is wrong with the definition files, and where: `file:line:column: message`.
// Never: a problem without a place a person can open; control characters of a file sent to a terminal.

export interface Place {
  /** As the reader of the files was given it, so that a terminal can open it. */
  file: string
  /** From 1; null when the whole file is meant. */
  line: number | null
  column: number | null
}

export interface Problem extends Place {
  message: string
}

/** Always one line. */
export const toProblemText = ({ file, line, column, message }: Problem): string =>
  toPrintable(line === null ? `${file}: ${message}` : `${file}:${line}:${column ?? 1}: ${message}`)

/** Control characters written out: a text that is quoted from a file cannot forge a line or move the cursor. */
const toPrintable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (found) => {
    const code = found.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${code}`
  })

/** By file, then from top to bottom, each once. */
export function sortProblems(problems: Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [toProblemText(problem), problem]))
  return [...unique.values()].sort(
    (a, b) =>
      Number(a.file > b.file) - Number(a.file < b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  )
}
