// Which services there are, and the roads between them. In: clock, ledger, faults and how the sandbox shall behave.
// Out: the services. Never: lets a service import another; they meet here only.

import type { OrganizationOf } from './caller.ts'
import { createEvents } from './events/events.ts'
import { createGlue, type GlueOptions } from './glue/glue.ts'
import { createS3 } from './s3/s3.ts'
import type { JsonService, RestService, Surroundings } from './service.ts'
import { createSqs } from './sqs/sqs.ts'
import { createSts } from './sts.ts'

export interface Services {
  json: JsonService[]
  rest: RestService[]
  /** What a Glue run printed; undefined when it never ran. */
  glueLog(runId: string): string | undefined
}

export interface Behaviour {
  endpoint: string
  forwardedAccount: 'origin' | 'bus'
  organizationOf: OrganizationOf
  glue?: Omit<GlueOptions, 'endpoint'>
}

export function createServices(parts: Omit<Surroundings, 'roads'>, behaviour: Behaviour): Services {
  const { endpoint, forwardedAccount, organizationOf } = behaviour
  const { service: sqs, deliverToQueue } = createSqs(parts, endpoint, organizationOf)
  const { service: events, putAwsEvent } = createEvents({ ...parts, deliverToQueue, forwardedAccount, organizationOf })
  const surroundings: Surroundings = { ...parts, roads: { putAwsEvent, deliverToQueue } }
  const glue = createGlue(surroundings, { ...behaviour.glue, endpoint })
  return { json: [sqs, events, glue], rest: [createS3(surroundings), createSts(parts)], glueLog: glue.log }
}
