// A plan in words: which field of a definition changed, from what to what.
// Never: a difference that shows no field; a test changes every field in turn.
import { toWallTimeText } from '../model/calendar/wall-time.ts'
import type { DomainDefinition, Owner, ProductDefinition, RunDefinition, WallTime } from '../model/definition.ts'
import type { DomainChange, Plan, ProductChange } from './plan.ts'
import { isSame, toStableJson } from './stable-json.ts'

export interface FieldChange {
  /** The key of the definition file. */
  field: string
  from: string
  to: string
}

/** Writes a field as the definition file would. */
type FieldWords<T> = { [Key in keyof T]-?: (value: T[Key]) => string }

const asIs = (text: string): string => text
const orNone = (text: string | null): string => text ?? 'none'
const ownerWords = ({ team, email }: Owner): string => `${team} <${email}>`
const wallWords = (wall: WallTime | null): string => orNone(wall && toWallTimeText(wall))

export function durationWords(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ]
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? ['s', 1_000]
  return `${ms / unitMs}${unit}`
}

const RUN_WORDS: FieldWords<RunDefinition> = {
  glue: asIs,
  arguments: (values) => (Object.keys(values).length === 0 ? 'none' : toStableJson(values)),
  timeoutMinutes: (minutes) => durationWords(minutes * 60_000),
  attempts: String,
  retryAfterMs: durationWords,
}

const PRODUCT_WORDS: Omit<FieldWords<ProductDefinition>, 'product' | 'run'> = {
  description: (text) => JSON.stringify(text),
  owner: ownerWords,
  visibility: asIs,
  calendar: asIs,
  timezone: asIs,
  every: asIs,
  notBefore: wallWords,
  availableBy: wallWords,
  cutoff: (cutoff) => (cutoff ? `${toWallTimeText(cutoff.at)}, then ${cutoff.then}` : 'none'),
  dependsOn: (upstreams) => upstreams.map(({ product }) => product).join(', ') || 'none',
  publish: (publish) => publish?.location ?? 'false',
}

const DOMAIN_WORDS: Omit<FieldWords<DomainDefinition>, 'domain'> = {
  account: asIs,
  owner: ownerWords,
  calendar: asIs,
  timezone: asIs,
  location: orNone,
}

/** Keys of the definition file where the resolved form has the unit in the name. */
const FILE_KEYS: Record<string, string> = { timeoutMinutes: 'timeout', retryAfterMs: 'retryAfter' }

export const fieldsOfProduct = (from: ProductDefinition, to: ProductDefinition): FieldChange[] => [
  ...fieldsOf(from, to, PRODUCT_WORDS),
  ...fieldsOf(from.run, to.run, RUN_WORDS).map((change) => ({ ...change, field: `run.${change.field}` })),
]

export const fieldsOfDomain = (from: DomainDefinition, to: DomainDefinition): FieldChange[] =>
  fieldsOf(from, to, DOMAIN_WORDS)

function fieldsOf<T>(from: T, to: T, words: Partial<FieldWords<T>>): FieldChange[] {
  return (Object.keys(words) as (keyof T & string)[]).flatMap((key) => {
    const toWords = words[key]
    if (!toWords || isSame(from[key], to[key])) return []
    return [{ field: FILE_KEYS[key] ?? key, from: toWords(from[key]), to: toWords(to[key]) }]
  })
}

/** The plan as lines for a terminal or a pull request; what stays as it is, is counted only. */
export function toPlanLines(plan: Plan): string[] {
  const changes = [
    ...plan.domains.map((change) => ({ name: `domain ${change.definition.domain}`, change })),
    ...plan.products.map((change) => ({ name: change.definition.product as string, change })),
  ]
  const unchanged = changes.filter(({ change }) => change.kind === 'unchanged').length
  return [
    ...changes.flatMap(({ name, change }) => linesOf(name, change)),
    ...(unchanged > 0 ? [`  ${unchanged} unchanged`] : []),
  ]
}

function linesOf(name: string, change: DomainChange | ProductChange): string[] {
  switch (change.kind) {
    case 'created':
      return [`+ ${name} version ${change.version}: new`]
    case 'changed':
      return [`~ ${name} version ${change.version}`, ...change.fields.map(fieldLine)]
    case 'removed':
      return [`- ${name}: removed after version ${change.version}, opens no more cycles`]
    case 'kept':
      return [`! ${name}: in no file any more, stays as it is; to remove it apply with --prune`]
    case 'unchanged':
      return []
  }
}

const fieldLine = ({ field, from, to }: FieldChange): string => `    ${field}: ${from} -> ${to}`
