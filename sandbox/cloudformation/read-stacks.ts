// A folder of templates. In: its `stacks.json`, which names them in order of deployment. Out: the stacks, read.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Stack } from './deploy.ts'

export interface StackList {
  /** Hash of what the templates were made from. */
  plan: string
  stacks: { stack: string; account: string; region: string; file: string }[]
}

/** Undefined when the folder has no list. */
export async function readStackList(folder: string): Promise<StackList | undefined> {
  const text = await readFile(path.join(folder, 'stacks.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  return text === undefined ? undefined : (JSON.parse(text) as StackList)
}

export const readStacks = (folder: string, { stacks }: StackList): Promise<Stack[]> =>
  Promise.all(
    stacks.map(async ({ file, ...stack }) => ({
      ...stack,
      template: JSON.parse(await readFile(path.join(folder, file), 'utf8')) as unknown,
    })),
  )
