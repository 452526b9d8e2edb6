import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { createProgram } from './program.ts'
import { toReference } from './reference.ts'

const PAGE = new URL('../docs/cli.md', import.meta.url)

afterEach(() => vi.unstubAllEnvs())

test('the committed page is current; else: node cli/write-reference.ts', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(toReference(createProgram('')))
})

test('nothing of the machine or its settings is on the page', () => {
  const before = toReference(createProgram('1.0.0'))
  for (const name of ['TEMPORAL_ADDRESS', 'DATABASE_URL', 'SLUICE_ACTOR', 'COLUMNS', 'FORCE_COLOR'])
    vi.stubEnv(name, '3')
  expect(toReference(createProgram('2.0.0'))).toBe(before)
})

test('every command has its section, those of a group too', () => {
  const page = toReference(createProgram(''))
  for (const name of ['demo', 'dev', 'dev env', 'status', 'events redrive', 'migrate'])
    expect(page).toContain(`## sluice ${name}\n`)
})
