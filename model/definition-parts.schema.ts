// The kinds of text that a definition holds: names, wall times, zones, durations, locations, arguments of a job.
// In: a text from YAML. Out: the same text, or one sentence that says what is wrong and what would be right.
import { z } from 'zod'
import { whyNoEvery } from './calendar/cadence.ts'
import { isTimeZone, parseWallTime } from './calendar/wall-time.ts'
import { isName } from './ids.ts'
import { didYouMean } from './nearest.ts'

/** Set by Sluice for every run, or kept by Glue for itself (facts: AWS Glue, special job parameters). */
const GLUE_RESERVED = new Set(
  [
    '--JOB_NAME',
    '--JOB_RUN_ID',
    '--TempDir',
    '--additional-python-modules',
    '--class',
    '--conf',
    '--datalake-formats',
    '--debug',
    '--extra-files',
    '--extra-jars',
    '--extra-py-files',
    '--job-bookmark-option',
    '--job-language',
    '--mode',
    '--python-modules-installer-option',
    '--scriptLocation',
    '--user-jars-first',
  ].map((name) => name.toLowerCase()),
)

type Fault = string | undefined

/** A text that must pass `faultOf`; the fault is said about the text as found. */
export const textWith = (faultOf: (text: string) => Fault) =>
  z.string().superRefine((text, context) => {
    const message = faultOf(text)
    if (message) context.addIssue({ code: 'custom', message })
  })

export const plainText = (max: number) =>
  textWith((text) => {
    if (text.trim() === '') return 'is empty'
    if (text.length > max) return `is ${text.length} characters long; at most ${max}`
    return /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text) || !text.isWellFormed()
      ? 'holds unprintable characters'
      : undefined
  })

/** Why a text is no name of a domain or product; undefined when it is one. */
function faultOfName(text: string, what: string): Fault {
  if (isName(text)) return undefined
  if (text.length > 63) return `"${text.slice(0, 20)}…" is ${text.length} characters long; a ${what} has at most 63`
  return `"${text}" is no name of a ${what}: lower-case letters, digits and hyphens inside, such as "risk-2"`
}

function faultOfProductId(text: string): Fault {
  const [domain = '', product, ...rest] = text.split('/')
  if (product === undefined || rest.length > 0) return `"${text}" is not written <domain>/<product>, such as "d1/ds3"`
  return faultOfName(domain, 'domain') ?? faultOfName(product, 'product')
}

const faultOfWallTime = (text: string): Fault =>
  parseWallTime(text)
    ? undefined
    : `"${text}" is no wall time: "HH:MM", "HH:MM +1d" (next day) or "HH:MM +1bd" (next business day); of an hour "+20m"`

function faultOfZone(text: string): Fault {
  if (isTimeZone(text) && (text.includes('/') || text === 'UTC')) return undefined
  const guess = didYouMean(text, Intl.supportedValuesOf('timeZone'))
  return `"${text}" is no IANA time zone, such as America/New_York or UTC${guess}`
}

/** Whether there is such a calendar is known only with all files (catalog/check-mesh.ts). */
const faultOfCalendar = (text: string): Fault => faultOfName(text, 'calendar')

const faultOfLocation = (text: string): Fault =>
  /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(?:[^\s/]+\/)*$/.test(text)
    ? undefined
    : `"${text}" is no location: s3://bucket/ or s3://bucket/folder/, with the slash at the end`

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30s`, `5m`, `2h`, `1d` in milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit]
  return count && unitMs ? Number(count) * unitMs : undefined
}

export const duration = (leastMs: number, mostMs: number, range: string) =>
  textWith((text) => {
    const ms = parseDurationMs(text)
    if (ms === undefined) return `"${text}" is no duration: a whole number and s, m, h or d, such as 30m or 2h`
    return ms < leastMs || ms > mostMs ? `"${text}" is out of range: ${range}` : undefined
  })

function faultOfArgumentName(name: string): Fault {
  if (!/^--[A-Za-z0-9][\w.-]*$/.test(name)) return `"${name}" is no name of an argument: it starts with "--"`
  if (/^--(sluice_|business_date$)/i.test(name)) return `"${name}" is set by Sluice itself; take another name`
  return GLUE_RESERVED.has(name.toLowerCase()) ? `"${name}" is reserved by Glue; set it on the job` : undefined
}

/** The substitutions there are: the date the cycle is about, and its key. */
export const BUSINESS_DATE = '${business_date}'
export const CYCLE = '${cycle}'

function faultOfArgumentValue(text: string): Fault {
  const unknown = /\$\{[^}]*\}?/g
  const found = [...text.matchAll(unknown)]
    .map(([found]) => found)
    .find((found) => found !== BUSINESS_DATE && found !== CYCLE)
  return found ? `"${found}" is not known; the only substitutions are ${BUSINESS_DATE} and ${CYCLE}` : undefined
}

export const location = textWith(faultOfLocation)
export const calendar = textWith(faultOfCalendar)
export const timezone = textWith(faultOfZone)
export const wallTime = textWith(faultOfWallTime)
export const every = textWith(whyNoEvery)
export const domainName = textWith((text) => faultOfName(text, 'domain'))
export const productId = textWith(faultOfProductId)
export const argumentName = textWith(faultOfArgumentName)
export const argumentValue = textWith(faultOfArgumentValue)
export const account = textWith((text) =>
  /^\d{12}$/.test(text) ? undefined : `"${text}" is no AWS account: 12 digits, in quotes`,
)
export const email = textWith((text) =>
  /^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/.test(text) && text.length <= 254 ? undefined : `"${text}" is no e-mail address`,
)
export const glueName = textWith((text) =>
  /^[\w .:/#()-]{1,255}$/.test(text) && text.trim() === text
    ? undefined
    : `"${text.slice(0, 40)}" is no name of a Glue job`,
)
