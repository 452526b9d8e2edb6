// The messages of a queue, against a list that is searched through; and how many of them may be in flight.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDrivenClock } from '../clock.ts'
import { createFaults } from '../faults.ts'
import { createLedger } from '../ledger.ts'
import { createMessageStore, type Message } from './message-store.ts'
import { createSqs } from './sqs.ts'

const newMessage = (messageId: string, sentAtMs: number, visibleAtMs: number): Message => ({
  ...{ messageId, sentAtMs, visibleAtMs, body: messageId, attributes: {}, senderId: 'x', receiveCount: 0 },
})

const step = fc.record({
  act: fc.constantFrom('send', 'receive', 'hide', 'delete', 'expire'),
  ms: fc.nat({ max: 50 }),
  place: fc.nat({ max: 20 }),
})

test('counts, and who is visible, are those of a list that is searched through', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = createMessageStore()
      let list: Message[] = []
      let nowMs = 0
      for (const [index, { act, ms, place }] of steps.entries()) {
        nowMs += ms % 7
        const message = list[place % Math.max(list.length, 1)]
        if (act === 'send') {
          const sent = newMessage(`${index}`, nowMs, nowMs + ms)
          store.add(sent)
          list.push(sent)
        } else if (act === 'expire') {
          store.expire(nowMs - 100)
          list = list.filter(({ sentAtMs }) => sentAtMs > nowMs - 100)
        } else if (message && act === 'delete') {
          store.remove(message)
          list = list.filter((other) => other !== message)
        } else if (message) {
          if (act === 'receive') store.setHandle(message, `${index}`)
          store.hideUntil(message, nowMs + ms)
        }
        expect(store.counts(nowMs)).toEqual(countList(list, nowMs))
        expect(new Set(store.visible(nowMs))).toEqual(new Set(list.filter((one) => one.visibleAtMs <= nowMs)))
        const hidden = list.map((one) => one.visibleAtMs).filter((atMs) => atMs > nowMs)
        expect(store.nextVisibleAtMs(nowMs)).toBe(hidden.length > 0 ? Math.min(...hidden) : undefined)
        for (const one of list) if (one.receiptHandle) expect(store.byHandle(one.receiptHandle)).toBe(one)
      }
    }),
  )
})

test('messages become visible in the order of their times, those of one time in the order of their sends', () => {
  const store = createMessageStore()
  for (const [id, atMs] of Object.entries({ a: 5, b: 3, c: 5, d: 3 })) store.add(newMessage(id, 0, atMs))
  expect([...store.visible(5)].map(({ messageId }) => messageId)).toEqual(['b', 'd', 'a', 'c'])
})

// 12,000 receives: seconds on a quiet machine, more than the ring's minute on one that is busy.
test('with 120,000 messages in flight a short poll is refused with OverLimit, and a deleted one makes room', async () => {
  const clock = createDrivenClock(0)
  const ledger = createLedger(clock)
  const { service } = createSqs({ clock, ledger, faults: createFaults(ledger) }, 'http://127.0.0.1:1', () => undefined)
  const caller = { account: '222222222222', region: 'us-east-1' }
  const run = async (operation: string, input: object, fault?: { kind: 'duplicate'; times: number }) => {
    const call = { requestId: 'r', signal: new AbortController().signal, facts: {}, fault }
    return (await service.operations[operation]?.(input as never, caller, call)) as Record<string, unknown>
  }
  const Attributes = { VisibilityTimeout: '43200' }
  const { QueueUrl } = await run('CreateQueue', { QueueName: 'full', Attributes })
  await run('SendMessage', { QueueUrl, MessageBody: 'x' }, { kind: 'duplicate', times: 120_001 })
  const receive = () => run('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })
  const first = (await receive())['Messages'] as { ReceiptHandle: string }[]
  for (let count = 20; count <= 120_000; count += 10) await receive()
  await expect(receive()).rejects.toMatchObject({ code: 'OverLimit' })
  await run('DeleteMessage', { QueueUrl, ReceiptHandle: first[0]?.ReceiptHandle })
  expect((await receive())['Messages']).toHaveLength(1)
}, 600_000)

function countList(list: Message[], nowMs: number) {
  const hidden = list.filter((message) => message.visibleAtMs > nowMs)
  const inFlight = hidden.filter((message) => message.receiptHandle !== undefined).length
  return { visible: list.length - hidden.length, inFlight, delayed: hidden.length - inFlight }
}
