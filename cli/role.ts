// In: a role, its domain. Out: the role as a child process with our streams and signals; its exit code.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Choice, chooseLocalStack } from './connection.ts'
import { toEnvironment } from './stack-environment.ts'

export async function runRole(role: 'worker' | 'bridge', domain: string, choice: Choice): Promise<number> {
  const stack = hasSettings() && choice.stack === undefined ? undefined : chooseLocalStack(choice)
  const own = Object.entries(process.env).filter(([name]) => !stack || !/^(AWS|TEMPORAL)_/.test(name))
  const env = { ...Object.fromEntries(own), ...(stack ? toEnvironment(stack, domain) : {}) }
  const file = fileURLToPath(new URL(`../workers/${role}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, domain], { stdio: 'inherit', env })
  // Ctrl-C reaches the child by itself; we must only outlive it.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

const hasSettings = (): boolean => Boolean(process.env['SLUICE_CENTRAL_BUS_ARN'])
