// Batches. In: the entries of one batch call. Out: Successful and Failed, with HTTP 200 whatever became of an entry.
// Never: runs an entry of a batch that is refused as a whole.

import { type Input, readRecords, readText } from '../input.ts'
import { AwsError, type Call } from '../service.ts'
import { missingParameter } from './errors.ts'

export interface BatchEntry {
  id: string
  input: Input
}

/** One to ten entries with distinct ids. */
export function readBatch(input: Input): BatchEntry[] {
  const records = readRecords(input, 'Entries') ?? []
  if (records.length === 0) throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the batch.')
  if (records.length > 10) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${records.length}.`,
    )
  }
  const entries = records.map((record) => ({ id: requireId(record), input: record }))
  const repeated = entries.find((entry, index) => entries.findIndex((other) => other.id === entry.id) !== index)
  if (repeated) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${repeated.id} repeated.`)
  return entries
}

/** Runs each entry by itself; a `fail-entry` fault fails the entry of its index without running it. */
export function runBatch(entries: BatchEntry[], call: Call, run: (input: Input) => object) {
  const successful: object[] = []
  const failed: { Id: string; SenderFault: boolean; Code: string; Message: string }[] = []
  for (const [index, { id, input }] of entries.entries()) {
    try {
      if (call.fault?.kind === 'fail-entry' && call.fault.index === index) {
        throw new AwsError(call.fault.code, `Fault switch: ${call.fault.code}`, 500)
      }
      successful.push({ Id: id, ...run(input) })
    } catch (cause) {
      if (!(cause instanceof AwsError)) throw cause
      failed.push({ Id: id, SenderFault: cause.status < 500, Code: cause.code, Message: cause.message })
    }
  }
  Object.assign(call.facts, { successful: successful.length, failed: failed.length })
  return { Successful: successful, Failed: failed }
}

function requireId(record: Input): string {
  const id = readText(record, 'Id')
  if (id === undefined) throw missingParameter('Id')
  if (!/^[\w-]{1,80}$/.test(id)) {
    throw new AwsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores, at most 80.',
    )
  }
  return id
}
