// Queue attributes. In: the attributes of CreateQueue and SetQueueAttributes. Out: checked ones, or SQS's error.
// Never: accepts an attribute that the sandbox would not act on.

import { type Input, isRecord } from '../input.ts'
import { parsePolicy } from '../policy.ts'
import { AwsError } from '../service.ts'
import { invalidValue, unsupported } from './errors.ts'

/** Whole numbers with their range and default. */
const numbers: Record<string, { from: number; to: number; initial: number }> = {
  DelaySeconds: { from: 0, to: 900, initial: 0 },
  MaximumMessageSize: { from: 1024, to: 1_048_576, initial: 1_048_576 },
  MessageRetentionPeriod: { from: 60, to: 1_209_600, initial: 345_600 },
  ReceiveMessageWaitTimeSeconds: { from: 0, to: 20, initial: 0 },
  VisibilityTimeout: { from: 0, to: 43_200, initial: 30 },
}

export const defaultAttributes: Record<string, string> = {
  ...Object.fromEntries(Object.entries(numbers).map(([name, { initial }]) => [name, String(initial)])),
  SqsManagedSseEnabled: 'true',
}

export interface RedrivePolicy {
  deadLetterTargetArn: string
  maxReceiveCount: number
}

/** Checks each by itself; an empty text removes a policy. */
export function parseQueueAttributes(input: Input | undefined): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(input ?? {})) {
    if (typeof value !== 'string') throw new AwsError('SerializationException', `Attribute "${name}" must be a string.`)
    checkAttribute(name, value)
    attributes[name] = Object.hasOwn(numbers, name) ? String(Number(value)) : value
  }
  return attributes
}

function checkAttribute(name: string, value: string): void {
  const range = Object.hasOwn(numbers, name) ? numbers[name] : undefined
  if (range) {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= range.from && number <= range.to))
      throw invalidAttribute(name, value, `${range.from} to ${range.to}`)
    return
  }
  switch (name) {
    case 'Policy':
      return checkPolicy(value)
    case 'RedrivePolicy':
      if (value !== '') readRedrivePolicy(value)
      return
    case 'RedriveAllowPolicy':
      if (value !== '') readRedriveAllowPolicy(value)
      return
    case 'SqsManagedSseEnabled':
      if (value !== 'true' && value !== 'false') throw invalidAttribute(name, value, 'true or false')
      return
    case 'FifoQueue':
    case 'ContentBasedDeduplication':
    case 'DeduplicationScope':
    case 'FifoThroughputLimit':
      throw unsupported(`The sandbox has standard queues only, no FIFO (attribute ${name}).`)
    case 'KmsMasterKeyId':
    case 'KmsDataKeyReusePeriodSeconds':
      throw unsupported(`The sandbox does not implement KMS keys (attribute ${name}).`)
    default:
      throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`)
  }
}

function checkPolicy(value: string): void {
  if (value === '') return
  const reading = parsePolicy(value)
  if (reading.kind === 'refused') throw invalidAttribute('Policy', value, `a resource policy: ${reading.problem}`)
  if (reading.policy.Statement.some((statement) => statement.Resource === undefined)) {
    throw invalidAttribute('Policy', value, 'a resource policy: every statement needs a Resource')
  }
}

/** `maxReceiveCount` comes as a number or as text. */
export function readRedrivePolicy(text: string): RedrivePolicy {
  const value = readJson('RedrivePolicy', text)
  const count = Number(value['maxReceiveCount'])
  const arn = value['deadLetterTargetArn']
  if (typeof arn !== 'string') throw invalidRedrive(text, 'Invalid value for deadLetterTargetArn.')
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw invalidRedrive(text, 'Invalid value for maxReceiveCount, valid values are from 1 to 1000 both inclusive.')
  return { deadLetterTargetArn: arn, maxReceiveCount: count }
}

/** Which queues may name this one as their dead-letter queue. */
export function readRedriveAllowPolicy(text: string): (sourceArn: string) => boolean {
  const value = readJson('RedriveAllowPolicy', text)
  const sources = value['sourceQueueArns']
  if (value['redrivePermission'] === 'allowAll') return () => true
  if (value['redrivePermission'] === 'denyAll') return () => false
  if (value['redrivePermission'] === 'byQueue' && Array.isArray(sources) && sources.length <= 10) {
    return (sourceArn) => sources.includes(sourceArn)
  }
  throw invalidAttribute(
    'RedriveAllowPolicy',
    text,
    'redrivePermission allowAll, denyAll, or byQueue and sourceQueueArns',
  )
}

function readJson(name: string, text: string): Input {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw invalidValue(text, name, 'Must be a JSON object.')
}

/** Not InvalidAttributeValue, as one would think: seen on AWS. */
export function invalidRedrive(text: string, reason: string): AwsError {
  return invalidValue(text, 'RedrivePolicy', reason)
}

export function invalidAttribute(name: string, value: string, wanted: string): AwsError {
  return new AwsError('InvalidAttributeValue', `Invalid value "${value}" for the parameter ${name}: wanted ${wanted}.`)
}
