// In: a pid, perhaps written down long ago. Out: which program runs under it now.
// Never: takes a pid for proof of identity; the system gives numbers out again.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** The whole command line, undefined when nothing runs under that pid (a zombie runs nothing). */
export function commandLineOf(pid: number): string | undefined {
  try {
    const text = existsSync('/proc/self/cmdline') ? fromProc(pid) : fromPs(pid)
    return text === '' ? undefined : text
  } catch {
    return undefined
  }
}

/** A process as a record names it: the pid counts only as long as the command line is the same. */
export interface KnownProcess {
  name: string
  pid: number
  commandLine: string
}

/** To be called while the process surely runs. */
export function toKnownProcess(name: string, pid: number): KnownProcess {
  return { name, pid, commandLine: commandLineOf(pid) ?? '' }
}

export function isStillRunning(known: KnownProcess): boolean {
  return known.commandLine !== '' && commandLineOf(known.pid) === known.commandLine
}

// Slim images have no `ps`, macOS has no /proc.
const fromProc = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()

const fromPs = (pid: number) =>
  execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim()
