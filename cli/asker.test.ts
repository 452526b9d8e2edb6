// Every command that writes down who and why refuses what may not be written down, before it does anything: no server is asked here.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { requireAsker, toSound } from './asker.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { createProgram } from './program.ts'

beforeEach(() => {
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'AWS_ENDPOINT_URL', 'SLUICE_ACTOR']) vi.stubEnv(name, '')
})
afterEach(() => vi.unstubAllEnvs())

const CYCLE = 'd1/ds3/2026-11-20'
const COMMANDS = [
  ['rerun', CYCLE],
  ['rerun', CYCLE, '--dry-run'],
  ['skip', CYCLE],
  ['waive', CYCLE, '--all'],
  ['hold', CYCLE],
  ['hold', 'd1/ds3'],
  ['release', CYCLE],
  ['release', 'd1/ds3'],
  ['cancel', CYCLE],
  ['open', CYCLE],
  ['upgrade', CYCLE],
  ['upgrade', '--product', 'd1/ds3'],
  ['backfill', 'd1/ds3', '--from', '2026-11-01', '--to', '2026-11-20'],
  ['backfill', 'd1/ds3', '--from', '2026-11-01', '--to', '2026-11-20', '--dry-run'],
  ['backfill', 'd1/ds3', '--stop'],
  ['events', 'send', CYCLE],
  ['events', 'withdraw', `${CYCLE}/r1`],
  ['apply', 'no-such-mesh'],
].map((words) => ({ words, title: words.join(' ') }))

async function refusalOf(words: string[]): Promise<[number, string]> {
  const error: unknown = await createProgram('')
    .parseAsync(words, { from: 'user' })
    .catch((error: unknown) => error)
  if (!(error instanceof CommandFailure)) throw new Error(`${words.join(' ')} gave ${String(error)}`)
  return [error.exitCode, error.message]
}

test.each(COMMANDS)('$title', async ({ words }) => {
  const said = (reason: string, actor = 'ann') => refusalOf([...words, '--reason', reason, '--actor', actor])
  expect(await said('x'.repeat(120_000))).toEqual([
    EXIT.notAllowed,
    'The reason is 120000 characters long; at most 1000 are allowed.',
  ])
  expect(await said('why', 'x'.repeat(201))).toEqual([
    EXIT.notAllowed,
    'The actor is 201 characters long; at most 200 are allowed.',
  ])
  expect(await said('a\u001b[2Jb')).toEqual([EXIT.notAllowed, expect.stringContaining('control character (U+001B)')])
  expect(await said('why', 'Sluice')).toEqual([EXIT.notAllowed, expect.stringContaining('name another actor')])
})

test('lines become one, and what is empty is said in the words of the command', () => {
  const { actor, reason, requestId } = requireAsker({ actor: ' ann ', reason: 'vendor\n is down\t' }, 'no')
  expect([actor, reason]).toEqual(['ann', 'vendor  is down'])
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  expect(() => requireAsker({ actor: 'ann', reason: '\n' }, 'It needs a reason.')).toThrow('It needs a reason.')
  expect(toSound({ actor: '', reason: '' })).toMatchObject({ actor: '', reason: '' })
})
