// In: a folder. Out: the starter mesh of examples/starter in it, the files named. Never: overwrites what is there.
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandName, quote } from './command-name.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { print, talk } from './output.ts'

const STARTER = fileURLToPath(new URL('../examples/starter', import.meta.url))

export function init(folder: string): number {
  requireEmpty(folder)
  cpSync(STARTER, folder, { recursive: true })
  const files = readdirSync(STARTER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { parentPath, name } of files) print(path.join(folder, path.relative(STARTER, parentPath), name))
  const [command, mesh] = [commandName(), quote(path.join(folder, 'mesh'))]
  talk(`\nNext: ${command} validate ${mesh}\n      ${command} dev ${mesh}`)
  return 0
}

function requireEmpty(folder: string): void {
  try {
    makeFolder(path.resolve(folder))
    if (readdirSync(folder).length === 0) return
  } catch (cause) {
    throw new CommandFailure(EXIT.failed, `Could not make ${folder}: ${(cause as Error).message}. Name another folder.`)
  }
  throw new CommandFailure(EXIT.conflict, `${folder} is not empty, so nothing was written. Name a new folder.`)
}

/** Level by level: where nothing can be made (`/proc/x`), Node's own recursion never ends. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder))
  mkdirSync(folder)
}
