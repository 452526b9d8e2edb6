// In: a role, its domain. Out: the role as a child process with our streams and signals; its exit code.
// Never: a role left running when this process was told to end.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Choice, chooseLocalStack, isOfServers } from './choose-stack.ts'
import { toEnvironment } from './stack-environment.ts'

export async function runRole(role: 'worker' | 'bridge', domain: string, choice: Choice): Promise<number> {
  const stack = chooseLocalStack(choice)
  const own = Object.entries(process.env).filter(([name]) => !stack || !isOfServers(name))
  const env = { ...Object.fromEntries(own), ...(stack ? toEnvironment(stack, domain) : {}) }
  const file = fileURLToPath(new URL(`../workers/${role}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, domain], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Ctrl-C on a terminal reaches the child by itself; we must only outlive it.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill('SIGTERM')
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
