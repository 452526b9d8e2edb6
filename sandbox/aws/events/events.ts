// EventBridge classic. In: AwsJson1.1 calls, and events of other services. Out: the service, and the road onto default buses.
// Never: archives, schedules, pipes or transforms; they are refused where they are named.

import type { JsonService, Roads } from '../service.ts'
import { createBuses } from './bus.ts'
import { createBusOperations } from './bus-operations.ts'
import { toEnvelope } from './envelope.ts'
import { createPermissionOperations } from './permission-operations.ts'
import { createPutting } from './put-events.ts'
import { createRouting, type RoutingParts } from './routing.ts'
import { createRuleOperations } from './rule-operations.ts'
import { createTagOperations } from './tag-operations.ts'
import { createTargetOperations } from './target-operations.ts'

export interface Events {
  service: JsonService
  putAwsEvent: Roads['putAwsEvent']
}

export function createEvents(parts: Omit<RoutingParts, 'buses'>): Events {
  const buses = createBuses(() => parts.clock.nowMs())
  const routing = createRouting({ ...parts, buses })
  const service: JsonService = {
    name: 'events',
    targetPrefix: 'AWSEvents',
    contentType: 'application/x-amz-json-1.1',
    operations: {
      ...createBusOperations(parts, buses),
      ...createPermissionOperations(parts, buses),
      ...createRuleOperations(buses),
      ...createTargetOperations(buses),
      ...createTagOperations(buses),
      ...createPutting({ ...parts, buses, routing }),
    },
    close() {},
  }
  return {
    service,
    putAwsEvent(caller, event) {
      routing.accept(buses.require('default', caller), toEnvelope(event, caller, parts.clock.nowMs()))
    },
  }
}
