// SQS's error names. In: an AwsError. Out: its names on the wire: the JSON type and the older query protocol's code.
// Never: invents a code; what is not listed has the same name in both protocols.

import { AwsError } from '../service.ts'

const queryCodes: Record<string, string> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
  QueueNameExists: 'QueueAlreadyExists',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
}

export function toWireError(error: AwsError): { type: string; headers: Record<string, string> } {
  const queryCode = queryCodes[error.code] ?? error.code
  const fault = error.status >= 500 ? 'Receiver' : 'Sender'
  return { type: `com.amazonaws.sqs#${error.code}`, headers: { 'x-amzn-query-error': `${queryCode};${fault}` } }
}

export function missingParameter(name: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${name}.`)
}

export function invalidValue(value: unknown, name: string, reason: string): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`,
  )
}

export function queueDoesNotExist(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.')
}

export function unsupported(message: string): AwsError {
  return new AwsError('UnsupportedOperation', message)
}
