// In: names as a person gives them, the test files there are. Out: those wanted that no file matches. Pure.
// Never: another reading of a name than vitest's, which takes each file that holds it.

const FOLDER = 'test/chaos/'

export const findUnmatched = (wanted: string[], files: string[]): string[] =>
  wanted.filter((name) => !files.some((file) => isMeant(name, `${FOLDER}${file}`)))

/** With a line, `rows-glue.test.ts:12`, and from a shell that completes paths. */
function isMeant(name: string, file: string): boolean {
  const part = name.replace(/:\d+$/, '').replace(/^\.\//, '').toLowerCase()
  return file.includes(part) || part.endsWith(`/${file}`)
}

/** What to choose from, as it may be given. */
export const toNames = (files: string[]): string[] => files.map((file) => file.replace(/\.test\.ts$/, '')).toSorted()
