// The command line as child processes. In: arguments and a folder. Out: exit code and both outputs; or a process that stays.
// Never: settings of the one who runs the tests; a process left running (`stop` ends it, and waits).
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../steps.ts'

const MAIN = path.join(root, 'cli', 'main.ts')

export interface Ended {
  code: number | null
  out: string
  err: string
}

export interface Staying {
  ended: Promise<Ended>
  /** Resolves when it said so, rejects when it ended before. */
  until(pattern: RegExp): Promise<void>
  stop(signal: NodeJS.Signals): Promise<Ended>
}

export function start(args: string[], folder: string, env: NodeJS.ProcessEnv = {}): Staying {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      SLUICE_TEMPORAL_CLI: process.env.SLUICE_TEMPORAL_CLI,
      ...env,
    },
  })
  const ended = untilEnd(child)
  return {
    ended: ended.result,
    async until(pattern) {
      const over = ended.result.then(({ code, err }) => {
        throw new Error(`It ended with ${code} before it said ${pattern}: ${err}`)
      })
      over.catch(() => undefined)
      while (!pattern.test(ended.said())) await Promise.race([ended.heard(), over])
    },
    stop(signal) {
      child.kill(signal)
      return ended.result
    },
  }
}

export const run = (args: string[], folder: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  start(args, folder, env).ended

function untilEnd(child: ChildProcess) {
  let [out, err] = ['', '']
  let hear = (): void => undefined
  child.stdout?.on('data', (chunk) => ((out += chunk), hear()))
  child.stderr?.on('data', (chunk) => ((err += chunk), hear()))
  const result = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, out, err }))
  const heard = (): Promise<void> => new Promise((resolve) => (hear = resolve))
  return { result, heard, said: () => out + err }
}

/** Looks again and again until there is something; the test's own time-out is the limit. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await pause(250)
  }
}
