import { expect, test } from 'vitest'
import { isNewEnough, parseVersions } from './version.ts'

test('the CLI says its own version and the one of the server in it', () => {
  const said = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)\n'
  expect(parseVersions(said)).toEqual({ kind: 'ok', cli: '1.9.1', server: '1.32.0' })
  expect(parseVersions('temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)')).toMatchObject({ server: '1.29.1' })
})

test('another program of that name has no version', () => {
  expect(parseVersions('tctl version 1.18')).toBeUndefined()
})

test.each([
  ['1.29.1', true],
  ['1.29.0', false],
  ['1.28.9', false],
  ['1.30.0', true],
  ['2.0.0', true],
  ['0.99.9', false],
])('server %s is new enough: %s', (server, expected) => {
  expect(isNewEnough(server)).toBe(expected)
})
