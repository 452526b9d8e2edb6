// The child processes that execute runs, one per run. In: a run and its script's place. Out: that it runs, and how it
// ended. Never: gives the child more of the environment than it needs; ends a process that it did not start.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogs, type Logs } from './logs.ts'
import type { Run } from './run.ts'
import { createTurns } from './turns.ts'

export interface ChildRun {
  /** Ends the child at once; `ended` is told when it is gone. */
  kill(): void
}

export interface ChildRuns {
  spawn(run: Run, told: Told): ChildRun
  log(runId: string): string | undefined
  /** Kills every child and waits until they are gone. */
  close(): Promise<void>
}

interface Told {
  running(): void
  /** With what went wrong, or undefined after exit code 0. */
  ended(failure: string | undefined): void
}

const runners: Record<string, string> = { sql: 'run-sql.ts', ts: 'run-script.ts' }

/** `atOnce` children run at a time, the others wait in STARTING: the machine has few cores, Glue has many. */
export function createChildRuns({ endpoint, atOnce }: { endpoint: string; atOnce: number }): ChildRuns {
  const logs = createLogs()
  const turns = createTurns(atOnce)
  const executing = new Map<Promise<void>, AbortController>()
  let root: Promise<string> | undefined
  let isClosed = false

  /** What went wrong, or undefined. */
  async function execute(run: Run, told: Told, signal: AbortSignal): Promise<string | undefined> {
    const runner = runners[/\.([a-z0-9]+)$/i.exec(run.scriptLocation)?.[1] ?? '']
    if (runner === undefined) {
      return `The sandbox executes .sql and .ts scripts, not ${run.scriptLocation}. Use a run-timeline fault for it.`
    }
    if (!(await turns.take(signal))) return 'Killed before it ran'
    try {
      root ??= mkdtemp(join(tmpdir(), 'sandbox-glue-'))
      const folder = join(await root, run.id)
      await mkdir(folder)
      const failure = await executeIn(folder, runner, { run, told, signal })
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
      return failure
    } catch (error) {
      return `Could not execute the run: ${(error as Error).message}`
    } finally {
      turns.giveBack()
    }
  }

  async function executeIn(
    folder: string,
    runner: string,
    { run, told, signal }: { run: Run; told: Told; signal: AbortSignal },
  ): Promise<string | undefined> {
    if (signal.aborted) return 'Killed before it ran'
    const child = spawn(process.execPath, toCommandLine(runner, run), {
      cwd: folder,
      env: toEnvironment(run, endpoint, folder),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    signal.addEventListener('abort', () => kill(child))
    child.once('spawn', () => told.running())
    logs.keep(run.id, child)
    return waitForEnd(child, logs, run.id)
  }

  return {
    spawn(run, told) {
      const killing = new AbortController()
      const done: Promise<void> = execute(run, told, killing.signal).then((failure) => {
        executing.delete(done)
        if (!isClosed) told.ended(failure)
      })
      executing.set(done, killing)
      return { kill: () => killing.abort() }
    },
    log: (runId) => logs.read(runId),
    async close() {
      isClosed = true
      for (const killing of executing.values()) killing.abort()
      await Promise.all(executing.keys())
      if (root) await rm(await root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function kill(child: ChildProcess): void {
  child.kill('SIGKILL')
  // A grandchild may hold the pipes open; the run is over all the same.
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** Arguments go as Glue gives them to a script: `--name value`, with the job's name and the run's id. */
function toCommandLine(runner: string, run: Run): string[] {
  const values = { ...run.effectiveArguments, '--JOB_NAME': run.jobName, '--JOB_RUN_ID': run.id }
  return [
    // Node 22 still warns of stripping types.
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, runner),
    run.scriptLocation,
    ...Object.entries(values).flat(),
  ]
}

function toEnvironment(run: Run, endpoint: string, folder: string): Record<string, string> {
  const nowhere = join(folder, 'no-aws-config')
  return {
    PATH: process.env['PATH'] ?? '',
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: run.caller.region,
    AWS_ACCESS_KEY_ID: run.caller.account,
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    // A profile of this machine's user could turn the endpoint off, and the job would call AWS.
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
  }
}

async function waitForEnd(child: ChildProcess, logs: Logs, runId: string): Promise<string | undefined> {
  const end = await new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  if (end.code === 0) return undefined
  if (end.error) return `Could not start the child process: ${end.error.message}`
  const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`
  return logs.lastErrors(runId) ?? `Command failed with ${how}`
}
