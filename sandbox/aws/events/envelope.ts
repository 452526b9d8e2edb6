// The event as targets get it. In: one PutEvents entry, or an AWS service's event. Out: the envelope, or the entry's error.
// Never: takes an `aws.` source from a caller; trusts an account, region or id that the caller names.

import { randomUUID } from 'node:crypto'
import { type Input, isRecord, readText, readTexts } from '../input.ts'
import { AwsError, type Caller } from '../service.ts'

export interface EventEnvelope {
  version: '0'
  id: string
  'detail-type': string
  source: string
  account: string
  time: string
  region: string
  resources: string[]
  detail: Record<string, unknown>
}

/** Checks in AWS's order of arguments; the error's code is the entry's `ErrorCode`. */
export function parseEntry(entry: Input, caller: Caller, nowMs: number): EventEnvelope {
  const source = requireArgument(entry, 'Source')
  const detailType = requireArgument(entry, 'DetailType')
  const detail = parseDetail(requireArgument(entry, 'Detail'))
  if (source.startsWith('aws.')) {
    throw new AwsError('NotAuthorizedForSourceException', 'Not authorized for the source.')
  }
  if (entry['TraceHeader'] !== undefined) readText(entry, 'TraceHeader')
  const resources = readTexts(entry, 'Resources') ?? []
  return toEnvelope({ source, detailType, detail, resources }, caller, readTime(entry) ?? nowMs)
}

export function toEnvelope(
  event: { source: string; detailType: string; detail: Record<string, unknown>; resources?: string[] },
  { account, region }: Caller,
  atMs: number,
): EventEnvelope {
  const { source, detailType, detail, resources = [] } = event
  const time = `${new Date(atMs).toISOString().slice(0, 19)}Z`
  return { version: '0', id: randomUUID(), 'detail-type': detailType, source, account, time, region, resources, detail }
}

/** What an event is looked up by in the ledger; `metadataId` is the producer's own id, `detail.metadata.id`. */
export function eventFacts(event: EventEnvelope): Record<string, unknown> {
  const metadata = event.detail['metadata']
  const metadataId = isRecord(metadata) ? metadata['id'] : undefined
  return { eventId: event.id, source: event.source, detailType: event['detail-type'], metadataId }
}

/** What counts towards the size of a call: 14 bytes for a time, then the UTF-8 of the texts. */
export function sizeOfEntry(entry: Input): number {
  const texts = [
    entry['Source'],
    entry['DetailType'],
    entry['Detail'],
    ...((entry['Resources'] as unknown[] | undefined) ?? []),
  ]
  const sizes = texts.map((text) => (typeof text === 'string' ? Buffer.byteLength(text) : 0))
  return sizes.reduce((sum, size) => sum + size, entry['Time'] === undefined ? 0 : 14)
}

function requireArgument(entry: Input, name: string): string {
  const value = readText(entry, name)
  if (value !== undefined && value !== '') return value
  const reason = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`
  throw new AwsError('InvalidArgument', reason)
}

function parseDetail(text: string): Record<string, unknown> {
  try {
    const detail: unknown = JSON.parse(text)
    if (isRecord(detail)) return detail
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw new AwsError('MalformedDetail', 'Detail is malformed.')
}

/** JSON 1.1 carries times as seconds since 1970. */
function readTime(entry: Input): number | undefined {
  const time = entry['Time']
  if (time === undefined || time === null) return undefined
  const ms = typeof time === 'number' ? time * 1000 : Date.parse(String(time))
  if (!Number.isNaN(new Date(ms).getTime())) return ms
  throw new AwsError('SerializationException', '"Time" must be a timestamp.')
}
