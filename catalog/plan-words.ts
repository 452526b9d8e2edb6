// A plan in words: which field of a definition changed, from what to what.
// Never: a difference that shows no field; a test changes every field in turn.
import { toWallTimeText } from '../model/calendar/wall-time.ts'
import {
  type DomainDefinition,
  type ExternalDefinition,
  type Owner,
  type ProductDefinition,
  RETRY_KEYS,
  type RunDefinition,
  type WallTime,
} from '../model/definition.ts'
import { calendarLines, fieldsOfCalendar } from './calendar-words.ts'
import type { Plan } from './plan.ts'
import { dependenciesWords } from './rule-words.ts'
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

/** As the file says it. */
function retryWords(retry: RunDefinition['retry']): string {
  const blocks = RETRY_KEYS.flatMap((key) => {
    const rule = retry?.[key]
    if (!rule) return []
    const { attempts, afterMs, atMostMs } = rule
    const said = [
      ...(attempts === undefined ? [] : [`attempts: ${attempts}`]),
      ...(afterMs === undefined ? [] : [`after: ${durationWords(afterMs)}`]),
      ...(atMostMs === undefined ? [] : [`atMost: ${durationWords(atMostMs)}`]),
    ]
    return [`${key}: { ${said.join(', ')} }`]
  })
  return blocks.join(', ') || 'none'
}

const RUN_WORDS: FieldWords<RunDefinition> = {
  glue: asIs,
  arguments: (values) => (Object.keys(values).length === 0 ? 'none' : toStableJson(values)),
  timeoutMinutes: (minutes) => durationWords(minutes * 60_000),
  attempts: String,
  retryAfterMs: durationWords,
  retry: retryWords,
}

const PRODUCT_WORDS: Omit<FieldWords<ProductDefinition>, 'product' | 'run'> = {
  description: (text) => JSON.stringify(text),
  owner: ownerWords,
  visibility: asIs,
  calendar: asIs,
  timezone: asIs,
  every: asIs,
  onNonBusinessDay: (shift) => shift ?? 'none',
  catchUp: (catchUp) => catchUp ?? 'not said',
  notBefore: wallWords,
  availableBy: wallWords,
  cutoff: (cutoff) => (cutoff ? `${toWallTimeText(cutoff.at)}, then ${cutoff.then}` : 'none'),
  dependsOn: (upstreams) => dependenciesWords(upstreams) || 'none',
  settleMs: (ms) => (ms === undefined ? 'none' : durationWords(ms)),
  publish: (publish) => publish?.location ?? 'false',
}

const DOMAIN_WORDS: Omit<FieldWords<DomainDefinition>, 'domain'> = {
  account: asIs,
  owner: ownerWords,
  calendar: asIs,
  timezone: asIs,
  location: orNone,
}

const EXTERNAL_WORDS: Omit<FieldWords<ExternalDefinition>, 'product'> = {
  description: PRODUCT_WORDS.description,
  calendar: asIs,
  timezone: asIs,
  every: asIs,
  onNonBusinessDay: PRODUCT_WORDS.onNonBusinessDay,
  mappings: (mappings) => mappings.map(toStableJson).join(', ') || 'none',
}

/** Keys of the definition file where the resolved form has the unit in the name. */
const FILE_KEYS: Record<string, string> = {
  ...{ timeoutMinutes: 'timeout', retryAfterMs: 'retryAfter', settleMs: 'settle', mappings: 'from' },
}

export const fieldsOfProduct = (from: ProductDefinition, to: ProductDefinition): FieldChange[] => [
  ...fieldsOf(from, to, PRODUCT_WORDS),
  ...fieldsOf(from.run, to.run, RUN_WORDS).map((change) => ({ ...change, field: `run.${change.field}` })),
]

export const fieldsOfDomain = (from: DomainDefinition, to: DomainDefinition): FieldChange[] =>
  fieldsOf(from, to, DOMAIN_WORDS)

export const fieldsOfExternal = (from: ExternalDefinition, to: ExternalDefinition): FieldChange[] =>
  fieldsOf(from, to, EXTERNAL_WORDS)

function fieldsOf<T>(from: T, to: T, words: Partial<FieldWords<T>>): FieldChange[] {
  return (Object.keys(words) as (keyof T & string)[]).flatMap((key) => {
    const toWords = words[key]
    if (!toWords || isSame(from[key], to[key])) return []
    return [{ field: FILE_KEYS[key] ?? key, from: toWords(from[key]), to: toWords(to[key]) }]
  })
}

/** One thing of the plan, as far as it has words. */
interface Line {
  kind: 'created' | 'changed' | 'unchanged' | 'removed' | 'kept'
  name: string
  version: number
  fields: FieldChange[]
  /** What else changes. */
  more: string[]
  removed: string
  kept: string
}

const OF_FILES = 'in no file any more, stays as it is; to remove it apply with --prune'

/** The plan as lines for a terminal or a pull request; what stays as it is, is counted only. */
export function toPlanLines(plan: Plan): string[] {
  const lines = [
    ...plan.calendars.map((change): Line => {
      const isChanged = change.kind === 'changed'
      return {
        ...{ kind: change.kind, name: `calendar ${change.definition.calendar}`, version: change.version },
        ...{ fields: isChanged ? fieldsOfCalendar(change) : [], more: isChanged ? calendarLines(change) : [] },
        ...{
          removed: 'nothing goes by it',
          kept: 'in none of these files, stays as applied; --prune gives it up once nothing goes by it',
        },
      }
    }),
    ...plan.domains.map((change) => toLine(`domain ${change.definition.domain}`, change)),
    ...plan.externals.map((change) => toLine(`external ${change.definition.product}`, change)),
    ...plan.products.map((change) => ({
      ...toLine(change.definition.product, change),
      removed: 'opens no more cycles',
    })),
  ]
  const unchanged = lines.filter(({ kind }) => kind === 'unchanged').length
  return [...lines.flatMap(linesOf), ...(unchanged > 0 ? [`  ${unchanged} unchanged`] : [])]
}

const toLine = (name: string, change: { kind: Line['kind']; version: number; fields?: FieldChange[] }): Line => ({
  ...{ kind: change.kind, name, version: change.version, fields: change.fields ?? [] },
  ...{ more: [], removed: 'its events are not heard any more', kept: OF_FILES },
})

function linesOf({ kind, name, version, fields, more, removed, kept }: Line): string[] {
  switch (kind) {
    case 'created':
      return [`+ ${name} version ${version}: new`]
    case 'changed':
      return [`~ ${name} version ${version}`, ...[...fields.map(fieldWords), ...more].map((line) => `    ${line}`)]
    case 'removed':
      return [`- ${name}: removed after version ${version}, ${removed}`]
    case 'kept':
      return [`! ${name}: ${kept}`]
    case 'unchanged':
      return []
  }
}

const fieldWords = ({ field, from, to }: FieldChange): string => `${field}: ${from} -> ${to}`
