// In: folders and files that a person named. Out: the text of every .yaml file in them, or why it cannot be read.
// Never: follows a linked folder (it may lead round in a circle); reads a file without a limit.
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Problem } from './problem.ts'

export interface SourceFile {
  file: string
  text: string
}

export interface ReadFiles {
  files: SourceFile[]
  problems: Problem[]
}

const MOST_BYTES = 1_048_576

/** All files in the order of their names; one that is named twice is read once. */
export async function readFiles(paths: string[]): Promise<ReadFiles> {
  const found = await Promise.all(paths.map(findFiles))
  const names = [...new Set(found.flatMap(({ names }) => names))]
  const problems = found.flatMap(({ problems }) => problems)
  const files: SourceFile[] = []
  for (const file of names) {
    const read = await readText(file)
    if (typeof read === 'string') files.push({ file, text: read })
    else problems.push(read)
  }
  return { files, problems }
}

async function findFiles(from: string): Promise<{ names: string[]; problems: Problem[] }> {
  try {
    if ((await stat(from)).isFile()) return { names: [path.normalize(from)], problems: [] }
    const names = await listFolder(from)
    return { names, problems: names.length > 0 ? [] : [whole(from, 'no .yaml or .yml file in this folder')] }
  } catch (error) {
    return { names: [], problems: [whole(from, whyUnreadable(error))] }
  }
}

async function listFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const full = path.join(folder, entry.name)
    if (entry.isDirectory()) names.push(...(await listFolder(full)))
    else if (/\.ya?ml$/i.test(entry.name)) names.push(full)
  }
  return names
}

async function readText(file: string): Promise<string | Problem> {
  try {
    const { size } = await stat(file)
    if (size > MOST_BYTES) return whole(file, `${size} bytes; a definition file has at most ${MOST_BYTES} (1 MiB)`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    if (error instanceof TypeError) return whole(file, 'is not UTF-8 text; save it as UTF-8')
    return whole(file, whyUnreadable(error))
  }
}

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'may not be read: permission denied',
  EISDIR: 'is a folder with the name of a file',
}

const whyUnreadable = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return WHY[code] ?? `cannot be read (${code || String(error)})`
}

const whole = (file: string, message: string): Problem => ({ file, line: null, column: null, message })
