// SQS: standard queues. In: AwsJson1.0 calls, and deliveries of other services. Out: the service, and the road into queues.
// Never: FIFO, KMS; they are refused where they are named.

import type { OrganizationOf } from '../caller.ts'
import type { JsonService, Roads, Surroundings } from '../service.ts'
import { createDeliverToQueue } from './delivery.ts'
import { toWireError } from './errors.ts'
import { createInFlight } from './in-flight.ts'
import { createMoveTasks } from './move-task.ts'
import { createPermissions } from './permissions.ts'
import { createQueueOperations } from './queue-operations.ts'
import { createQueues } from './queues.ts'
import { createReceiving } from './receive.ts'
import { createSending } from './send.ts'

export interface Sqs {
  service: JsonService
  deliverToQueue: Roads['deliverToQueue']
}

export function createSqs(
  parts: Pick<Surroundings, 'clock' | 'ledger' | 'faults'>,
  endpoint: string,
  organizationOf: OrganizationOf,
): Sqs {
  const queues = createQueues(organizationOf)
  const service: JsonService = {
    name: 'sqs',
    targetPrefix: 'AmazonSQS',
    contentType: 'application/x-amz-json-1.0',
    operations: {
      ...createQueueOperations(parts, queues, endpoint),
      ...createSending(parts, queues),
      ...createReceiving(parts, queues),
      ...createInFlight(parts, queues),
      ...createMoveTasks(parts, queues),
      ...createPermissions(queues),
    },
    toWireError,
    close() {
      for (const queue of queues.all()) queue.cancelWake?.()
    },
  }
  return { service, deliverToQueue: createDeliverToQueue(parts, queues) }
}
