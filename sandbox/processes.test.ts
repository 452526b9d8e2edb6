import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { commandLineOf } from './process-identity.ts'
import { startProcess } from './processes.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const node = (name: string, script: string) => ({
  name,
  command: process.execPath,
  args: ['-e', script],
  logFile: path.join(folder, `${name}.log`),
})

test('a child is ready once it printed its line, and stops on request', async () => {
  const child = await startProcess({
    ...node('polite', `process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1000)`),
    readyWhen: /^up$/,
  })
  expect(child.exit()).toBeUndefined()
  expect(await child.stop()).toEqual({ code: 7, signal: null })
  expect(await child.stop()).toEqual({ code: 7, signal: null })
  expect(readFileSync(child.logFile, 'utf8')).toBe('up\n')
})

test('a child that does not listen is killed after its grace', async () => {
  const child = await startProcess({
    ...node('stubborn', `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`),
    readyWhen: /up/,
    graceMs: 100,
  })
  expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' })
})

test('a kill takes what the child started with it', async () => {
  const child = await startProcess({
    ...node(
      'family',
      `const c = require('child_process').spawn('sleep', ['300'], { stdio: 'ignore' }); console.log('child ' + c.pid)
       setInterval(() => {}, 1000)`,
    ),
    readyWhen: /child \d+/,
  })
  const grandchild = Number(/child (\d+)/.exec(child.lastLines())?.[1])
  expect(isAlive(grandchild)).toBe(true)
  await child.kill()
  await untilGone(grandchild)
})

test('a child that ends before it is ready says so with its last lines', async () => {
  const spec = { ...node('broken', `console.error('port 1 is taken'); process.exit(3)`), readyWhen: /up/ }
  await expect(startProcess(spec)).rejects.toThrow(
    /broken ended before it was ready \(exit code 3\)[^]*port 1 is taken/,
  )
})

test('lines of an earlier start do not make a later one ready', async () => {
  const first = await startProcess({ ...node('again', `console.log('up')`), readyWhen: /up/ })
  await first.exited
  await expect(startProcess({ ...node('again', ''), readyWhen: /up/ })).rejects.toThrow(/ended before it was ready/)
})

test('a command that is not there is named', async () => {
  const spec = { ...node('nothing', ''), command: '/no/such/command' }
  await expect(startProcess(spec)).rejects.toThrow(/Could not start nothing: \/no\/such\/command/)
})

test('children end when their parent is killed, stubborn ones too', async () => {
  const script = path.join(import.meta.dirname, 'processes.ts')
  const parent = await startProcess({
    name: 'parent',
    command: process.execPath,
    args: [
      '--input-type=module',
      '-e',
      `import { startProcess } from ${JSON.stringify(script)}
       const child = async (name, code) => (await startProcess({ name, command: process.execPath, args: ['-e', code],
         logFile: ${JSON.stringify(folder)} + '/' + name + '.log', readyWhen: /up/, graceMs: 200 })).pid
       const polite = await child('a', "console.log('up'); setInterval(() => {}, 1000)")
       const stubborn = await child('b', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)")
       console.log('pids', polite, stubborn)
       setInterval(() => {}, 1000)`,
    ],
    logFile: path.join(folder, 'parent.log'),
    readyWhen: /pids/,
  })
  const pids = /pids (\d+) (\d+)/.exec(parent.lastLines())?.slice(1).map(Number) ?? []
  expect(pids.filter(isAlive)).toHaveLength(2)
  process.kill(parent.pid, 'SIGKILL')
  await parent.exited
  for (const pid of pids) await untilGone(pid)
})

const isAlive = (pid: number) => commandLineOf(pid) !== undefined

/** Polls, because a process that is not our child tells nobody that it ended; the test's own timeout is the limit. */
async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await pause(20)
}
