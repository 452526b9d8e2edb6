// In: the content of one document and the defaults of its domain. Out: the definition with every default filled in,
// or why these keys do not fit together. Never: looks at another product (check-graph.ts does).
import { parseEvery, toCadence } from '../model/calendar/cadence.ts'
import { parseWallTime } from '../model/calendar/wall-time.ts'
import type { DomainFile, ProductFile } from '../model/definition.schema.ts'
import {
  type DomainDefinition,
  type Every,
  type ProductDefinition,
  RETRY_KEYS,
  type RetryDefinition,
  type RetryRule,
  type WallTime,
} from '../model/definition.ts'
import { parseDurationMs } from '../model/definition-parts.schema.ts'
import { type Domain, nameOf, type ProductId } from '../model/ids.ts'
import { optionalAfters, toDependencies, upstreamsOf } from './dependencies.ts'

export const toDomainDefinition = (file: DomainFile): DomainDefinition => ({
  domain: file.domain as Domain,
  account: file.account,
  owner: file.owner,
  calendar: file.calendar,
  timezone: file.timezone,
  location: file.location ?? null,
})

export function toProductDefinition(file: ProductFile, domain: DomainDefinition, every: Every): ProductDefinition {
  const product = file.product as ProductId
  return {
    product,
    description: file.description ?? '',
    owner: file.owner ?? domain.owner,
    visibility: file.visibility,
    calendar: file.calendar ?? domain.calendar,
    timezone: file.timezone ?? domain.timezone,
    every,
    ...(file.onNonBusinessDay ? { onNonBusinessDay: file.onNonBusinessDay } : {}),
    ...(file.catchUp ? { catchUp: file.catchUp } : {}),
    notBefore: toWallTime(file.notBefore),
    availableBy: toWallTime(file.availableBy),
    cutoff: file.cutoff ? { at: requireWallTime(file.cutoff.at), then: file.cutoff.then } : null,
    dependsOn: toDependencies(file),
    run: {
      glue: file.run.glue,
      arguments: file.run.arguments,
      timeoutMinutes: Math.ceil((parseDurationMs(file.run.timeout) ?? 0) / 60_000),
      attempts: file.run.attempts,
      retryAfterMs: parseDurationMs(file.run.retryAfter) ?? 0,
      ...toRetry(file.run.retry),
    },
    ...(file.settle === undefined ? {} : { settleMs: parseDurationMs(file.settle) ?? 0 }),
    publish: toPublish(file, domain),
  }
}

/** Only what is said, so that an empty block is none. */
function toRetry(file: ProductFile['run']['retry'] = {}): { retry?: RetryDefinition } {
  const said = RETRY_KEYS.flatMap((key) => {
    const { attempts, after, atMost } = file[key] ?? {}
    const rule: RetryRule = {
      ...(attempts === undefined ? {} : { attempts }),
      ...(after === undefined ? {} : { afterMs: parseDurationMs(after) ?? 0 }),
      ...(atMost === undefined ? {} : { atMostMs: parseDurationMs(atMost) ?? 0 }),
    }
    return Object.keys(rule).length > 0 ? [[key, rule] as const] : []
  })
  return said.length > 0 ? { retry: Object.fromEntries(said) } : {}
}

/** How often the file says it refreshes, in the canonical words. */
export const everyOf = ({ every }: Pick<ProductFile, 'every'>): Every | undefined =>
  every === undefined ? undefined : parseEvery(every)

export interface KeyFault {
  path: (string | number)[]
  message: string
}

/** Keys that are right one by one, and contradict each other. */
export function faultsBetweenKeys(file: ProductFile, domain: DomainDefinition): KeyFault[] {
  const faults: KeyFault[] = []
  faults.push(...faultsOfCadence(file), ...faultsOfRetry(file))
  const start = toWallTime(file.notBefore)
  const add = (path: string[], message: string): void => void faults.push({ path, message })
  const ends = { cutoff: file.cutoff?.at, availableBy: file.availableBy }
  for (const [key, text] of Object.entries(ends)) {
    const end = toWallTime(text)
    if (!end || !start || !isSurelyBefore(end, start)) continue
    const path = key === 'cutoff' ? ['cutoff', 'at'] : [key]
    const advice = end.unit !== 'minute' && end.days === 0 ? `; for the next day write "${text} +1d"` : ''
    add(path, `${path.join('.')} ${text} is before notBefore ${file.notBefore}${advice}`)
  }
  if (file.publish === undefined && domain.location === null) {
    add(
      ['product'],
      `publish needs a location: name one here (publish: { location: s3://… }) or in domain "${domain.domain}" (location)`,
    )
  }
  if (file.every === undefined && !upstreamsOf(file).some(({ upstream }) => upstream.match === undefined)) {
    const lacking =
      file.dependsOn.length === 0 ? 'neither every nor dependsOn' : 'no upstream with the same key, and no every'
    add(['product'], `${lacking}: nothing would say when it refreshes; write every: day or business-day`)
  }
  if (file.dependsOn.length === 0 && file.cutoff) {
    add(['cutoff'], 'cutoff without dependsOn: there is nothing to wait for')
  }
  return faults
}

/** A pause that begins above its cap. */
const faultsOfRetry = ({ run: { retry } }: ProductFile): KeyFault[] =>
  RETRY_KEYS.flatMap((key) => {
    const { after, atMost } = retry?.[key] ?? {}
    if (after === undefined || atMost === undefined) return []
    if ((parseDurationMs(atMost) ?? 0) >= (parseDurationMs(after) ?? 0)) return []
    const message = `run.retry.${key}.atMost ${atMost} is shorter than its after ${after}`
    return [{ path: ['run', 'retry', key, 'atMost'], message }]
  })

/** What fits no such cycle. */
function faultsOfCadence(file: ProductFile): KeyFault[] {
  const every = everyOf(file)
  if (every === undefined) return []
  const { period, on } = toCadence(every)
  const shift = file.onNonBusinessDay
  const path = ['onNonBusinessDay']
  if (shift && on === 'business-day') return [{ path, message: `every: ${every} is always on a business day` }]
  if (shift && shift !== 'skip' && period === 'hour') return [{ path, message: 'of hours: skip, or leave it out' }]
  return wallTimesOf(file).flatMap(({ path, text }) => {
    const isElapsed = requireWallTime(text).unit === 'minute'
    if (isElapsed === (period === 'hour')) return []
    const message = isElapsed
      ? `"${text}" counts from the beginning of an hour; every: ${every} takes a wall time such as "06:00 +1d"`
      : `"${text}" is of a day; an hour takes the time since its beginning, such as "+20m"`
    return [{ path, message }]
  })
}

const wallTimesOf = (file: ProductFile): { path: (string | number)[]; text: string }[] =>
  [
    { path: ['notBefore'], text: file.notBefore },
    { path: ['availableBy'], text: file.availableBy },
    { path: ['cutoff', 'at'], text: file.cutoff?.at },
    ...optionalAfters(file.dependsOn, ['dependsOn']),
  ].flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]))

function toPublish(file: ProductFile, domain: DomainDefinition): ProductDefinition['publish'] {
  if (file.publish === false) return null
  return { location: file.publish?.location ?? `${domain.location}${nameOf(file.product as ProductId)}/` }
}

const toWallTime = (text: string | undefined): WallTime | null => (text === undefined ? null : requireWallTime(text))

function requireWallTime(text: string): WallTime {
  const wall = parseWallTime(text)
  if (!wall) throw new RangeError(`"${text}" passed the schema and is no wall time.`)
  return wall
}

/** Whatever the calendar: n business days never end before n days. */
export function isSurelyBefore(end: WallTime, start: WallTime): boolean {
  if (end.unit === 'minute' || start.unit === 'minute') {
    return end.unit === 'minute' && start.unit === 'minute' && end.minutes < start.minutes
  }
  if (end.unit === 'business-day' && end.days > 0 && start.unit !== 'business-day') return false
  return end.days < start.days || (end.days === start.days && end.time < start.time)
}
