import { expect, test } from 'vitest'
import { type Completion, complete } from './completion.ts'
import { createProgram } from './program.ts'

const program = createProgram('')
const at = (line: string): Completion => complete(program, line.split(' '))
const valuesAt = (line: string): string[] => at(line).candidates.map(({ value }) => value)

test.each([
  ['stat', ['status']],
  ['ex', ['external', 'explain']],
  ['events red', ['redrive']],
  ['status --st', ['--state', '--stack']],
  ['status --state E', ['ERROR']],
  ['status --state ERROR W', ['WAITING']],
  ['status --watch --out', ['--output']],
  ['status -o ', ['table', 'json']],
  ['events list --outcome r', ['routed', 'refused']],
  ['audit --action re', ['rerun', 'release']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['status "--sta', ['--state', '--stack']],
  ['nonsense st', []],
  ['status -- --st', []],
  ['explain d1/ds3/2026-11-20 s', []],
])('after "sluice %s" may come %o', (line, values) => {
  expect(valuesAt(line)).toEqual(values)
})

test('commands are told with what they are for, and the one that only scripts call is not told', () => {
  const all = at('').candidates
  expect(all.find(({ value }) => value === 'status')?.description).toMatch(/^Show the state of cycles/)
  expect(all.map(({ value }) => value)).not.toContain('complete')
})

test('a value behind an equals sign is completed in its word; bash has split it there', () => {
  expect(at('status --state=E')).toMatchObject({ before: '--state=', candidates: [{ value: 'ERROR' }] })
  expect(complete(program, ['status', '--state', '=', 'E'])).toMatchObject({
    before: '',
    candidates: [{ value: 'ERROR' }],
  })
  expect(complete(program, ['status', '--state', '='])).toMatchObject({ before: '', candidates: { length: 6 } })
})

test.each([
  ['explain d1/', 'cycle', 'd1/'],
  ['upgrade --product d', 'product', 'd'],
  ['status --domain ', 'domain', ''],
  ['status --owner ', 'owner', ''],
  ['events show raw', 'event', 'raw'],
  ['events redrive d1 raw', 'event', 'raw'],
  ['doctor d1 d', 'domain', 'd'],
  ['explain --stack dev-1 d1/', 'cycle', 'd1/'],
  ['explain --stack=dev-1 d1/', 'cycle', 'd1/'],
  ['doctor -o json d1 d', 'domain', 'd'],
  ['audit --cycle=d1', 'cycle', 'd1'],
  ['hold d1', 'cycle-or-product', 'd1'],
  ['release d1', 'held', 'd1'],
  ['release d1/ds3 --actor a', 'actor', 'a'],
  ['events withdraw raw', 'refresh', 'raw'],
  ['status --date ', null, ''],
  ['explain d1/ds3/2026-11-20 ', null, ''],
])('after "sluice %s" names of kind %s are asked for that begin with "%s"', (line, names, prefix) => {
  expect(at(line)).toMatchObject({ names, prefix })
})

test.each([
  ['validate ', true],
  ['apply mesh ', true],
  ['verify --save ', true],
  ['dev ', true],
  ['status ', false],
])('after "sluice %s" files are left to the shell: %s', (line, files) => {
  expect(at(line).files).toBe(files)
})

test('a group takes its commands and no other word of the program', () => {
  expect(valuesAt('dev ')).toEqual(['env', 'deploy'])
})
