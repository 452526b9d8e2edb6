// In: the externals of a domain and one EventBridge event of somebody else's shape. Out: the upstream cycles it means.
// Never: throws, whatever the event; a key that the external has no cycle of; a value that PostgreSQL refuses.
import type { ExternalDefinition, ExternalMapping } from '../definition.ts'
import { isLocation, MAX_REVISION, toInstant } from '../event-values.ts'
import { type CycleKey, parseCycleKey, periodOf, toCycleId } from '../ids.ts'
import type { Arrival } from '../refresh-event.ts'
import { toCadence } from './cadence.ts'
import type { Calendars } from './calendars.ts'
import { placeCycle } from './cycles.ts'
import { hourAt, keyAt } from './dates.ts'
import { dateAt } from './wall-time.ts'

export interface ForeignEvent {
  source: string
  detailType: string
  account: string
  time: string
  id: string
  detail: Record<string, unknown>
}

export type ExternalMapped =
  | { kind: 'mapped'; arrivals: Arrival[] }
  | { kind: 'unmatched'; reason: string }
  | { kind: 'not-external' }

/** What `{name}` may stand for in a pattern; each is read as text. */
const PARTS: Record<string, string> = {
  date: String.raw`\d{4}-\d{2}-\d{2}`,
  yyyymmdd: String.raw`\d{8}`,
  year: String.raw`\d{4}`,
  month: String.raw`\d{2}`,
  day: String.raw`\d{2}`,
  cycle: '[0-9TWQZ-]{7,14}',
  '*': '[^/]*',
}

const LONGEST = 1_100

/** All externals that the event means; who may send it is authority, which the bridge checks. */
export function mapExternal(
  calendars: Calendars,
  externals: readonly ExternalDefinition[],
  event: ForeignEvent,
): ExternalMapped {
  const arrivals: Arrival[] = []
  const reasons: string[] = []
  for (const external of externals) {
    const meant = external.mappings.filter((mapping) => isMeant(mapping, event))
    const found = meant.map((mapping) => attempt(calendars, external, { mapping, event }))
    const arrival = found.find((one) => typeof one !== 'string')
    if (arrival !== undefined && typeof arrival !== 'string') arrivals.push(arrival)
    else reasons.push(...found.map((why) => `${external.product}: ${String(why)}`))
  }
  if (arrivals.length > 0) return { kind: 'mapped', arrivals }
  return reasons.length > 0
    ? { kind: 'unmatched', reason: reasons.join('; ').slice(0, 1_000) }
    : { kind: 'not-external' }
}

/**
 * Of Glue every job of the account tells every state of every run, so only what names the job and the state is meant;
 * of all others whoever sends that type means to be understood.
 */
function isMeant({ source, detailType, where }: ExternalMapping, event: ForeignEvent): boolean {
  if (source !== event.source || detailType !== event.detailType) return false
  if (source !== 'aws.glue') return true
  return Object.entries(where).every(([path, text]) => text.includes('{') || valueAt(event, path) === text)
}

interface Case {
  mapping: ExternalMapping
  event: ForeignEvent
}

function attempt(calendars: Calendars, external: ExternalDefinition, { mapping, event }: Case): Arrival | string {
  try {
    return toArrival(calendars, external, { mapping, event })
  } catch (error) {
    return `could not be read: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`
  }
}

/** The arrival, or why there is none. */
function toArrival(calendars: Calendars, external: ExternalDefinition, { mapping, event }: Case): Arrival | string {
  const occurredAt = toInstant(event.time)
  if (occurredAt === undefined) return `its time "${show(event.time)}" is no instant`
  const parts = new Map<string, string>([['time', occurredAt]])
  for (const [path, pattern] of Object.entries(mapping.where)) {
    const value = valueAt(event, path)
    if (value === undefined) return `${path} is missing; expected "${pattern}"`
    const read = readParts(pattern, value)
    if (!read) return `${path} is "${show(value)}"; expected "${pattern}"`
    for (const [name, text] of read) {
      if (!isTaken(parts, name, text)) return `it says two things of {${name}}: ${path} is "${show(value)}"`
    }
  }
  const named = fill(mapping.cycle, parts, event)
  if (named === undefined) return `it has not all that the cycle "${mapping.cycle}" is made from`
  const key = toKey(named, external)
  if (!key) return `"${show(named)}" names no ${toCadence(external.every).period} of ${external.timezone}`
  const placed = placeCycle(calendars, external, key)
  // One of a day without a cycle is for who waits all the same; to others it is unmatched, with the reason.
  if (placed.kind === 'none' && placed.isUncovered) return `has no cycle ${key}: ${placed.reason}`
  const revision = mapping.revision
    ? toWhole(valueAt(event, mapping.revision))
    : Math.floor(Date.parse(occurredAt) / 1_000)
  if (!Number.isInteger(revision) || revision < 1 || revision > MAX_REVISION)
    return `revision ${mapping.revision ?? 'of its time'} is no whole number from 1 to ${MAX_REVISION}`
  const location = mapping.location === undefined ? null : fill(mapping.location, parts, event)
  if (location === undefined || (location !== null && !isLocation(location)))
    return `"${show(location ?? mapping.location ?? '')}" is no s3:// location`
  const eventId = `external:${toCycleId(external.product, key)}/${tokenOf(event)}`
  return { ...{ eventId, product: external.product, key, revision, location }, correlationId: eventId, occurredAt }
}

const toWhole = (text: string | undefined): number => (/^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN)

/** Each `{*}` may be long, and a text is matched by trying them all: two are a square, three a cube of its length. */
const MOST_WILD = 2

/** What the placeholders stand for; undefined when the value does not match, or says two things of one of them. */
function readParts(pattern: string, value: string): Map<string, string> | undefined {
  const names: string[] = []
  const source = pattern.split(/\{([^{}]*)\}/).map((text, at) => {
    if (at % 2 === 0) return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    names.push(text)
    return `(${Object.hasOwn(PARTS, text) ? PARTS[text] : '(?!)'})`
  })
  if (names.filter((name) => name === '*').length > MOST_WILD) return undefined
  const found = new RegExp(`^${source.join('')}$`).exec(value)
  if (!found) return undefined
  const read = new Map<string, string>()
  const isConsistent = names.every((name, at) => name === '*' || isTaken(read, name, found[at + 1] ?? ''))
  return isConsistent && dateIn(read).every((date) => isTaken(read, 'date', date)) ? read : undefined
}

/** Dates that are put together from other parts. */
function dateIn(read: ReadonlyMap<string, string>): string[] {
  const [compact, year, month, day] = ['yyyymmdd', 'year', 'month', 'day'].map((name) => read.get(name))
  return [
    ...(compact ? [`${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6)}`] : []),
    ...(year && month && day ? [`${year}-${month}-${day}`] : []),
  ]
}

/** False when it was read as something else before. */
function isTaken(read: Map<string, string>, name: string, text: string): boolean {
  const known = read.get(name)
  read.set(name, text)
  return known === undefined || known === text
}

function fill(text: string, parts: ReadonlyMap<string, string>, event: ForeignEvent): string | undefined {
  let isWhole = true
  const filled = text.replaceAll(/\{([^{}]*)\}/g, (_all, name: string) => {
    const value = parts.get(name) ?? valueAt(event, name)
    if (value === undefined) isWhole = false
    return value ?? ''
  })
  return isWhole && filled.length <= LONGEST ? filled : undefined
}

/** A key as it is, the period that holds a date, or that of an instant in the external's zone. */
function toKey(text: string, { every, timezone }: ExternalDefinition): CycleKey | undefined {
  const { period } = toCadence(every)
  const key = parseCycleKey(text)
  const named = key && periodOf(key)
  if (named === period) return key
  if (named === 'day') return period === 'hour' ? undefined : keyAt(period, text)
  const instant = named === undefined && text.includes('T') ? toInstant(text) : undefined
  if (instant === undefined) return undefined
  const atMs = Date.parse(instant)
  return period === 'hour' ? hourAt(atMs) : keyAt(period, dateAt(atMs, timezone))
}

function valueAt(event: ForeignEvent, path: string): string | undefined {
  let found: unknown = { ...event, 'detail-type': event.detailType }
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  if (typeof found !== 'string' && typeof found !== 'number') return undefined
  const text = String(found)
  return text.length > LONGEST || /[\u0000\p{Cs}]/u.test(text) ? undefined : text
}

/** S3 tells one creation under several ids: the object's place and its sequencer are the same each time. */
function tokenOf(event: ForeignEvent): string {
  const made = valueAt(event, 'detail.object.sequencer') ?? valueAt(event, 'detail.object.version-id')
  if (event.source !== 'aws.s3' || !made) return event.id.slice(0, 100)
  return `${hash(`${valueAt(event, 'detail.bucket.name')}/${valueAt(event, 'detail.object.key')}`)}-${made.slice(0, 64)}`
}

/** FNV-1a: only keeps objects of one cycle apart. */
function hash(text: string): string {
  let found = 2_166_136_261
  for (const character of text) found = Math.imul(found ^ (character.codePointAt(0) ?? 0), 16_777_619)
  return (found >>> 0).toString(16).padStart(8, '0')
}

const show = (text: string): string => text.slice(0, 120)
