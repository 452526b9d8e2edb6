// Which notifications a bucket sends. In: a NotificationConfiguration document. Out: rules, or S3's refusal of them;
// and for an event the rules that want it. Never: accepts a destination that the sandbox cannot deliver to.

import { AwsError } from '../service.ts'
import { malformed, recordsOf, textsOf, type XmlFields } from './xml.ts'

export interface NotificationRule {
  id: string
  queueArn: string
  /** `s3:ObjectCreated:*` and the like. */
  events: string[]
  prefix: string
  suffix: string
}

const knownEvents =
  /^s3:(ObjectCreated:(\*|Put|Post|Copy|CompleteMultipartUpload)|ObjectRemoved:(\*|Delete|DeleteMarkerCreated))$/

/** Parses and validates the children of a `NotificationConfiguration`. */
export function parseRules(document: Record<string, unknown>): NotificationRule[] {
  for (const name of ['TopicConfiguration', 'CloudFunctionConfiguration']) {
    if (document[name] === undefined) continue
    const message = `The sandbox's S3 notifies SQS queues and EventBridge only; it does not implement ${name}.`
    throw new AwsError('NotImplemented', message, 501)
  }
  const rules = recordsOf(document.QueueConfiguration).map(parseRule)
  requireDistinct(rules)
  return rules
}

/** A key as notifications carry it: form-encoded, the slash as is. Filters are compared with this text. */
export function encodeKey(key: string): string {
  return new URLSearchParams({ key }).toString().slice('key='.length).replaceAll('%2F', '/')
}

/** The rules that want this event of this key. */
export function matchRules(rules: NotificationRule[], eventName: string, key: string): NotificationRule[] {
  const encoded = encodeKey(key)
  return rules.filter(
    (rule) =>
      rule.events.some((wanted) => isEventWanted(wanted, eventName)) &&
      encoded.startsWith(rule.prefix) &&
      encoded.endsWith(rule.suffix),
  )
}

/** The rules as GetBucketNotificationConfiguration shows them. */
export function toRuleFields(rules: NotificationRule[]): XmlFields {
  return {
    QueueConfiguration: rules.map((rule) => {
      const filters = [
        ['prefix', rule.prefix],
        ['suffix', rule.suffix],
      ].filter(([, value]) => value !== '')
      return {
        Id: rule.id,
        Queue: rule.queueArn,
        Event: rule.events,
        Filter: filters.length
          ? { S3Key: { FilterRule: filters.map(([Name, Value]) => ({ Name, Value })) } }
          : undefined,
      }
    }),
  }
}

function parseRule(fields: Record<string, unknown>, index: number): NotificationRule {
  const [id = `sandbox-${index + 1}`] = textsOf(fields.Id)
  const [queueArn] = textsOf(fields.Queue)
  const events = textsOf(fields.Event)
  if (queueArn === undefined || events.length === 0) throw malformed()
  const unknown = events.find((event) => !knownEvents.test(event))
  if (unknown !== undefined) {
    throw invalid(`The event is not supported for notifications, or not by the sandbox: ${unknown}`)
  }
  return { id, queueArn, events, ...parseFilter(fields.Filter) }
}

function parseFilter(filter: unknown): { prefix: string; suffix: string } {
  const values = { prefix: '', suffix: '' }
  const keys = recordsOf(filter).flatMap((part) => recordsOf(part.S3Key))
  for (const rule of keys.flatMap((part) => recordsOf(part.FilterRule))) {
    const name = textsOf(rule.Name)[0]?.toLowerCase()
    if (name !== 'prefix' && name !== 'suffix') throw invalid('filter rule name must be either prefix or suffix')
    if (values[name] !== '') throw invalid('Cannot specify more than one prefix or suffix rule in a filter.')
    values[name] = textsOf(rule.Value)[0] ?? ''
  }
  return values
}

/** S3 refuses two rules that one event of one key could both match. */
function requireDistinct(rules: NotificationRule[]): void {
  rules.forEach((rule, index) => {
    for (const other of rules.slice(index + 1)) {
      const shareEvent = rule.events.some((event) => other.events.some((wanted) => isOverlap(event, wanted)))
      const sharePrefix = rule.prefix.startsWith(other.prefix) || other.prefix.startsWith(rule.prefix)
      const shareSuffix = rule.suffix.endsWith(other.suffix) || other.suffix.endsWith(rule.suffix)
      if (rule.id === other.id) throw invalid('Same ID used for multiple configurations. IDs must be unique.')
      if (shareEvent && sharePrefix && shareSuffix) {
        throw invalid(
          'Configurations overlap. Configurations on the same bucket cannot share a common event type ' +
            `with overlapping prefixes and suffixes: ${rule.id}, ${other.id}.`,
        )
      }
    }
  })
}

const isOverlap = (one: string, other: string) => isEventWanted(one, other) || isEventWanted(other, one)

const isEventWanted = (wanted: string, eventName: string) =>
  wanted === eventName || (wanted.endsWith(':*') && eventName.startsWith(wanted.slice(0, -1)))

const invalid = (message: string) => new AwsError('InvalidArgument', message)
