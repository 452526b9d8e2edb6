// What domains say to each other: `Data Product Refreshed` and `Data Product Not Refreshed`.
// Complete example: DESIGN §2. Fields are only ever added; consumers ignore what they do not know.
import type { CycleId, CycleKey, Domain, ProductId } from './ids.ts'
import type { CycleState, Step } from './states.ts'

export const REFRESHED = 'Data Product Refreshed'
export const NOT_REFRESHED = 'Data Product Not Refreshed'
export const SCHEMA_VERSION = '1.0'

/** EventBridge `source` of a domain's events; the central bus policy pins it to the domain's account. */
export const toEventSource = (domain: Domain | string): string => `dataproduct.${domain}`

export interface BuiltFrom {
  product: ProductId
  cycle: CycleKey
  revision: number
}

/** Consumers that shall run again for a revision: these, or all in the publisher's domain. Others decide for themselves. */
export type Cascade = ProductId[] | 'all'

export type RevisionKind = 'initial' | 'backfill' | 'correction' | 'rerun'

export interface EventMetadata {
  id: string
  schemaVersion: string
  /** ISO instants. */
  occurredAt: string
  publishedAt: string
  correlationId: string
  causationIds: string[]
  producer: { account: string; region: string; component: 'sluice'; version: string }
}

export interface RefreshEvent {
  metadata: EventMetadata
  data: {
    domain: Domain
    product: string
    cycle: CycleKey
    calendar: string
    revision: number
    kind: RevisionKind
    definitionVersion: number
    attempt: number
    executor: 'glue'
    externalRunId: string
    dataset: { namespace: string; name: string; location: string; format: 'parquet' }
    builtFrom: BuiltFrom[]
    builtWithout: ProductId[]
    /** The rerun that made it asks these consumers to run again; absent: none. */
    cascade?: Cascade
  }
}

export interface NotRefreshedEvent {
  metadata: EventMetadata
  data: {
    domain: Domain
    product: string
    cycle: CycleKey
    state: CycleState
    step: Step | null
    reason: string
    /** The revision that is taken back: it was published and does not count any more. */
    withdraws?: number
  }
}

/** What a cycle needs to know of a refresh event; this is what signals carry. */
export interface Arrival {
  eventId: string
  product: ProductId
  key: CycleKey
  revision: number
  /** `s3://…/` of the refreshed data; null when the event named none. */
  location: string | null
  correlationId: string
  /** ISO instant at which the upstream finished. */
  occurredAt: string
  /** Its own inputs, as far as the event said and they may be compared (cycle/mixed.ts). */
  builtFrom?: BuiltFrom[]
  /** Inputs of its own that it was made without; absent: none. */
  builtWithout?: ProductId[]
  /** Who shall run again for it; absent: who says so himself (`onRevision`). */
  cascade?: Cascade
}

export interface Publication {
  cycle: CycleId
  product: ProductId
  key: CycleKey
  visibility: 'domain' | 'mesh'
  calendar: string
  revision: number
  kind: RevisionKind
  definitionVersion: number
  attempt: number
  runId: string
  location: string
  occurredAt: string
  correlationId: string
  causationIds: string[]
  builtFrom: BuiltFrom[]
  builtWithout: ProductId[]
  cascade?: Cascade
}
