// In: what a local stack is made of. Out: `.sluice/stacks/<id>.json`, by which other commands find it, and which one they mean.
// Never: signals a process whose command line is not the one recorded.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { removeData } from './postgres/data-folder.ts'
import { isStillRunning, type KnownProcess } from './process-identity.ts'

/** One local stack. It is live as long as its owner, the process that started it, runs. */
export interface StackRecord {
  id: string
  startedAt: string
  owner: KnownProcess
  processes: KnownProcess[]
  /** By part: `aws`, `temporal`, `temporalUi`, `postgres`, …: what a client of that part is given. */
  addresses: Record<string, string>
}

/** Writes or replaces the record, by one rename; only its owner may read it, for it holds the database's password. */
export function writeStack(record: StackRecord, workingFolder = process.cwd()): void {
  const folder = stacksFolder(workingFolder)
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${record.id}.json`)
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
}

export function removeStack(id: string, workingFolder = process.cwd()): void {
  rmSync(path.join(stacksFolder(workingFolder), `${id}.json`), { force: true })
}

/** Oldest first; one that is still starting has no addresses yet, and nobody can mean it. */
export function listLiveStacks(workingFolder = process.cwd()): StackRecord[] {
  return listStacks(workingFolder).filter(
    ({ owner, addresses }) => isStillRunning(owner) && Object.keys(addresses).length > 0,
  )
}

/** The named stack, else the only live one; else an error that names what there is. */
export function chooseStack(id?: string, workingFolder = process.cwd()): StackRecord {
  const live = listLiveStacks(workingFolder)
  const names = live.map((stack) => stack.id).join(', ')
  if (id !== undefined) {
    const named = live.find((stack) => stack.id === id)
    if (named) return named
    throw new Error(`No stack "${id}" runs from ${workingFolder}. ${names ? `These do: ${names}.` : START_ONE}`)
  }
  const [only, ...others] = live
  if (!only) throw new Error(`No local stack runs from ${workingFolder}. ${START_ONE}`)
  if (others.length > 0) throw new Error(`${live.length} stacks run here: ${names}. Say which one with --stack <id>.`)
  return only
}

/** Ends what a killed owner left behind, removes its data and its record; answers what was ended. Logs stay. */
export async function cleanStaleStacks(workingFolder = process.cwd()): Promise<{ id: string; ended: string[] }[]> {
  const stale = listStacks(workingFolder).filter((stack) => !isStillRunning(stack.owner))
  return Promise.all(
    stale.map(async (stack) => {
      const left = stack.processes.filter(isStillRunning)
      await Promise.all(left.map(endProcess))
      removeData(path.join(stacksFolder(workingFolder), stack.id, 'postgres'))
      removeStack(stack.id, workingFolder)
      return { id: stack.id, ended: left.map((known) => known.name) }
    }),
  )
}

const START_ONE = 'Start one with "sluice dev" (or run this where it was started).'

const stacksFolder = (workingFolder: string) => path.join(workingFolder, '.sluice', 'stacks')

function listStacks(workingFolder: string): StackRecord[] {
  return filesOf(stacksFolder(workingFolder))
    .filter((file) => file.endsWith('.json'))
    .map(readStack)
    .filter((stack) => stack !== undefined)
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name))
  } catch {
    return []
  }
}

/** A record that another process removes at this moment, or that is of another time, is no stack of ours. */
function readStack(file: string): StackRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as Partial<StackRecord>
    const isComplete = record.id && record.owner && record.addresses && Array.isArray(record.processes)
    return isComplete ? (record as StackRecord) : undefined
  } catch {
    return undefined
  }
}

async function endProcess(known: KnownProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    if (!isStillRunning(known)) return
    process.kill(known.pid, signal)
    for (let i = 0; i < 40 && isStillRunning(known); i++) await pause(25)
  }
}
