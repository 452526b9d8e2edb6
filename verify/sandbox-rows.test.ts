// What is read out of the ledger's rows, of which the sandbox keeps only the beginning.
import { expect, test } from 'vitest'
import { type CycleId, toNotRefreshedId } from '../model/ids.ts'
import type { SandboxRow } from './evidence.ts'
import { noticesSent } from './sandbox-rows.ts'

/** As the sandbox's ledger cuts a text (sandbox/aws/json-front.ts). */
const KEPT = 200

const toSend = (MessageBody: string): SandboxRow => ({
  ...{ seq: 7, atMs: 0, kind: 'call', service: 'sqs', account: '', operation: 'SendMessage', outcome: 'ok' },
  facts: { QueueUrl: 'http://sqs/1/sluice-d1-notifications', MessageBody: `${MessageBody.slice(0, KEPT)}…` },
})

test('a notice to an owner is known by its id, however long the names of domain and product are', () => {
  const cycle = `${'d'.repeat(63)}/${'p'.repeat(63)}/2026-11-20` as CycleId
  const id = toNotRefreshedId(cycle, 999, 9_999)
  expect(noticesSent([toSend(JSON.stringify({ id, cycle, reason: 'no such table' }))])).toEqual([
    { seq: 7, atMs: 0, id },
  ])
})

test('a message whose id is not whole names no notice', () => {
  expect(noticesSent([toSend(`{"id":"${'x'.repeat(KEPT)}"}`)])).toEqual([])
})
