import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quote, toCommandName } from './command-name.ts'

const checkout = fileURLToPath(new URL('..', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-command-name-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('in the checkout the launcher is called by its name', () => {
  expect(toCommandName(folder, checkout)).toBe('node sluice.mjs')
})

test('far away it is called by its path', () => {
  const name = toCommandName(folder, folder)
  expect(path.resolve(folder, name.replace(/^node '?|'$/g, ''))).toBe(path.join(checkout, 'sluice.mjs'))
})

test('where the shell finds it, it is just sluice', () => {
  writeFileSync(path.join(folder, 'sluice'), '')
  expect(toCommandName(`/nowhere${path.delimiter}${folder}`, folder)).toBe('sluice')
})

test.each([
  ['my-mesh/mesh', 'my-mesh/mesh'],
  ['my mesh', "'my mesh'"],
  ["it's", "'it'\\''s'"],
  ['$HOME', "'$HOME'"],
])('%s is %s to a shell', (text, quoted) => {
  expect(quote(text)).toBe(quoted)
})
