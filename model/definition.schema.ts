// The grammar of the definition files, once: it gives the parser, the types, the editors' JSON Schema and the
// reference page. In: a YAML document as plain values. Out: the file's typed content, or all its faults by path.
// Never: anything that needs a second document (catalog/check-mesh.ts).
import { z } from 'zod'
import { CATCH_UPS, CUTOFF_ACTIONS, RETRY_KEYS, SHIFTS } from './definition.ts'
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

const attempts = z
  .int({ error: ({ code }) => (code === 'too_big' || code === 'too_small' ? ATTEMPTS : undefined) })
  .min(1, { error: ATTEMPTS })
  .max(20, { error: ATTEMPTS })
const pause = duration(1_000, 86_400_000, 'from 1s to 1d')

const retryRule = z.strictObject({
  attempts: attempts.optional().meta({
    description: 'How many runs of one start of a cycle may end so before it is in ERROR, 1 to 20',
    examples: [3],
  }),
  after: pause.optional().meta({ description: 'The first pause; each further one is twice as long', examples: ['1m'] }),
  atMost: pause.optional().meta({ description: 'Up to which the pause grows', examples: ['30m'] }),
})

const RETRY_WORDS: Record<(typeof RETRY_KEYS)[number], string> = {
  infrastructure:
    "Glue itself failed: states ERROR and EXPIRED, messages of Glue's own. Else 3 attempts, or `attempts` where it is more, after 1m to 15m",
  throttled:
    'A limit of AWS ended the run: too many runs, too much compute, too many calls. Else 6 attempts, or `attempts` where it is more, after 2m to 30m',
  jobFailed:
    'All else that fails; goes before `attempts` and `retryAfter`, and without `atMost` all pauses are the same',
  timeout: 'The run took longer than `timeout`; without this block it counts as a failure of the job',
}

const retry = z.strictObject(
  Object.fromEntries(
    RETRY_KEYS.map((key) => [key, retryRule.optional().meta({ description: RETRY_WORDS[key] })]),
  ) as Record<(typeof RETRY_KEYS)[number], z.ZodOptional<typeof retryRule>>,
)

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
  attempts: attempts.default(1).meta({
    description: 'How many Glue runs one start of a cycle may use while the job fails, 1 to 20',
    examples: [3],
  }),
  retryAfter: pause
    .default('5m')
    .meta({ description: 'How long to wait before the next attempt, 1s to 1d', examples: ['5m'] }),
  retry: retry.optional().meta({
    description:
      'More attempts, or other pauses, by whose failure it was; of all kinds together one start uses at most 20 runs, ' +
      'and a run that a person stopped is never followed by another',
    examples: ['{ infrastructure: { attempts: 5, after: 2m, atMost: 30m }, timeout: { attempts: 1 } }'],
  }),
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
    catchUp: z
      .enum(CATCH_UPS)
      .optional()
      .meta({
        description:
          'After an outage, which of the cycles that fell due meanwhile the scheduler still opens: `all`, as when nothing is said, ' +
          'only the `latest`, or `none`; an event opens the cycle that waits for it all the same',
        examples: ['latest'],
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
    settle: duration(1_000, 86_400_000, 'from 1s to 1d')
      .optional()
      .meta({
        description:
          'How long a rerun for a corrected input (`onRevision: rerun`) waits for further corrections, so that several are one run; else 5m',
        examples: ['10m'],
      }),
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
