// Events that claim to be another: each is refused and leaves a row of its own, and the true event loses nothing.
import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { listEvents } from '../../mirror/events.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import { ARRIVALS_SIGNAL } from '../../workflows/contract.ts'
import { readDeadLetters } from './bridge-dead-letters.ts'
import { type BridgeStage, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { KEY, messageOf, RAW_ACCOUNT, refreshedOf, STRANGER } from './refresh-messages.ts'
import { signalsOf } from './temporal.ts'

let client: Client
let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ client, database, stage } = lent))

const TRUE_ID = 'raw/rd1/2026-11-21/r1'
/** Of a Saturday, so that the true event has a row of the bridge's as well. */
const trueEvent = (metadata: object = {}, data: object = {}): object =>
  refreshedOf('raw/rd1', { key: '2026-11-21', metadata, data })

test.each([
  ['by a stranger', messageOf(trueEvent(), { account: STRANGER }), STRANGER, 'wrong-source'],
  ['under another source', messageOf(trueEvent(), { source: 'dataproduct.d9' }), RAW_ACCOUNT, 'wrong-source'],
  [
    'for another product',
    messageOf(refreshedOf('raw/rd2', { metadata: { id: TRUE_ID } })),
    RAW_ACCOUNT,
    'invalid-event',
  ],
  ['with a revision that is none', messageOf(trueEvent({}, { revision: 0 })), RAW_ACCOUNT, 'invalid-event'],
  ['of another schema', messageOf(trueEvent({ schemaVersion: '2.0' })), RAW_ACCOUNT, 'unknown-schema'],
])(
  'under the id of the true event, before and after it, %s: each has a row of its own',
  async (_how, forged, account, code) => {
    stage.start()
    for (const body of [forged, messageOf(trueEvent()), forged]) {
      await stage.send(body)
      await stage.untilEmpty()
    }
    const rows = await listEvents(database.db, { domain: stage.domain, limit: 100 })
    expect(rows.filter(({ eventId }) => eventId === TRUE_ID)).toMatchObject([
      { outcome: 'unmatched', seen: 1, account: RAW_ACCOUNT, source: 'dataproduct.raw' },
    ])
    const refused = {
      ...{ outcome: 'refused', seen: 1, account, eventId: expect.stringMatching(/^sqs:./) },
      ...{ source: expect.stringMatching(/^dataproduct\./), reason: expect.stringContaining(`"${TRUE_ID}"`) },
    }
    expect(rows.filter(({ eventId }) => eventId !== TRUE_ID)).toMatchObject([refused, refused])
    expect((await readDeadLetters(stage)).map((letter) => [letter.code, letter.eventId])).toEqual([
      [code, TRUE_ID],
      [code, TRUE_ID],
    ])
  },
)

test('an event under another’s id does not reach a cycle, so that the true one is no duplicate there', async () => {
  stage.start()
  await stage.send(messageOf(refreshedOf('raw/rd2', { metadata: { id: `raw/rd1/${KEY}/r1` } })))
  await stage.send(messageOf(refreshedOf('raw/rd1')))
  await stage.untilEmpty()
  const signals = await signalsOf<Arrival[]>(client, stage.cycle('ds2', KEY), ARRIVALS_SIGNAL)
  expect(signals.flat().map(({ product }) => product)).toEqual(['raw/rd1'])
})
