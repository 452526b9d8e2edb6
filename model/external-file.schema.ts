// The grammar of a document of kind `external`: which EventBridge events mean that an upstream outside the mesh is there.
// In: a YAML document as plain values. Out: the file's typed content, or all its faults by path.
// Never: a mapping that leads to no cycle, or that any event would match.
import { z } from 'zod'
import { SHIFTS } from './definition.ts'
import type { Checked } from './definition.schema.ts'
import {
  account,
  calendar,
  every,
  glueName,
  plainText,
  productId,
  textWith,
  timezone,
} from './definition-parts.schema.ts'
import { type SourceOf, toFindings } from './findings.schema.ts'

/** What `{…}` may stand for where a text is read, besides `{*}`: any part. */
const READ = ['date', 'yyyymmdd', 'year', 'month', 'day', 'cycle', '*']
/** The parts of a date, from which it can be put together. */
const DATE_PARTS = ['year', 'month', 'day']

const namesIn = (text: string): string[] => [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)

const isPath = (text: string): boolean => /^detail(\.[A-Za-z0-9_-]{1,100}){1,8}$/.test(text)

function faultOfPattern(text: string): string | undefined {
  const unknown = namesIn(text).find((name) => !READ.includes(name))
  if (unknown !== undefined) {
    return `{${unknown}} is not known; a text is read by ${READ.map((name) => `{${name}}`).join(', ')}`
  }
  if (namesIn(text).filter((name) => name === '*').length > 2) return 'has more than two {*}; write out what is fixed'
  if (/[{}]/.test(text.replaceAll(/\{[^{}]*\}/g, ''))) return `"${text}" has a brace without its other one`
  return text.replaceAll(/\{[^{}]*\}/g, '').trim() === '' ? `"${text}" would match anything` : undefined
}

function faultOfTemplate(text: string): string | undefined {
  const known = [...READ.filter((name) => name !== '*'), 'time']
  const unknown = namesIn(text).find((name) => !known.includes(name) && !isPath(name))
  return unknown === undefined
    ? undefined
    : `{${unknown}} is not known; what was read is ${known.map((name) => `{${name}}`).join(', ')}, a field {detail.name}`
}

const pattern = textWith((text) => (text.length > 500 ? 'is longer than 500 characters' : faultOfPattern(text)))
const template = textWith((text) => (text.length > 500 ? 'is longer than 500 characters' : faultOfTemplate(text)))
const path = textWith((text) => (isPath(text) ? undefined : `"${text}" is no path of a field, such as detail.version`))
const word = textWith((text) =>
  /^[\w .:/#-]{1,128}$/.test(text) ? undefined : `"${text}" is no name of a source or type`,
)

const CYCLE =
  'From what the cycle follows: a key or a date, put together from parts that were read and fields, such as `{date}`, ' +
  '`{year}-{month}-{day}`, `{detail.businessDate}`; `{time}` is the time of the event, in the zone of the external'

const s3 = z.strictObject({
  bucket: textWith((text) =>
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) ? undefined : `"${text}" is no name of a bucket`,
  ).meta({ description: 'The bucket, which must tell EventBridge of its objects', examples: ['example-landing'] }),
  key: pattern.meta({
    description: 'The object; {date}, {yyyymmdd}, {year}, {month}, {day}, {cycle} are read from it, {*} is any part',
    examples: ['"closes/{date}/sp500.csv"'],
  }),
  cycle: template.optional().meta({ description: `${CYCLE}; else what the key holds`, examples: ['"{date}"'] }),
})

const STATES = ['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED'] as const
const glue = z.strictObject({
  job: glueName.meta({ description: 'The Glue job of somebody else, in this account', examples: ['legacy-load'] }),
  states: z
    .array(z.enum(STATES))
    .min(1)
    .default(['SUCCEEDED'])
    .meta({ description: 'Ends that count', examples: ['[SUCCEEDED]'] }),
  cycle: template.default('{time}').meta({ description: CYCLE, examples: ['"{time}"'] }),
})

const event = z.strictObject({
  source: word.meta({ description: 'Its source', examples: ['vendor.feed'] }),
  detailType: word.meta({ description: 'Its detail-type', examples: ['File Ready'] }),
  where: z
    .record(path, pattern)
    .default({})
    .meta({ description: 'What fields must hold; parts may be read', examples: ['{ detail.feed: closes }'] }),
  cycle: template.meta({ description: CYCLE, examples: ['"{detail.businessDate}"'] }),
  revision: path.optional().meta({
    description: 'A number that rises with each correction; else the second of the event',
    examples: ['detail.version'],
  }),
  location: template.optional().meta({
    description: 'Where the data lies',
    examples: ['"s3://example-landing/{detail.businessDate}/"'],
  }),
})

const mapping = z
  .strictObject({
    s3: s3.optional().meta({ description: 'An object was created in S3' }),
    glue: glue.optional().meta({ description: 'A run of a Glue job ended' }),
    event: event.optional().meta({ description: 'An event of any other shape' }),
    account: account.optional().meta({ description: "Who may send it; else the domain's own account" }),
  })
  .superRefine((value, context) => {
    const found = ([value.s3, value.glue, value.event] as const).filter((one) => one !== undefined)
    if (found.length !== 1) context.addIssue({ code: 'custom', message: 'takes one of s3, glue and event' })
    const fault = faultOfCycle(value)
    if (fault) context.addIssue({ code: 'custom', path: fault.path, message: fault.message })
  })

/** Every part of the cycle must have been read. */
function faultOfCycle({
  s3: object,
  event: custom,
}: z.output<typeof mappingShape>): { path: string[]; message: string } | undefined {
  if (object) {
    const read = readBy([object.key])
    if (object.cycle === undefined && !['date', 'cycle'].some((name) => read.has(name)))
      return { path: ['s3', 'key'], message: 'holds no {date}, {yyyymmdd} or {cycle}; say which cycle it is: cycle: …' }
    return object.cycle === undefined ? undefined : unread(object.cycle, read, ['s3', 'cycle'])
  }
  return custom && unread(custom.cycle, readBy(Object.values(custom.where)), ['event', 'cycle'])
}

const mappingShape = z.object({ s3: s3.optional(), event: event.optional() })

function readBy(patterns: string[]): Set<string> {
  const read = new Set(patterns.flatMap(namesIn))
  if (read.has('yyyymmdd') || DATE_PARTS.every((name) => read.has(name))) read.add('date')
  return read
}

function unread(
  text: string,
  read: ReadonlySet<string>,
  at: string[],
): { path: string[]; message: string } | undefined {
  const names = namesIn(text)
  const lacking = names.find((name) => name !== 'time' && !name.startsWith('detail.') && !read.has(name))
  if (lacking !== undefined) return { path: at, message: `{${lacking}} is read nowhere in what the event must hold` }
  return names.length === 0 ? { path: at, message: `"${text}" is the same for every event` } : undefined
}

export const externalFile = z
  .strictObject({
    external: productId.meta({
      description: 'Its name, `<domain>/<name>`, as products of this domain wait for it',
      examples: ['d1/vendor-closes'],
    }),
    description: plainText(2_000)
      .optional()
      .meta({
        description: 'One sentence that a business user understands',
        examples: ['Closing prices that the vendor drops into our bucket'],
      }),
    every: every.meta({ description: 'How often it comes, as of a product', examples: ['business-day'] }),
    calendar: calendar.optional().meta({
      description: 'Whose business days; else the calendar of the domain',
      examples: ['us-equities'],
    }),
    timezone: timezone.optional().meta({
      description: 'IANA zone of dates; else the zone of the domain',
      examples: ['America/New_York'],
    }),
    onNonBusinessDay: z
      .enum(SHIFTS)
      .optional()
      .meta({ description: 'As of a product', examples: ['skip'] }),
    from: z
      .array(mapping)
      .min(1, { error: 'names no event' })
      .max(20, { error: 'has more than 20 mappings' })
      .meta({ description: 'The events that say that it is there; one is enough' }),
  })
  .superRefine(({ every: often, from }, context) => {
    if (often !== 'hour') return
    for (const [index, { s3: object }] of from.entries()) {
      if (!object || object.cycle !== undefined || namesIn(object.key).includes('cycle')) continue
      const message = 'a date names no hour: read {cycle}, or say cycle: "{time}"'
      context.addIssue({ code: 'custom', path: ['from', index, 's3', 'key'], message })
    }
  })
  .meta({ title: 'External', description: 'An upstream outside the mesh, by the events that somebody else sends' })

export type ExternalFile = z.output<typeof externalFile>

/** The document of an external, typed, or everything that is wrong with it. */
export function checkExternalFile(value: unknown, sourceOf: SourceOf): Checked<ExternalFile> {
  const result = externalFile.safeParse(value)
  return result.success
    ? { kind: 'valid', file: result.data }
    : { kind: 'invalid', findings: toFindings(result.error.issues, { schema: externalFile, value, sourceOf }) }
}
