// sluice.mjs as a stranger meets it: nothing installed, perhaps an old Node. npm is a stand-in that writes down its calls,
// for what counts here is what the launcher makes of npm; that the real one works is proven by every run of CI.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../steps.ts'

let folder: string
let project: string
let calls: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-launcher-'))
  project = path.join(folder, 'sluice')
  calls = path.join(folder, 'npm-calls')
  mkdirSync(path.join(project, 'cli'), { recursive: true })
  cpSync(path.join(root, 'sluice.mjs'), path.join(project, 'sluice.mjs'))
  writeFileSync(path.join(project, 'package.json'), '{"name":"sluice","version":"9.8.7","type":"module"}')
  writeFileSync(path.join(project, 'package-lock.json'), '{}')
  writeFileSync(path.join(project, 'cli', 'main.ts'), MAIN)
  writeFileSync(path.join(folder, 'npm-cli.js'), NPM)
  writeFileSync(path.join(folder, 'old.cjs'), OLD_NODE)
  writeFileSync(calls, '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Says what it was given, or waits to be told to end. */
const MAIN = `
const args: string[] = process.argv.slice(2)
if (args[0] === 'wait') {
  process.on('SIGTERM', () => process.exit(43))
  setInterval(() => {}, 1000)
  console.log('waiting')
} else {
  const firstInPath = process.env.PATH?.split(':')[0]
  console.log(JSON.stringify({ args, firstInPath, onPrivateNode: process.env.PRIVATE_NODE === '1' }))
  process.exitCode = args[0] === 'fail' ? 7 : 0
}
`

/** Does what the launcher needs of \`npm ci\` and \`npm install\`, or fails with the text it is told. */
const NPM = `
const fs = require('fs'), path = require('path'), args = process.argv.slice(2)
fs.appendFileSync(process.env.NPM_CALLS, args[0] + '\\n')
console.error('npm warn Unknown user config "nodedir". This will stop working in the next major version of npm.')
if (process.env.NPM_FAILS) { console.error(process.env.NPM_FAILS); process.exit(1) }
if (args[0] === 'ci') {
  fs.rmSync('node_modules', { recursive: true, force: true })
  fs.mkdirSync('node_modules')
} else {
  const bin = path.join(args[args.indexOf('--prefix') + 1], 'node_modules', 'node-' + process.platform + '-' + process.arch, 'bin')
  fs.mkdirSync(bin, { recursive: true })
  const script = '#!/bin/sh\\nif [ "$1" = --version ]; then echo v24.21.0; exit; fi\\nPRIVATE_NODE=1 NODE_OPTIONS= exec "' + process.execPath + '" "$@"\\n'
  fs.writeFileSync(path.join(bin, 'node'), script, { mode: 0o755 })
}
`

const OLD_NODE = `
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })
`
const onOldNode = () => ({ NODE_OPTIONS: `--require=${path.join(folder, 'old.cjs')}` })
const hasPrivateNode = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)

function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [path.join(project, 'sluice.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_CACHE_HOME: path.join(folder, 'cache'),
      npm_execpath: path.join(folder, 'npm-cli.js'),
      NPM_CALLS: calls,
      ...env,
    },
  })
}

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = start(args, env)
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => (out += chunk))
  child.stderr?.on('data', (chunk) => (err += chunk))
  const [code] = await once(child, 'close')
  return { code, out, err }
}

const npmCalls = () => readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean)

test('the first start installs, the next ones call npm no more, until the lockfile changes', async () => {
  const first = await run(['status', '-o', 'json'])
  expect(first.code).toBe(0)
  expect(JSON.parse(first.out)).toMatchObject({ args: ['status', '-o', 'json'], onPrivateNode: false })
  expect(first.err).toMatch(/Installing the npm packages \(npm ci\).*\n.*done in/)
  expect(first.err).not.toContain('npm warn')

  expect(await run(['status'])).toMatchObject({ code: 0, err: '' })
  expect(npmCalls()).toEqual(['ci'])

  writeFileSync(path.join(project, 'package-lock.json'), '{"changed":true}')
  await run(['status'])
  expect(npmCalls()).toEqual(['ci', 'ci'])
})

test('another Node in another shell does not install again, under whatever runs there', async () => {
  await run(['status'])
  writeFileSync(path.join(folder, 'old.cjs'), OLD_NODE.replace('20.20.2', '22.18.0'))
  expect(await run(['status'], onOldNode())).toMatchObject({ code: 0, err: '' })
  expect(npmCalls()).toEqual(['ci'])
})

test('two first starts at once install once, and both run', async () => {
  const both = await Promise.all([run(['a']), run(['b'])])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(npmCalls()).toEqual(['ci'])
})

test('the lock of a start that was killed is taken over', async () => {
  mkdirSync(path.join(project, '.sluice'))
  writeFileSync(path.join(project, '.sluice', 'install.lock'), '4194305 gone')
  expect(await run(['a'])).toMatchObject({ code: 0 })
  expect(existsSync(path.join(project, '.sluice', 'install.lock'))).toBe(false)
})

test.runIf(process.platform === 'linux')('a cache folder that cannot be made costs time, not the command', async () => {
  await run(['a'])
  // Told to use it, Node itself would try to make it for ever.
  expect(await run(['status'], { XDG_CACHE_HOME: '/proc/none' })).toMatchObject({ code: 0, err: '' })
})

test('the exit code is that of the command', async () => {
  expect((await run(['fail'])).code).toBe(7)
})

test('a script of this repository can be run instead', async () => {
  writeFileSync(path.join(project, 'other.ts'), `console.log('other', process.argv[2])`)
  expect((await run(['--script', 'other.ts', 'x'])).out).toBe('other x\n')
})

test.each(['new', 'old'])('--version and --help install nothing, on a Node that is %s', async (node) => {
  const env = node === 'old' ? onOldNode() : {}
  expect(await run(['--version'], env)).toEqual({ code: 0, out: '9.8.7\n', err: '' })
  const help = await run(['--help'], env)
  expect(help).toMatchObject({ code: 0, err: '' })
  expect(help.out).toContain('Usage: sluice <command>')
  expect(npmCalls()).toEqual([])
  await run(['status'])
  expect(JSON.parse((await run(['--help'])).out).args).toEqual(['--help'])
})

test.runIf(hasPrivateNode)('an old Node gets a new one beside it, once, which is then `node` for all', async () => {
  const first = await run(['status'], onOldNode())
  expect(first.err).toContain('This is Node 20.20.2; Sluice needs 22.18 or newer, 24, or 26 and up. Fetching Node 24')
  const bin = path.join(folder, 'cache', 'sluice', `node-24.21.0-${process.platform}-${process.arch}`, 'node_modules')
  expect(JSON.parse(first.out)).toMatchObject({
    onPrivateNode: true,
    firstInPath: path.join(bin, `node-${process.platform}-${process.arch}`, 'bin'),
  })
  expect(npmCalls()).toEqual(['install', 'ci'])

  expect(await run(['status'], onOldNode())).toMatchObject({ code: 0, err: '' })
  expect(npmCalls()).toEqual(['install', 'ci'])
})

test.runIf(hasPrivateNode)('two first starts on an old Node both run', async () => {
  const both = await Promise.all([run(['a'], onOldNode()), run(['b'], onOldNode())])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(both.map(({ out }) => JSON.parse(out).onPrivateNode)).toEqual([true, true])
})

test.each([
  ['npm error code ENOTFOUND', /could not be reached: the first start needs it/],
  ['npm error code ENOSPC', /the disk is full: free some space/],
  ['npm error code EUSAGE', /do not agree: restore both from git/],
  ['npm error code EACCES', /may not be written/],
  ['npm error code E500', /it ended with exit code 1: read the log/],
])('when npm says "%s" the reason, the next step and the log are one sentence', async (text, reason) => {
  const { code, err } = await run(['status'], { NPM_FAILS: text })
  expect(code).toBe(1)
  expect(err).toMatch(reason)
  const log = path.join(project, '.sluice', 'install.log')
  expect(err).toContain(`npm’s own words: ${log}`)
  expect(readFileSync(log, 'utf8')).toContain(text)
  expect(err).not.toMatch(/\n\s+at /)
  expect(await run(['status'])).toMatchObject({ code: 0 })
})

test('without npm the next step is said', async () => {
  const { code, err } = await run(['status'], { npm_execpath: '', PATH: folder })
  expect(code).toBe(1)
  expect(err).toMatch(/npm was not found in PATH\. Install Node\.js 24/)
})

test('SIGTERM reaches the command, whose exit code comes back', async () => {
  await run(['status'])
  const child = start(['wait'])
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('waiting')) break
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([43, null])
})

test('a command that was killed gives the shell’s code for it', async () => {
  const other = path.join(project, 'killed.ts')
  writeFileSync(other, `process.kill(process.pid, 'SIGKILL')`)
  expect((await run(['--script', 'killed.ts'])).code).toBe(137)
})

test('it is executable and speaks the syntax of Node 18', () => {
  const text = readFileSync(path.join(root, 'sluice.mjs'), 'utf8')
  expect(text).toMatch(/^#!\/usr\/bin\/env node\n/)
  expect(text.match(/from '(?!node:)[^']+'/g)).toBeNull()
  expect(statSync(path.join(root, 'sluice.mjs')).mode & 0o111).not.toBe(0)
})
