// What PutEvents takes and refuses: by entry, in the order given, or as a whole for count and size.
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { busArn, put, toEntry } from './eventbridge-client.ts'

const model = 'model: eventbridge PutEventsResultEntry'
const size = 'eb-putevents (entry size)'
const limitBytes = 1_048_576

/** An entry of exactly so many bytes, as AWS counts them. */
function toEntryOf(bytes: number, more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry {
  const entry = toEntry({ Source: 's', DetailType: 't', ...more })
  return { ...entry, Detail: JSON.stringify({ x: 'y'.repeat(bytes - 2 - '{"x":""}'.length) }) }
}

const failing: [id: string, what: string, code: string, more: Partial<PutEventsRequestEntry>][] = [
  ['eb-201', 'no source', 'InvalidArgument', { Source: undefined }],
  ['eb-202', 'an empty source', 'InvalidArgument', { Source: '' }],
  ['eb-203', 'no detail-type', 'InvalidArgument', { DetailType: undefined }],
  ['eb-204', 'no detail', 'InvalidArgument', { Detail: undefined }],
  ['eb-205', 'a detail that is not JSON', 'MalformedDetail', { Detail: '{' }],
  ['eb-206', 'a detail that is an array', 'MalformedDetail', { Detail: '[1]' }],
  ['eb-207', 'a detail that is a text', 'MalformedDetail', { Detail: '"x"' }],
  ['eb-208', 'a source of AWS', 'NotAuthorizedForSourceException', { Source: 'aws.glue' }],
]

const entryClaims = failing.map(
  ([id, what, code, more]): Claim => ({
    id,
    says: `an entry fails alone, in its place, with ${code}: ${what}`,
    source: model,
    async holds(target) {
      const answer = await put(target, [toEntry(), toEntry(more), toEntry()])
      expect(answer).toMatchObject({
        FailedEntryCount: 1,
        Entries: [
          { EventId: expect.any(String) },
          { ErrorCode: code, ErrorMessage: expect.any(String) },
          { EventId: expect.any(String) },
        ],
      })
      expect(answer.Entries?.[1]?.EventId).toBeUndefined()
    },
  }),
)

const refusedFor = (entries: PutEventsRequestEntry[]): Pick<Claim, 'holds'> => ({
  async holds(target) {
    await expect(put(target, entries)).rejects.toMatchObject({ name: 'ValidationException' })
  },
})

const takes = (entries: PutEventsRequestEntry[]): Pick<Claim, 'holds'> => ({
  async holds(target) {
    expect((await put(target, entries)).FailedEntryCount).toBe(0)
  },
})

const sized: Claim[] = [
  {
    id: 'eb-210',
    says: 'no entry is refused as a whole',
    source: 'model: eventbridge PutEventsRequest',
    ...refusedFor([]),
  },
  {
    id: 'eb-211',
    says: 'ten entries are taken',
    source: 'model: eventbridge PutEventsRequest',
    ...takes(Array.from({ length: 10 }, () => toEntry())),
  },
  {
    id: 'eb-212',
    says: 'eleven entries are refused as a whole',
    source: 'model: eventbridge PutEventsRequest',
    ...refusedFor(Array.from({ length: 11 }, () => toEntry())),
  },
  { id: 'eb-213', says: 'a call just under 1 MB is taken', source: size, ...takes([toEntryOf(limitBytes - 1)]) },
  {
    id: 'eb-214',
    says: 'a call over 1 MB is refused as a whole',
    source: size,
    ...refusedFor([toEntryOf(limitBytes + 1)]),
  },
  {
    id: 'eb-215',
    says: 'the size is that of all entries together',
    source: size,
    ...refusedFor([toEntryOf(limitBytes / 2), toEntryOf(limitBytes / 2 + 1)]),
  },
  {
    id: 'eb-216',
    says: 'a time counts 14 bytes',
    source: size,
    async holds(target) {
      const Time = new Date('2026-11-20T00:00:00Z')
      expect((await put(target, [toEntryOf(limitBytes - 15, { Time })])).FailedEntryCount).toBe(0)
      await expect(put(target, [toEntryOf(limitBytes - 13, { Time })])).rejects.toMatchObject({
        name: 'ValidationException',
      })
    },
  },
  {
    id: 'eb-217',
    says: 'resources count with their bytes',
    source: size,
    ...refusedFor([toEntryOf(limitBytes - 5, { Resources: ['arn:x', 'y'] })]),
  },
  {
    id: 'eb-218',
    says: 'texts count in UTF-8',
    source: size,
    ...refusedFor([toEntry({ Detail: JSON.stringify({ x: 'é'.repeat(limitBytes / 2) }) })]),
  },
]

const buses: Claim[] = [
  {
    id: 'eb-220',
    says: 'a resent entry gets another id',
    source: 'model: eventbridge PutEventsResultEntry',
    async holds(target) {
      const { Entries = [] } = await put(target, [toEntry(), toEntry()])
      expect(new Set(Entries.map(({ EventId }) => EventId)).size).toBe(2)
    },
  },
  {
    id: 'eb-221',
    says: 'an entry for a bus that the account does not have gets an id all the same',
    source: 'aws/aws-sdk issue 186',
    ...takes([toEntry({ EventBusName: 'sluice-contract-no-such-bus' })]),
  },
  {
    id: 'eb-222',
    says: 'an entry for a bus that another account does not have is refused like one that admits nobody',
    source: model,
    needs: ['second-account'],
    async holds(target) {
      const EventBusName = busArn(target, 'sluice-contract-no-such-bus', target.otherAccount)
      const { Entries } = await put(target, [toEntry({ EventBusName })])
      expect(Entries).toMatchObject([{ ErrorCode: 'AccessDeniedException' }])
    },
  },
]

putClaims([...entryClaims, ...sized, ...buses])
