// What the sandbox's ledger tells, by the questions that invariants ask. In: its rows. Out: puts, runs, messages. Pure.
import { type CycleId, type Domain, parseEventId } from '../model/ids.ts'
import { REFRESHED } from '../model/refresh-event.ts'
import type { SandboxRow } from './evidence.ts'

export interface PutEvent {
  seq: number
  atMs: number
  eventId: string
}

/** Refresh events that the bus accepted, repeats included. */
export const refreshesPut = (rows: SandboxRow[]): PutEvent[] =>
  rows
    .filter(({ kind, operation, outcome }) => kind === 'call' && operation === 'PutEvents' && outcome === 'ok')
    .flatMap(({ seq, atMs, facts }) =>
      ((facts['entries'] ?? []) as { metadataId?: string; detailType?: string; errorCode?: string }[]).flatMap(
        ({ metadataId, detailType, errorCode }) =>
          metadataId && !errorCode && detailType === REFRESHED ? [{ seq, atMs, eventId: metadataId }] : [],
      ),
    )

export interface GlueRunRows {
  seq: number
  cycle: string
  attempt: number
  runId: string
  state: string
}

/** Each Glue run that really began with our arguments, also one whose answer was lost; with its last state. */
export function glueRuns(rows: SandboxRow[]): GlueRunRows[] {
  const runs = new Map<string, GlueRunRows>()
  for (const { kind, seq, outcome = '', facts } of rows) {
    if (kind !== 'run-state' || facts['workflowId'] === undefined) continue
    const runId = String(facts['JobRunId'])
    const known = runs.get(runId)
    if (known) known.state = outcome
    else
      runs.set(runId, {
        ...{ seq, runId, state: outcome },
        ...{ cycle: String(facts['workflowId']), attempt: Number(facts['attempt']) },
      })
  }
  return [...runs.values()]
}

export interface QueuedEvent {
  seq: number
  atMs: number
  domain: Domain
  eventId: string
  messageId: string
  cycle: CycleId
  revision: number
}

/** Refresh events that a rule put into the queue of a domain, and that its source may say; repeats included. */
export const refreshesQueued = (rows: SandboxRow[], domains: Domain[]): QueuedEvent[] =>
  rows.flatMap(({ seq, atMs, kind, facts }) => {
    const eventId = String(facts['metadataId'])
    const subject = parseEventId(eventId)
    const domain = domains.find((known) => String(facts['targetArn']).endsWith(`:sluice-${known}-events`))
    const isSaid = facts['detailType'] === REFRESHED && facts['source'] === `dataproduct.${eventId.split('/')[0]}`
    if (kind !== 'event-routed' || !subject || !domain || !isSaid) return []
    return [{ seq, atMs, domain, eventId, messageId: String(facts['messageId']), ...subject }]
  })
