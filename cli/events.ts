// In: what to see or send again. Out: rows of the ledger as they are written; events on a queue.
// Never: a redrive of a body that was not kept.
import { setTimeout as pause } from 'node:timers/promises'
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs'
import { namesOf } from '../clients/config.ts'
import { type LedgerEvent, listEvents, listUntaken, takeForRedrive } from '../mirror/events.ts'
import type { Domain } from '../model/ids.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toCount, toTable } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

interface ListOptions {
  domain?: string
  last: number
  stack?: string
  output: Output
}

const LOOK_MS = 500
const PAGE = 200

export async function tail(options: ListOptions & { once: boolean }): Promise<number> {
  const filter = options.domain ? { domain: options.domain as Domain } : {}
  return withConnection(options, CENTRAL, async ({ db }) => {
    const past = (await listEvents(db(), { ...filter, limit: options.last })).toSorted(
      (a, b) => a.position - b.position,
    )
    for (const event of past) show(event, options.output)
    if (past.length === 0 && options.output === 'table') talk('No event has come yet.')
    const stopping = new AbortController()
    process.once('SIGINT', () => stopping.abort())
    let after = Math.max(0, ...past.map(({ position }) => position))
    while (!options.once && !stopping.signal.aborted) {
      const news = await listEvents(db(), { ...filter, after, limit: PAGE })
      for (const event of news) show(event, options.output)
      after = Math.max(after, ...news.map(({ position }) => position))
      if (news.length < PAGE) await pause(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
    return options.once ? 0 : EXIT.interrupted
  })
}

/** JSON as one line per event: the stream has no end. */
function show(event: LedgerEvent, output: Output): void {
  if (output === 'json') return print(JSON.stringify(event))
  const said = event.reason ? ` (${event.reason})` : ''
  const cycles = event.deliveries.map(
    ({ cycle, outcome, note }) => `\n    -> ${cycle} ${outcome}${note ? ` (${note})` : ''}`,
  )
  print(
    `${event.firstSeenAt}  ${event.domain}  ${event.eventId}  ${event.outcome}${said}${event.seen > 1 ? ` ×${event.seen}` : ''}${cycles.join('')}`,
  )
}

export async function unmatched(options: ListOptions): Promise<number> {
  return withConnection(options, CENTRAL, async ({ db }) => {
    const filter = options.domain ? { domain: options.domain as Domain } : {}
    const rows = await listUntaken(db(), { ...filter, limit: options.last })
    if (options.output === 'json') printJson(rows)
    else if (rows.length === 0) talk('None: every event was for a cycle.')
    else {
      const cells = rows.map((row) => [
        row.firstSeenAt,
        row.domain,
        row.eventId,
        row.outcome + (row.redrivenAt ? ', sent again' : ''),
        row.reason ?? '',
      ])
      print(toTable(['seen', 'domain', 'event', '', 'why'], cells))
    }
    return 0
  })
}

interface RedriveOptions {
  deadLetters: boolean
  stack?: string
  output: Output
}

export async function redrive(domain: string, ids: string[], options: RedriveOptions): Promise<number> {
  if (ids.length === 0 && !options.deadLetters) {
    throw new CommandFailure(
      EXIT.failed,
      'Name the events to send again, or say --dead-letters. They are listed by: sluice events unmatched',
    )
  }
  return withConnection(options, domain, async ({ aws, db }) => {
    const { sqs } = await aws()
    const sent = ids.length > 0 ? await takeForRedrive(db(), domain as Domain, ids) : []
    const { queueName, deadLetterQueueName } = namesOf(domain)
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }))
    for (const { body } of sent) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }))
    const moved = options.deadLetters ? await moveDeadLetters(sqs, deadLetterQueueName, queueName) : 0
    const missing = ids.filter((id) => !sent.some(({ eventId }) => eventId === id))
    if (options.output === 'json') printJson({ sent: sent.map(({ eventId }) => eventId), moved, missing })
    else {
      print(`${toCount(sent.length, 'event')} sent again, ${toCount(moved, 'dead letter')} moved back.`)
      for (const id of missing)
        print(`not sent: ${id} (the ledger of ${domain} does not know it, or keeps no body of it)`)
    }
    return missing.length > 0 ? EXIT.failed : 0
  })
}

async function moveDeadLetters(sqs: SQSClient, from: string, to: string): Promise<number> {
  const [SourceArn, DestinationArn] = await Promise.all([arnOf(sqs, from), arnOf(sqs, to)])
  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }))
  for (;;) {
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }))
    const [task] = Results ?? []
    if (task?.Status !== 'RUNNING') return task?.ApproximateNumberOfMessagesMoved ?? 0
    talk(`${task.ApproximateNumberOfMessagesMoved ?? 0} moved so far …`)
    await pause(LOOK_MS)
  }
}

async function arnOf(sqs: SQSClient, QueueName: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  return Attributes?.['QueueArn'] ?? ''
}
