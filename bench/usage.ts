// In: pids. Out: what each uses with all its descendants (PostgreSQL's leave its process group), from /proc. Linux only, as PSS is.
// Never: resident size, which counts shared pages once for each process.
import { readdirSync, readFileSync } from 'node:fs'

/** Proportional set size of a process with all its descendants, in MB. */
export const pssMb = (root: number): number => treeOf(root).reduce((sum, pid) => sum + readPssKb(pid), 0) / 1_024

/** CPU seconds used so far by a process and its descendants, its ended children included. */
export function cpuSeconds(root: number): number {
  const ticks = treeOf(root).reduce((sum, pid) => {
    const fields = readStat(pid)
    const ended = pid === root ? Number(fields?.[13]) + Number(fields?.[14]) : 0
    return sum + (fields ? Number(fields[11]) + Number(fields[12]) + ended : 0)
  }, 0)
  return ticks / TICKS_PER_SECOND
}

export interface Meter {
  /** Does it, and adds up what each process used meanwhile. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** CPU milliseconds so far, by process. */
  readMs(): { name: string; ms: number }[]
}

export function createMeter(processes: readonly { name: string; pid: number }[]): Meter {
  const usedMs = processes.map(() => 0)
  return {
    async during(work) {
      const before = processes.map(({ pid }) => cpuSeconds(pid))
      const result = await work()
      for (const [at, { pid }] of processes.entries())
        usedMs[at] = (usedMs[at] ?? 0) + (cpuSeconds(pid) - (before[at] ?? 0)) * 1_000
      return result
    },
    readMs: () => processes.map(({ name }, at) => ({ name, ms: usedMs[at] ?? 0 })),
  }
}

/** What Linux has told user space since ever, whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100

function treeOf(root: number): number[] {
  const parents = new Map(listPids().map((pid) => [pid, Number(readStat(pid)?.[1])]))
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || (parents.has(pid) && isBelow(parents.get(pid))))
  return [...parents.keys()].filter(isBelow)
}

const listPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger)

/** The fields after the name, which may hold blanks: state, parent, group, … */
function readStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // Ended meanwhile.
    return undefined
  }
}

function readPssKb(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
