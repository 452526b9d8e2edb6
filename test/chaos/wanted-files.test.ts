import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../steps.ts'
import { findUnmatched } from './wanted-files.ts'

const FILES = ['rows-glue.test.ts', 'rows-queue.test.ts']

test.each([
  ['rows-glue', []],
  ['rows', []],
  ['Rows-Glue', []],
  ['test/chaos/rows-glue.test.ts', []],
  ['./test/chaos/rows-glue.test.ts:12', []],
  ['/home/ann/sluice/test/chaos/rows-glue.test.ts', []],
  ['rows-glu-e', ['rows-glu-e']],
])('%s', (name, unmatched) => {
  expect(findUnmatched([name], FILES)).toEqual(unmatched)
})

test('each name that nothing matches is told, whatever else is asked for', () => {
  expect(findUnmatched(['rows-glue', 'smoke', 'rows-queu'], FILES)).toEqual(['smoke'])
})

test('a file that is not there is told with those that are, plays nothing, and ends with 2', () => {
  const runner = path.join(root, 'test', 'chaos', 'run.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, 'no-such-file'], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^No file of test\/chaos matches no-such-file\. There are:\n(  \S+\n)*  rows-glue\n/)
})
