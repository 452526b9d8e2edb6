import { expect, test } from 'vitest'
import { CommandFailure, EXIT, toExitCode, toSentence } from './failure.ts'

test('the innermost cause is told, once, where it says more', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:1')
  const middle = new Error('fetch failed', { cause: refused })
  expect(toSentence(new Error('Could not read the catalog.', { cause: middle }))).toBe(
    'Could not read the catalog. (connect ECONNREFUSED 127.0.0.1:1)',
  )
  const told = new Error('Could not read it: connect ECONNREFUSED 127.0.0.1:1.', { cause: refused })
  expect(toSentence(told)).toBe(told.message)
})

test('a database without our tables is a database to migrate', () => {
  const missing = Object.assign(new Error('relation "data_product_status" does not exist'), { code: '42P01' })
  expect(toSentence(missing)).toContain('Bring it there: sluice migrate')
})

test('what is no error is told as it is', () => {
  expect(toSentence('gone')).toBe('gone')
})

test('the exit code is that of the failure; 130 for what was aborted; else 1', () => {
  const errors = [
    new CommandFailure(EXIT.notAllowed, 'no'),
    new DOMException('stop', 'AbortError'),
    new Error('x'),
    'x',
  ]
  expect(errors.map(toExitCode)).toEqual([4, 130, 1, 1])
})
