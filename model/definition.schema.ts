// The grammar of the definition files, once: it gives the parser, the types, the editors' JSON Schema and the
// reference page. In: a YAML document as plain values. Out: the file's typed content, or all its faults by path.
// Never: anything that needs a second document (catalog/check-mesh.ts).
import { z } from 'zod'
import { CUTOFF_ACTIONS, SHIFTS } from './definition.ts'
import {
  account,
  argumentName,
  argumentValue,
  BUSINESS_DATE,
  CYCLE,
  calendar,
  domainName,
  duration,
  email,
  every,
  glueName,
  location,
  plainText,
  productId,
  timezone,
  wallTime,
} from './definition-parts.schema.ts'
import { dependency } from './dependency.schema.ts'
import { type Finding, type SourceOf, toFindings } from './findings.schema.ts'

const owner = z.strictObject({
  team: plainText(200).meta({ description: 'The team that answers for it', examples: ['wealth-data'] }),
  email: email.meta({ description: 'Where the team is reached', examples: ['wealth-data@example.com'] }),
})

export const domainFile = z
  .strictObject({
    domain: domainName.meta({
      description: 'Name of the domain: lower-case letters, digits, hyphens inside; at most 63',
      examples: ['d1'],
    }),
    sluice: z
      .literal(1, {
        error: ({ input }) => (input === undefined ? undefined : 'this Sluice reads files of version 1 only'),
      })
      .meta({ description: 'Version of this grammar: 1', examples: [1] }),
    account: account.meta({
      description: 'The AWS account of the domain, 12 digits in quotes',
      examples: ['"222222222222"'],
    }),
    owner: owner.meta({ description: 'Who answers for products that name no owner' }),
    calendar: calendar.meta({
      description:
        'Calendar of products that name none: us-equities, us-bonds, us-banking, weekdays, or one of your own (`sluice calendar list`)',
      examples: ['us-equities'],
    }),
    timezone: timezone.meta({
      description: 'IANA time zone of products that name none; all wall times are of this zone',
      examples: ['America/New_York'],
    }),
    location: location.optional().meta({
      description: 'Where products go that name no location: this folder and the name of the product',
      examples: ['s3://example-d1-products/'],
    }),
  })
  .meta({ title: 'Domain', description: 'One per domain, by custom in domain.yaml: the defaults of its products' })

const MOST_UPSTREAMS = 200

const ATTEMPTS = 'at least 1, at most 20'

const run = z.strictObject({
  glue: glueName.meta({ description: "Name of the Glue job in the domain's account", examples: ['d1-ds3'] }),
  arguments: z
    .record(argumentName, argumentValue)
    .default({})
    .meta({
      description:
        'Arguments of the job besides those that Sluice sets (`--business_date`, `--sluice_*`); ' +
        `in a value \`${BUSINESS_DATE}\` stands for the date of the cycle, \`${CYCLE}\` for its key`,
      examples: [`{ --book: eq, --day: "${BUSINESS_DATE}" }`],
    }),
  timeout: duration(60_000, 7 * 86_400_000, 'from 1m to 7d')
    .default('8h')
    .meta({ description: 'How long one Glue run may take, 1m to 7d', examples: ['2h', '30m'] }),
  attempts: z
    .int({ error: ({ code }) => (code === 'too_big' || code === 'too_small' ? ATTEMPTS : undefined) })
    .min(1, { error: ATTEMPTS })
    .max(20, { error: ATTEMPTS })
    .default(1)
    .meta({ description: 'How many Glue runs one start of a cycle may use, 1 to 20', examples: [3] }),
  retryAfter: duration(1_000, 86_400_000, 'from 1s to 1d')
    .default('5m')
    .meta({ description: 'How long to wait before the next attempt, 1s to 1d', examples: ['5m'] }),
})

const cutoff = z.strictObject({
  at: wallTime.meta({ description: 'When waiting ends', examples: ['"02:00 +1d"'] }),
  then: z.enum(CUTOFF_ACTIONS).meta({
    description:
      'What happens then: `error` asks an operator, `skip` gives the cycle up, `run-without` starts with what is there',
    examples: ['error'],
  }),
})

export const productFile = z
  .strictObject({
    product: productId.meta({
      description: 'The product, `<domain>/<product>`; each part at most 63 characters',
      examples: ['d1/ds3'],
    }),
    description: plainText(2_000)
      .optional()
      .meta({
        description: 'One sentence that a business user understands',
        examples: ['Drawdown of the index on heavy-volume days'],
      }),
    visibility: z
      .enum(['domain', 'mesh'])
      .default('domain')
      .meta({
        description: '`mesh`: other domains may depend on it; `domain`: nobody else sees it',
        examples: ['mesh'],
      }),
    owner: owner.optional().meta({ description: 'Who answers for it; else the owner of the domain' }),
    calendar: calendar.optional().meta({
      description: 'Whose business days; else the calendar of the domain',
      examples: ['us-equities'],
    }),
    timezone: timezone.optional().meta({
      description: 'IANA zone of the wall times below; else the zone of the domain',
      examples: ['Europe/London'],
    }),
    every: every.optional().meta({
      description:
        'How often it refreshes: `hour`, `day`, `business-day`, `week`, `month`, `quarter` (on the last day), ' +
        '`month-end(business)`, `quarter-end(business)`, `nth-business-day(3)` of the month; without it as its upstreams, if they agree',
      examples: ['business-day'],
    }),
    onNonBusinessDay: z
      .enum(SHIFTS)
      .optional()
      .meta({
        description:
          'When its day is no business day: `skip` the cycle, or let it be due on the `next` or `previous` one; it keeps its date',
        examples: ['previous'],
      }),
    notBefore: wallTime.optional().meta({
      description: 'Earliest start, even when all has arrived',
      examples: ['"17:00"'],
    }),
    availableBy: wallTime.optional().meta({
      description: 'When the business expects it; later is reported as late',
      examples: ['"06:00 +1d"'],
    }),
    cutoff: cutoff.optional().meta({ description: 'How long to wait for upstreams; without it as long as it takes' }),
    dependsOn: z
      .array(dependency)
      // Each arrival is written down with the state of all of them, and a history has its limits.
      .max(MOST_UPSTREAMS, { error: `has more than ${MOST_UPSTREAMS} upstreams; put a product in between` })
      .default([])
      .meta({
        description:
          'Upstreams, all of them needed, each with the cycle of the same key; or with a rule (`cycle`, `latestWithin`), or a group (`anyOf`, `atLeast`)',
        examples: ['[d1/ds1, raw/rd2]'],
      }),
    run: run.meta({ description: 'The job that makes it' }),
    publish: z
      .union([
        z.literal(false),
        z.strictObject({
          location: location.meta({ description: 'Where the data goes', examples: ['s3://example-d1-products/ds3/'] }),
        }),
      ])
      .optional()
      .meta({
        description:
          'Where the data goes, for whoever reads the refresh event; else `<location of the domain><product>/`. ' +
          '`false`: runs without publishing an event',
      }),
  })
  .meta({ title: 'Product', description: 'One per data product: when it refreshes, from what, and by which job' })

export type DomainFile = z.output<typeof domainFile>
export type ProductFile = z.output<typeof productFile>

export type Checked<T> = { kind: 'valid'; file: T } | { kind: 'invalid'; findings: Finding[] }

/** The document of a domain, typed, or everything that is wrong with it. */
export const checkDomainFile = (value: unknown, sourceOf: SourceOf): Checked<DomainFile> =>
  check(domainFile, value, sourceOf)

/** The document of a product, typed, or everything that is wrong with it. */
export const checkProductFile = (value: unknown, sourceOf: SourceOf): Checked<ProductFile> =>
  check(productFile, value, sourceOf)

function check<T>(schema: z.ZodType<T>, value: unknown, sourceOf: SourceOf): Checked<T> {
  const result = schema.safeParse(value)
  return result.success
    ? { kind: 'valid', file: result.data }
    : { kind: 'invalid', findings: toFindings(result.error.issues, { schema, value, sourceOf }) }
}
