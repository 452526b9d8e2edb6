// A definition in its resolved form: defaults of the domain filled in, units in the names, JSON-plain.
// In: what catalog/ parsed from YAML. Never: anything that still has to be looked up when a cycle runs.
import type { Domain, ProductId } from './ids.ts'

export const PERIODS = ['hour', 'day', 'week', 'month', 'quarter'] as const
/** What a cycle key names. */
export type Period = (typeof PERIODS)[number]

/** How often a product refreshes; the words of the definition file, `nth-business-day(n)` with its n. */
export type Every =
  | 'business-day'
  | Period
  | `${'week' | 'month' | 'quarter'}-end(business)`
  | `nth-business-day(${number})`

export const SHIFTS = ['skip', 'next', 'previous'] as const
/** What becomes of a cycle whose date is no business day. */
export type Shift = (typeof SHIFTS)[number]

export const CATCH_UPS = ['all', 'latest', 'none'] as const
/** What is opened afterwards of the cycles that fell due while no scheduler ticked. */
export type CatchUp = (typeof CATCH_UPS)[number]

/** All that says which cycles a product has, and when. */
export interface Schedule {
  every: Every
  calendar: string
  /** IANA zone of every wall time in the definition. */
  timezone: string
  /** Absent: its date is left as it is. */
  onNonBusinessDay?: Shift
}

export interface Owner {
  team: string
  email: string
}

/** A wall time of the definition's zone, `days` after the cycle's date; or, for hours, minutes after its beginning. */
export type WallTime = ClockTime | Elapsed

export interface ClockTime {
  /** `HH:MM` */
  time: string
  days: number
  /** What `days` counts: calendar days or business days of the definition's calendar. */
  unit: 'day' | 'business-day'
}

export interface Elapsed {
  unit: 'minute'
  minutes: number
}

export const CUTOFF_ACTIONS = ['error', 'skip', 'run-without'] as const
export type CutoffAction = (typeof CUTOFF_ACTIONS)[number]

export const IF_NONE = ['wait', 'previous', 'run-without', 'skip-cycle'] as const
/** What a cycle does when the upstream has no cycle that day, or skipped it. */
export type IfNone = (typeof IF_NONE)[number]

export const ON_REVISION = ['ignore', 'flag', 'rerun'] as const
/** What becomes of a correction of an input that a cycle has run on: nothing, a flag beside its state, another run. */
export type OnRevision = (typeof ON_REVISION)[number]

/** Which upstream cycles a cycle needs; absent in a dependency: the one of its own key. */
export type MatchRule =
  | { kind: 'business-days-before'; n: number }
  | { kind: 'calendar-days-before'; n: number }
  /** Fine cycles of the consumer's coarse period. */
  | { kind: 'every-of-period' }
  | { kind: 'last-of-period' }
  /** The coarse cycle whose period holds the consumer's date. */
  | { kind: 'covering' }
  /** The newest cycle of so many days up to the consumer's date. */
  | { kind: 'latest-within'; days: number }
  /** The product's own cycle before. */
  | { kind: 'self-previous' }

/** An edge to an upstream. */
export interface UpstreamDefinition {
  product: ProductId
  match?: MatchRule
  /** Absent: wait; of self-previous: run-without, as the first cycle has none before it. */
  ifNone?: IfNone
  /** From this time on the cycle does without it. */
  optionalAfter?: WallTime
  /** Absent: flag. */
  onRevision?: OnRevision
  /** A refresh of it that was made without some of its own inputs does not count. */
  acceptPartial?: false
}

/** So many of these; `any-of` is one of them, `all-of` all. */
export interface GroupDefinition {
  atLeast: number
  of: DependencyDefinition[]
  optionalAfter?: WallTime
}

export type DependencyDefinition = UpstreamDefinition | GroupDefinition

export interface RunDefinition {
  /** Name of the Glue job in the domain's account. */
  glue: string
  arguments: Record<string, string>
  timeoutMinutes: number
  /** Glue runs that one start of the cycle may use while the job itself fails. */
  attempts: number
  retryAfterMs: number
  /** What else is said of single kinds of failure; absent: nothing. */
  retry?: RetryDefinition
}

export const RETRY_KEYS = ['infrastructure', 'throttled', 'jobFailed', 'timeout'] as const
export type RetryDefinition = { [Key in (typeof RETRY_KEYS)[number]]?: RetryRule }

/** At least one of them. */
export interface RetryRule {
  /** Runs that may end so before the cycle is in ERROR. */
  attempts?: number
  /** The first pause. */
  afterMs?: number
  /** Up to which the pause doubles. */
  atMostMs?: number
}

export interface ProductDefinition extends Schedule {
  product: ProductId
  description: string
  owner: Owner
  /** `domain`: nobody else sees it, its events stay on the domain's own bus. */
  visibility: 'domain' | 'mesh'
  /** Absent: all. */
  catchUp?: CatchUp
  /** Earliest start; null = as soon as the condition holds. */
  notBefore: WallTime | null
  /** When the business expects it; null = no commitment. */
  availableBy: WallTime | null
  /** When waiting ends; null = waits as long as it takes. */
  cutoff: { at: WallTime; then: CutoffAction } | null
  dependsOn: DependencyDefinition[]
  run: RunDefinition
  /** How long a rerun for a correction waits for others; absent: five minutes. */
  settleMs?: number
  /** Null: runs without publishing an event. */
  publish: { location: string } | null
}

/** One applied change of a definition. */
export interface DefinitionVersion {
  version: number
  /** ISO instant. */
  appliedAt: string
  /** ISO instant of the product's first version: no cycle before that day is opened by itself. */
  firstAppliedAt: string
  definition: ProductDefinition
}

export interface DomainDefinition {
  domain: Domain
  /** The AWS account that may publish for this domain. */
  account: string
  owner: Owner
  calendar: string
  timezone: string
  /** Where products go that name no location: `<location><product>/`; null when each must name its own. */
  location: string | null
}

/** An upstream outside the mesh: events of somebody else's shape that say that a cycle of it is there. */
export interface ExternalDefinition extends Schedule {
  /** `<domain>/<name>`; only products of this domain may wait for it. */
  product: ProductId
  description: string
  mappings: ExternalMapping[]
}

/** Which EventBridge events are meant, and where they name the cycle. */
export interface ExternalMapping {
  source: string
  detailType: string
  /** The account that may send it; absent: the domain's own. */
  account?: string
  /** What fields must hold, by their path in the event (`detail.bucket.name`): a text in which `{name}` stands for a part that is read. */
  where: Record<string, string>
  /** A text of the parts that were read and of paths (`{detail.businessDate}`, `{time}`), from which the cycle's key or date follows. */
  cycle: string
  /** Path of a number that rises with each correction; absent: the second in which the event happened. */
  revision?: string
  /** A text of parts and paths: where the data lies. */
  location?: string
}
