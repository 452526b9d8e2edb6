import { expect, test } from 'vitest'
import { isOutage, toConnectError, withoutPassword } from './postgres-errors.ts'

const failed = (code: string): Error => Object.assign(new Error('failed'), { code })

test.each([
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'],
  ...['57P01', '57P02', '57P03', '08006', '53300', '53100', '25006', '40P01', '40001', '57014'],
])('%s is worth another try', (code) => {
  expect(isOutage(failed(code))).toBe(true)
  expect(isOutage(toConnectError(failed(code), 'postgres://u:p@h/d'))).toBe(true)
})

test.each(['23505', '42P01', '28P01', '3D000', '22P02', '23514', 'ERR_INVALID_URL'])('%s is final', (code) => {
  expect(isOutage(failed(code))).toBe(false)
  expect(isOutage(toConnectError(failed(code), 'postgres://u:p@h/d'))).toBe(false)
})

test.each(['Connection terminated unexpectedly', 'Query read timeout', 'timeout exceeded when trying to connect'])(
  'what pg says without a code: %s',
  (message) => {
    expect(isOutage(new Error(message))).toBe(true)
    expect(isOutage(toConnectError(new Error(message), 'postgres://u:p@h/d'))).toBe(true)
  },
)

test('every address of a name refused: one sentence that says so', () => {
  const cause = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:5432')]), {
    code: 'ECONNREFUSED',
  })
  expect(toConnectError(cause, 'postgres://ann:secret@localhost:5432/mesh').message).toBe(
    'Could not connect to PostgreSQL at postgres://ann@localhost:5432/mesh: connect ECONNREFUSED ::1:5432. ' +
      'Check that the server runs there and takes connections from here.',
  )
})

test('a URL is shown without its password, wherever that stands', () => {
  expect(withoutPassword('postgres://ann:secret@h:5432/d?password=secret')).toBe('postgres://ann@h:5432/d')
  expect(withoutPassword('secret')).toBe('an unreadable URL')
})
