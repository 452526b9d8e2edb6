// Messages as EventBridge puts them into a domain's queue, many of them. In: what they say. Out: bodies, sent in batches.
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { toRefreshEntry } from '../cli/refresh-entry.ts'
import { type CycleId, parseCycleId } from '../model/ids.ts'
import { RAW_ACCOUNT } from './mesh-folder.ts'

/** The event of an upstream's cycle, `raw/u1/2026-11-20`, after it was forwarded. */
export function toMessage(cycle: string, number: number, region: string): string {
  const parts = parseCycleId(cycle as CycleId)
  if (!parts) throw new Error(`"${cycle}" is no cycle.`)
  const time = new Date().toISOString()
  const entry = toRefreshEntry('', { ...parts, revision: 1, location: null, occurredAt: time })
  return JSON.stringify({
    ...{ version: '0', id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` },
    ...{ 'detail-type': entry.DetailType, source: entry.Source, account: RAW_ACCOUNT, time, region, resources: [] },
    detail: JSON.parse(entry.Detail) as unknown,
  })
}

/** Answers the messages' ids, in order. */
export async function sendTen(sqs: SQSClient, QueueUrl: string, bodies: readonly string[]): Promise<string[]> {
  const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }))
  const { Failed, Successful = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  if (Failed?.length) throw new Error(`The queue refused messages: ${JSON.stringify(Failed)}`)
  const ids = new Map(Successful.map(({ Id, MessageId }) => [Id, MessageId ?? '']))
  return bodies.map((_, at) => ids.get(String(at)) ?? '')
}

/** Lists of ten, the last perhaps shorter. */
export const inTens = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / 10) }, (_, at) => items.slice(at * 10, at * 10 + 10))
