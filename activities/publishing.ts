// Tells the mesh: refreshed, or not refreshed; and the domain's people when a cycle failed.
// In: what to say. Out: said at least once, always under the same id. Never: on another bus than the visibility names.
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { GetQueueUrlCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { ApplicationFailure } from '@temporalio/common'
import { toGlueLogLink } from '../model/glue-log.ts'
import { domainOf, nameOf, toEventId } from '../model/ids.ts'
import type { LatenessNotice } from '../model/lateness/notices.ts'
import {
  type EventMetadata,
  NOT_REFRESHED,
  type NotRefreshedEvent,
  type Publication,
  REFRESHED,
  type RefreshEvent,
  SCHEMA_VERSION,
  toEventSource,
} from '../model/refresh-event.ts'
import type { CycleActivities, NotRefreshedNotice } from '../workflows/contract.ts'
import { ANY_CALL, NOTICE_RULES, toAwsFailure } from './aws-failures.ts'

export interface PublishingParts {
  events: EventBridgeClient
  sqs: SQSClient
  account: string
  region: string
  centralBusArn: string
  domainBusName: string
  notificationQueueName: string
  /** Of Sluice itself; stands in each event's `producer`. */
  softwareVersion: string
  nowMs(): number
}

type PublishingActivities = Pick<CycleActivities, 'publishRefreshEvent' | 'publishNotRefreshed' | 'notifyFailure'> & {
  notifyLateness(notice: LatenessNotice): Promise<void>
}

export const createPublishing = (parts: PublishingParts): PublishingActivities => ({
  /** May run twice: the event id follows from product, cycle and revision. */
  async publishRefreshEvent(publication) {
    const event = toRefreshEvent(publication, toMetadata(parts, publication.occurredAt, publication))
    await put(parts, REFRESHED, publication.product, publication.visibility, event)
    return { eventId: event.metadata.id }
  },

  /** May run twice: the id follows from the cycle's run and version. */
  async publishNotRefreshed(notice) {
    const event = toNotRefreshedEvent(notice, toMetadata(parts, notice.occurredAt, notice))
    await put(parts, NOT_REFRESHED, notice.product, notice.visibility, event)
  },

  /** May run twice: whoever reads the queue knows a repeat by the notice's id. */
  async notifyFailure(notice) {
    const where = { account: parts.account, region: parts.region, ...notice.run }
    const logLink = notice.run && toGlueLogLink(parts.region, notice.run.runId)
    await notify(parts, { ...notice, kind: 'failed', where, logLink }, `that ${notice.cycle} failed`)
  },

  /** The same. */
  async notifyLateness(notice) {
    await notify(parts, notice, `of what is late for ${notice.cause}`)
  },
})

/** Three kinds of notices lie in the queue, told apart by `kind`: failed, late, will-be-late. */
async function notify(parts: PublishingParts, notice: object, what: string): Promise<void> {
  try {
    const queue = await parts.sqs.send(new GetQueueUrlCommand({ QueueName: parts.notificationQueueName }))
    await parts.sqs.send(new SendMessageCommand({ QueueUrl: queue.QueueUrl, MessageBody: JSON.stringify(notice) }))
  } catch (error) {
    throw toAwsFailure(error, `notify ${parts.notificationQueueName} ${what}`, NOTICE_RULES)
  }
}

/** Entry errors that no repeat mends; all others (InternalFailure, ThrottlingException …) are tried again. */
const FINAL_ENTRY_ERRORS = new Set([
  'AccessDeniedException',
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForSourceException',
])

async function put(
  parts: PublishingParts,
  detailType: string,
  product: Publication['product'],
  visibility: Publication['visibility'],
  event: RefreshEvent | NotRefreshedEvent,
): Promise<void> {
  const bus = visibility === 'mesh' ? parts.centralBusArn : parts.domainBusName
  const tried = `publish ${event.metadata.id} on bus ${bus}`
  const entry = {
    EventBusName: bus,
    Source: toEventSource(domainOf(product)),
    DetailType: detailType,
    Detail: JSON.stringify(event),
  }
  const answer = await parts.events.send(new PutEventsCommand({ Entries: [entry] })).catch((error: unknown) => {
    throw toAwsFailure(error, tried, ANY_CALL)
  })
  const failed = answer.Entries?.find((result) => result.ErrorCode)
  if (!failed) return
  const isFinal = FINAL_ENTRY_ERRORS.has(failed.ErrorCode ?? '')
  const advice = isFinal ? 'Mend the bus policy or the event, then rerun the cycle.' : 'It is tried again by itself.'
  throw ApplicationFailure.create({
    message: `Could not ${tried}: ${failed.ErrorCode}: ${failed.ErrorMessage}. ${advice}`,
    type: 'PublishRefused',
    nonRetryable: isFinal,
  })
}

function toMetadata(
  parts: PublishingParts,
  occurredAt: string,
  cause: { correlationId: string; causationIds: string[] },
): Omit<EventMetadata, 'id'> {
  return {
    schemaVersion: SCHEMA_VERSION,
    occurredAt,
    publishedAt: new Date(parts.nowMs()).toISOString(),
    correlationId: cause.correlationId,
    causationIds: cause.causationIds,
    producer: { account: parts.account, region: parts.region, component: 'sluice', version: parts.softwareVersion },
  }
}

function toRefreshEvent(publication: Publication, metadata: Omit<EventMetadata, 'id'>): RefreshEvent {
  const { product, location } = publication
  const [, bucket = ''] = /^s3:\/\/([^/]+)\//.exec(location) ?? []
  return {
    metadata: { id: toEventId(publication.cycle, publication.revision), ...metadata },
    data: {
      domain: domainOf(product),
      product: nameOf(product),
      cycle: publication.key,
      calendar: publication.calendar,
      revision: publication.revision,
      kind: publication.kind,
      definitionVersion: publication.definitionVersion,
      attempt: publication.attempt,
      executor: 'glue',
      externalRunId: publication.runId,
      dataset: { namespace: `s3://${bucket}`, name: nameOf(product), location, format: 'parquet' },
      builtFrom: publication.builtFrom,
      builtWithout: publication.builtWithout,
      ...(publication.cascade && { cascade: publication.cascade }),
    },
  }
}

const toNotRefreshedEvent = (notice: NotRefreshedNotice, metadata: Omit<EventMetadata, 'id'>): NotRefreshedEvent => ({
  metadata: { id: notice.id, ...metadata },
  data: {
    domain: domainOf(notice.product),
    product: nameOf(notice.product),
    cycle: notice.key,
    state: notice.state,
    step: notice.step,
    reason: notice.reason,
  },
})
