// The bridge of a scenario: its own parts over the stage's Temporal and PostgreSQL, without queues. In: where a scenario
// stands. Out: what `handleBatch` needs, and a fact as an entry of the bus. Never: an event refused in silence.
import type { GlueClient } from '@aws-sdk/client-glue'
import pino from 'pino'
import { createCallPace } from '../../bridge/call-pace.ts'
import { createTakenBack } from '../../bridge/taken-back.ts'
import type { BatchParts } from '../../bridge/handle-batch.ts'
import { judgePast } from '../../mirror/judge-past.ts'
import { readPast } from '../../mirror/past.ts'
import { recordUntaken } from '../../mirror/ledger.ts'
import { listWaiting } from '../../mirror/missed.ts'
import { OPENING_WINDOW, type RoutingIndex } from '../../model/calendar/routing.ts'
import type { CycleSettings } from '../../model/cycle/cycle.ts'
import { type Domain, domainOf, nameOf } from '../../model/ids.ts'
import { REFRESHED } from '../../model/refresh-event.ts'
import type { EventFact } from '../../model/simulate/facts.ts'
import type { Entry, ScenarioStage } from './scenarios-stage.ts'

const CENTRAL_ACCOUNT = '999999999999'

interface Standing {
  domain: Domain
  index: RoutingIndex
  stage: ScenarioStage
  settings: CycleSettings
  nowMs(): number
}

export const toBatchParts = ({ domain, index, stage, settings, nowMs }: Standing): BatchParts => ({
  ...{ domain, temporal: stage.client, settings, centralAccount: CENTRAL_ACCOUNT, window: OPENING_WINDOW, nowMs },
  takenBack: createTakenBack(),
  index: { current: () => index, reload: async () => undefined },
  ledger: {
    recordUntaken: (rows) => recordUntaken(stage.db, domain, rows),
    judgePast: (question) => judgePast(stage.db, { domain, ...question }),
    readPast: (cycle) => readPast(stage.db, cycle),
    listWaiting: (upstream) => listWaiting(stage.db, domain, upstream),
  },
  deadLetters: {
    send: async (_body, { reason }) => {
      throw new Error(`refused: ${reason}`)
    },
  },
  ...{ glue: {} as GlueClient, glueCalls: createCallPace(1_000, 1_000), log: pino({ level: 'silent' }) },
})

export const toEntry = ({ arrival }: EventFact): Entry => {
  const { eventId: id, product, key: cycle, revision, location, correlationId, occurredAt } = arrival
  const metadata = { id, schemaVersion: '1.0', occurredAt, publishedAt: occurredAt, correlationId, causationIds: [] }
  const dataset = location === null ? {} : { dataset: { location } }
  const data = { domain: domainOf(product), product: nameOf(product), cycle, revision, ...dataset }
  return {
    Source: `dataproduct.${domainOf(product)}`,
    DetailType: REFRESHED,
    Detail: JSON.stringify({ metadata, data }),
  }
}
