// In: a command of the local stack. Out: a direct child with a log file, known to be ready, that can be stopped or killed.
// Never: a child that outlives its parent, however the parent ended (see guardian.ts); a sleep in place of readiness.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { guard } from './guardian.ts'

export interface ProcessSpec {
  /** Said in messages: `bridge d1`, `postgres`. */
  name: string
  command: string
  args: string[]
  /** The whole environment; without it, that of this process. */
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Gets both of the child's outputs, appended. */
  logFile: string
  /** A line of output that says the child is ready; without it, it is ready once it runs. */
  readyWhen?: RegExp
  /** 60 s unless told. */
  readyWithinMs?: number
  /** What asks it to end: SIGTERM unless told (PostgreSQL ends quickly on SIGINT only). */
  stopSignal?: 'SIGTERM' | 'SIGINT'
  /** How long it may take to end before SIGKILL; 10 s unless told. */
  graceMs?: number
  /** Runs it as this user; only root can ask. */
  user?: { uid: number; gid: number }
}

/**
 * For a Node child that mostly waits: V8's young generation grows to 32 MB by default and glibc keeps memory apart for
 * each thread; neither gives it back. A worker at rest needs some 50 MB less so (docs/benchmarks).
 */
export const FRUGAL = { flag: '--max-semi-space-size=4', env: { MALLOC_ARENA_MAX: '2' } }

/** What a child needs of this process's environment, and nothing of the user's own AWS or Temporal settings. */
export const plainEnvironment = (...more: string[]): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE', ...more].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** How a child ended; exactly one of the two is set. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface RunningProcess {
  name: string
  pid: number
  logFile: string
  exited: Promise<Exit>
  /** Set once it ended. */
  exit(): Exit | undefined
  /** What it printed since its start, the last lines of it. */
  lastLines(count?: number): string
  /** Asks it to end, kills it after the grace; answers how it ended, again and again. */
  stop(): Promise<Exit>
  /** SIGKILL to it and to whatever it started. */
  kill(): Promise<Exit>
}

/** Resolves when the child is ready; rejects with its last lines when it ends before, and stops it when it takes too long. */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const running = await launch(spec)
  if (spec.readyWhen) await becomeReady(running, spec.readyWhen, spec.readyWithinMs ?? 60_000)
  return running
}

/** Waits until `isReady` answers true, the child ends or the time is over; then it is stopped and the error says why. */
export async function waitUntilReady(
  running: RunningProcess,
  isReady: () => Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const untilMs = performance.now() + withinMs
  // A dead server is no reason to sit out a connection's own timeout.
  const ended = running.exited.then(() => false)
  while (!(await Promise.race([isReady(), ended]))) {
    if (running.exit()) throw endedTooEarly(running)
    if (performance.now() > untilMs) {
      await running.stop()
      throw new Error(`${running.name} was not ready after ${withinMs / 1000} s and was stopped. ${tail(running)}`)
    }
    await Promise.race([running.exited, pause(25)])
  }
}

async function launch(spec: ProcessSpec): Promise<RunningProcess> {
  const { logFile, name, graceMs = 10_000, stopSignal = 'SIGTERM' } = spec
  const log = openLog(name, logFile)
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      // Straight into the file: a busy or dead parent never blocks or breaks what the child writes.
      stdio: ['ignore', log.fd, log.fd],
      // A group of its own: Ctrl-C reaches the parent only, which then stops everything in order.
      detached: true,
      uid: spec.user?.uid,
      gid: spec.user?.gid,
    })
    const exited = exitOf(child)
    const pid = await pidOf(child, spec)
    const release = guard(pid, stopSignal, graceMs)
    let exit: Exit | undefined
    void exited.then((how) => {
      exit = how
      release()
    })
    const lastLines = (count = 12) => readFrom(logFile, log.offset).trimEnd().split('\n').slice(-count).join('\n')
    const kill = () => (exit ? exited : (signalGroup(pid), exited))
    const stop = async () => {
      if (!exit) child.kill(stopSignal)
      const inTime = await withTimeout(exited, graceMs)
      return inTime ?? kill()
    }
    return { name, pid, logFile, exited, exit: () => exit, lastLines, stop, kill }
  } finally {
    closeSync(log.fd)
  }
}

async function becomeReady(running: RunningProcess, readyWhen: RegExp, withinMs: number): Promise<void> {
  const isReady = async () =>
    running
      .lastLines(Number.POSITIVE_INFINITY)
      .split('\n')
      .some((line) => readyWhen.test(line))
  await waitUntilReady(running, isReady, withinMs)
}

function openLog(name: string, logFile: string): { fd: number; offset: number } {
  try {
    const fd = openSync(logFile, 'a')
    return { fd, offset: readFileSync(logFile).length }
  } catch (cause) {
    throw new Error(
      `Could not open the log of ${name}, ${logFile}: check that its folder is there and may be written.`,
      {
        cause,
      },
    )
  }
}

/** A log that was removed meanwhile reads as empty: losing it must not stop a stack. */
function readFrom(file: string, offset: number): string {
  try {
    return readFileSync(file).subarray(offset).toString('utf8')
  } catch {
    return ''
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', () => resolve({ code: 127, signal: null }))
  })
}

function pidOf(child: ChildProcess, spec: ProcessSpec): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid as number))
    child.once('error', (cause) =>
      reject(new Error(`Could not start ${spec.name}: ${spec.command} does not run (${cause.message}).`, { cause })),
    )
  })
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Ended in the same moment.
  }
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const over = new AbortController()
  try {
    return await Promise.race([promise, pause(ms, undefined, { signal: over.signal })])
  } finally {
    over.abort()
  }
}

const endedTooEarly = (running: RunningProcess): Error => {
  const { code, signal } = running.exit() as Exit
  return new Error(`${running.name} ended before it was ready (${signal ?? `exit code ${code}`}). ${tail(running)}`)
}

/** On a full disk a server can say nothing more, and its log stays empty. */
function tail({ logFile, lastLines }: RunningProcess): string {
  const { bavail, bsize } = statfsSync(path.dirname(logFile))
  const full =
    bavail * bsize < LEAST_FREE_BYTES ? `The disk of ${path.dirname(logFile)} is full: free some space. ` : ''
  return lastLines() === ''
    ? `${full}It said nothing in ${logFile}.`
    : `${full}Its last lines, of ${logFile}:\n${lastLines()}`
}

const LEAST_FREE_BYTES = 1_048_576
