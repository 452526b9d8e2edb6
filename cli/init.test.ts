import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { init } from './init.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-init-'))
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

test('folders above it are made too', () => {
  expect(init(path.join(folder, 'a', 'b'))).toBe(0)
  expect(existsSync(path.join(folder, 'a', 'b', 'mesh'))).toBe(true)
})

test('a folder with something in it is left alone', () => {
  writeFileSync(path.join(folder, 'mine.txt'), '')
  expect(() => init(folder)).toThrow(`${folder} is not empty, so nothing was written. Name a new folder.`)
})

test.runIf(process.platform === 'linux')('a place where nothing can be made is refused, and at once', () => {
  expect(() => init('/proc/sluice/mesh')).toThrow(/^Could not make \/proc\/sluice\/mesh: .*Name another folder\.$/)
})
