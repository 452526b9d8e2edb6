// A definition in its resolved form: defaults of the domain filled in, units in the names, JSON-plain.
// In: what catalog/ parsed from YAML. Never: anything that still has to be looked up when a cycle runs.
import type { Domain, ProductId } from './ids.ts'

export const GRANULARITIES = ['day', 'business-day'] as const
export type Granularity = (typeof GRANULARITIES)[number]

export interface Owner {
  team: string
  email: string
}

/** A wall time of the definition's zone, `days` after the cycle's date. */
export interface WallTime {
  /** `HH:MM` */
  time: string
  days: number
  /** What `days` counts: calendar days or business days of the definition's calendar. */
  unit: 'day' | 'business-day'
}

export const CUTOFF_ACTIONS = ['error', 'skip', 'run-without'] as const
export type CutoffAction = (typeof CUTOFF_ACTIONS)[number]

/** An edge to an upstream; its match rule is "the same cycle key". */
export interface DependencyDefinition {
  product: ProductId
}

export interface RunDefinition {
  /** Name of the Glue job in the domain's account. */
  glue: string
  arguments: Record<string, string>
  timeoutMinutes: number
  /** Glue runs that one start of the cycle may use. */
  attempts: number
  retryAfterMs: number
}

export interface ProductDefinition {
  product: ProductId
  description: string
  owner: Owner
  /** `domain`: nobody else sees it, its events stay on the domain's own bus. */
  visibility: 'domain' | 'mesh'
  calendar: string
  /** IANA zone of every wall time in the definition. */
  timezone: string
  every: Granularity
  /** Earliest start; null = as soon as the condition holds. */
  notBefore: WallTime | null
  /** When the business expects it; null = no commitment. */
  availableBy: WallTime | null
  /** When waiting ends; null = waits as long as it takes. */
  cutoff: { at: WallTime; then: CutoffAction } | null
  dependsOn: DependencyDefinition[]
  run: RunDefinition
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
