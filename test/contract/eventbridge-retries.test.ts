// How long EventBridge tries: by number and by age, each of the target; then the dead-letter queue says which it was.
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { put, takeMessage, toEntry, withBus, withQueue, withRule } from './eventbridge-client.ts'

const deadLetters = 'eb-rule-dlq'

/** The clock goes forward by those steps, until the dead letter is there. */
const throttled: [id: string, says: string, retryPolicy: object, jumpsMs: number[], condition: string][] = [
  [
    'eb-405',
    'tried as often as MaximumRetryAttempts says',
    { MaximumRetryAttempts: 2 },
    [60_000, 60_000],
    'MaximumRetryAttempts',
  ],
  [
    'eb-406',
    'tried as long as MaximumEventAgeInSeconds says',
    { MaximumEventAgeInSeconds: 60 },
    [5_000, 10_000, 20_000, 30_000, 60_000, 60_000],
    'MaximumEventAgeInSeconds',
  ],
  ['eb-407', 'not tried again with 0 attempts', { MaximumRetryAttempts: 0 }, [], 'MaximumRetryAttempts'],
]

const retries = throttled.map(
  ([id, says, RetryPolicy, jumpsMs, condition]): Claim => ({
    id,
    says: `a throttled delivery is ${says}, then dead-lettered with that condition`,
    source: deadLetters,
    needs: ['clock', 'faults'],
    holds: (target) =>
      withBus(target, (bus) =>
        withQueue(target, (queue) =>
          withQueue(target, async (dead) => {
            const where = { QueueUrl: queue.url }
            const rule = { service: 'sqs', operation: 'SendMessage', where, times: 1000, action: { kind: 'throttle' } }
            const remove = await target.fault(rule)
            const to = [{ Id: 'q', Arn: queue.arn, DeadLetterConfig: { Arn: dead.arn }, RetryPolicy }]
            await withRule(target, bus, to, async () => {
              await put(target, [toEntry({ EventBusName: bus })])
              let found = await takeMessage(target, dead.url, 1)
              for (const ms of jumpsMs) {
                if (found) break
                await target.pass(ms)
                found = await takeMessage(target, dead.url, 1)
              }
              found ??= await takeMessage(target, dead.url)
              expect(found?.MessageAttributes).toMatchObject({
                EXHAUSTED_RETRY_CONDITION: { StringValue: condition },
                RETRY_ATTEMPTS: { StringValue: expect.stringMatching(/^\d+$/) },
              })
            })
            await remove()
          }),
        ),
      ),
  }),
)

putClaims(retries)
