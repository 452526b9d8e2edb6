// What the sandbox's ledger tells, by the questions that invariants ask. In: its rows. Out: puts, runs, messages. Pure.
import { type CycleId, type Domain, parseCycleId, parseEventId } from '../model/ids.ts'
import { NOT_REFRESHED, REFRESHED } from '../model/refresh-event.ts'
import type { SandboxRow } from './evidence.ts'

export interface PutEvent {
  seq: number
  atMs: number
  eventId: string
  busArn: string
}

interface PutEntry {
  metadataId?: string
  detailType?: string
  errorCode?: string
  busArn?: string
}

/** Refresh events that the bus accepted, repeats included. */
export const refreshesPut = (rows: SandboxRow[]): PutEvent[] => put(rows, REFRESHED)

/** Notices that a cycle did not refresh, likewise. */
export const noticesPut = (rows: SandboxRow[]): PutEvent[] => put(rows, NOT_REFRESHED)

const put = (rows: SandboxRow[], wanted: string): PutEvent[] =>
  rows
    .filter(({ kind, operation, outcome }) => kind === 'call' && operation === 'PutEvents' && outcome === 'ok')
    .flatMap(({ seq, atMs, facts }) =>
      ((facts['entries'] ?? []) as PutEntry[]).flatMap(({ metadataId, detailType, errorCode, busArn = '' }) =>
        metadataId && !errorCode && detailType === wanted ? [{ seq, atMs, eventId: metadataId, busArn }] : [],
      ),
    )

export interface SentNotice {
  seq: number
  atMs: number
  id: string
}

/**
 * Notices to an owner that a notification queue took, repeats included. The ledger keeps the first 200 characters of a
 * message: the id comes first and is whole in them, what follows it may not be.
 */
export const noticesSent = (rows: SandboxRow[]): SentNotice[] =>
  rows.flatMap(({ seq, atMs, kind, operation, outcome, facts }) => {
    if (kind !== 'call' || operation !== 'SendMessage' || outcome !== 'ok') return []
    if (!String(facts['QueueUrl']).endsWith('-notifications')) return []
    const [, id] = /^\{"id":"([^"]+)"/.exec(String(facts['MessageBody'])) ?? []
    return id ? [{ seq, atMs, id }] : []
  })

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
  /** The upstream cycle it speaks of. */
  cycle: CycleId
}

/** Refresh events that a rule put into the queue of a domain, and that its source may say; repeats included. */
export const refreshesQueued = (rows: SandboxRow[], domains: Domain[]): QueuedEvent[] =>
  queued(rows, domains, REFRESHED, (eventId) => parseEventId(eventId)?.cycle)

/** Notices that an upstream did not refresh, or that its refresh is withdrawn, likewise. */
export const noticesQueued = (rows: SandboxRow[], domains: Domain[]): QueuedEvent[] =>
  queued(rows, domains, NOT_REFRESHED, (eventId) => {
    const [, cycle = ''] = /^(.+)\/not-refreshed-(?:\d+\.\d+|withdrawn\.r\d+)$/.exec(eventId) ?? []
    return parseCycleId(cycle) ? (cycle as CycleId) : undefined
  })

export interface ForeignEvent {
  seq: number
  atMs: number
  domain: Domain
  /** EventBridge's own. */
  eventId: string
  messageId: string
}

/**
 * Events of somebody else's shape that a rule put into the queue of a domain; repeats included. Not those of Glue, most of
 * which mean nothing to anybody, nor those of S3, which go by the id of the object.
 */
export const foreignQueued = (rows: SandboxRow[], domains: Domain[]): ForeignEvent[] =>
  rows.flatMap(({ seq, atMs, kind, facts }) => {
    const { eventId, source, detailType, messageId } = facts
    const isOurs = detailType === REFRESHED || detailType === NOT_REFRESHED
    if (kind !== 'event-routed' || isOurs || source === 'aws.glue' || source === 'aws.s3') return []
    const domain = queueOwner(facts, domains)
    return domain ? [{ seq, atMs, domain, eventId: String(eventId), messageId: String(messageId) }] : []
  })

const queueOwner = (facts: SandboxRow['facts'], domains: Domain[]): Domain | undefined =>
  domains.find((known) => String(facts['targetArn']).endsWith(`:sluice-${known}-events`))

function queued(
  rows: SandboxRow[],
  domains: Domain[],
  detailType: string,
  subjectOf: (eventId: string) => CycleId | undefined,
): QueuedEvent[] {
  return rows.flatMap(({ seq, atMs, kind, facts }) => {
    if (kind !== 'event-routed' || facts['detailType'] !== detailType) return []
    const eventId = String(facts['metadataId'])
    const cycle = subjectOf(eventId)
    const domain = queueOwner(facts, domains)
    if (!cycle || !domain || facts['source'] !== `dataproduct.${eventId.split('/')[0]}`) return []
    return [{ seq, atMs, domain, eventId, cycle, messageId: String(facts['messageId']) }]
  })
}
