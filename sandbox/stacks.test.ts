import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isStillRunning, toKnownProcess } from './process-identity.ts'
import { chooseStack, cleanStaleStacks, listLiveStacks, removeStack, type StackRecord, writeStack } from './stacks.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-stacks-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const own = toKnownProcess('demo', process.pid)
const dead = { ...own, commandLine: 'somebody else now' }
const stack = (id: string, overrides: Partial<StackRecord> = {}): StackRecord => ({
  id,
  startedAt: `2026-11-24T00:00:0${id.length}Z`,
  owner: own,
  processes: [],
  addresses: { postgres: 'postgres://127.0.0.1:1/x' },
  ...overrides,
})

test('the only live stack is the one that is meant', () => {
  writeStack(stack('a'), folder)
  writeStack(stack('bb', { owner: dead }), folder)
  expect(chooseStack(undefined, folder)).toEqual(stack('a'))
  expect(listLiveStacks(folder).map(({ id }) => id)).toEqual(['a'])
})

test('of several stacks one must be named', () => {
  writeStack(stack('a'), folder)
  writeStack(stack('bb'), folder)
  expect(() => chooseStack(undefined, folder)).toThrow('2 stacks run here: a, bb. Say which one with --stack <id>.')
  expect(chooseStack('bb', folder).id).toBe('bb')
  expect(() => chooseStack('c', folder)).toThrow(/No stack "c" runs from .*These do: a, bb/)
})

test('without a stack the next step is said', () => {
  expect(() => chooseStack(undefined, folder)).toThrow(/Start one with "sluice dev"/)
  writeStack(stack('a'), folder)
  removeStack('a', folder)
  expect(() => chooseStack('a', folder)).toThrow(/Start one with "sluice dev"/)
})

test('a record holds a password: nobody else reads it', () => {
  writeStack(stack('a'), folder)
  const file = path.join(folder, '.sluice', 'stacks', 'a.json')
  expect(statSync(file).mode & 0o077).toBe(0)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(stack('a'))
})

test('what a killed owner left is cleared: its data and its record, not its logs', async () => {
  writeStack(stack('a', { owner: dead }), folder)
  const home = path.join(folder, '.sluice', 'stacks', 'a')
  mkdirSync(path.join(home, 'postgres', 'data'), { recursive: true })
  writeFileSync(path.join(home, 'postgres.log'), 'said')
  expect(await cleanStaleStacks(folder)).toEqual([{ id: 'a', ended: [] }])
  expect(existsSync(path.join(home, 'postgres'))).toBe(false)
  expect(existsSync(path.join(home, 'postgres.log'))).toBe(true)
})

test('a broken record is no stack and stops nobody', () => {
  writeStack(stack('a'), folder)
  writeFileSync(path.join(folder, '.sluice', 'stacks', 'broken.json'), '{"id":')
  expect(chooseStack(undefined, folder).id).toBe('a')
})

test('what a killed owner left is ended, but never a stranger under a known number', async () => {
  const left = spawn('sleep', ['300'], { stdio: 'ignore' })
  const stranger = spawn('sleep', ['301'], { stdio: 'ignore' })
  await Promise.all([once(left, 'spawn'), once(stranger, 'spawn')])
  const ended = once(left, 'exit')
  const known = toKnownProcess('temporal', Number(left.pid))
  const reused = { name: 'postgres', pid: Number(stranger.pid), commandLine: 'postgres -D gone' }
  writeStack(stack('a', { owner: dead, processes: [known, reused] }), folder)
  writeStack(stack('bb'), folder)

  expect(await cleanStaleStacks(folder)).toEqual([{ id: 'a', ended: ['temporal'] }])

  await ended
  expect(isStillRunning(known)).toBe(false)
  expect(isStillRunning(toKnownProcess('stranger', Number(stranger.pid)))).toBe(true)
  expect(chooseStack(undefined, folder).id).toBe('bb')
  stranger.kill()
})
