// `sluice explain` where a server is away: nothing listens on the addresses given.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CycleId } from '../model/ids.ts'
import { KEY, toProduct } from '../model/samples.test-data.ts'
import { explain } from './explain.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Asked, toUnexplained } from './unexplained.ts'

const CYCLE = `d1/ds2/${KEY}` as CycleId

let printed = ''

beforeEach(() => {
  printed = ''
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
  const bus = 'arn:aws:events:us-east-1:999999999999:event-bus/sluice-central'
  vi.stubEnv('DATABASE_URL', 'postgres://me:secret@127.0.0.1:1/sluice')
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCOUNT_ID', '999999999999')
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')
  vi.stubEnv('SLUICE_CENTRAL_BUS_ARN', bus)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

test('with both servers away it is not said that the cycle is not open, but what could not be asked', async () => {
  const error: unknown = await explain({ product: toProduct('d1/ds2'), key: KEY }, { output: 'table' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CommandFailure)
  const { exitCode, message } = error as CommandFailure
  expect(exitCode).toBe(EXIT.failed)
  expect(message).toBe(
    `Whether ${CYCLE} is open cannot be told: Temporal could not be asked, and the mirror could not be asked. ` +
      `What is away, and what mends it: sluice doctor. Then again: sluice explain ${CYCLE}`,
  )
  expect(printed).toMatch(/The workflow does not answer: Temporal at 127\.0\.0\.1:1 does not answer/)
  expect(printed).toMatch(/The mirror does not answer: Could not connect to PostgreSQL at .*127\.0\.0\.1:1/)
})

test.each<[string, Asked, boolean, string | undefined]>([
  ['both know nothing of it', { kind: 'none' }, true, undefined],
  ['Temporal is away', { kind: 'unasked' }, true, 'cannot be told: Temporal could not be asked, and the mirror has'],
  ['the mirror is away', { kind: 'none' }, false, 'is not open in Temporal; whether it ran before cannot be told'],
  ['it has ended, the mirror is away', { kind: 'closed', as: 'COMPLETED' }, false, 'has ended (COMPLETED), and the'],
  [
    'it is open without a worker',
    { kind: 'silent' },
    true,
    'is open, but no worker answers for it, and the mirror has',
  ],
])('%s: only what is known is said', (_, temporal, isMirrorAsked, said) => {
  const sentence = toUnexplained(CYCLE, temporal, isMirrorAsked)
  if (said === undefined) expect(sentence).toBeUndefined()
  else expect(sentence).toContain(said)
})
