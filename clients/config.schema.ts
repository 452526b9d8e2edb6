// The settings of every role, read once from the environment. AWS and Temporal names are those of their own tools,
// so that `aws`, `temporal` and Sluice read the same variables.
import { z } from 'zod'

const seconds = (preset: number) =>
  z.coerce
    .number()
    .int()
    .positive()
    .default(preset)
    .transform((value) => value * 1_000)

const flag = z.enum(['true', 'false', '1', '0', '']).transform((value) => value === 'true' || value === '1')

export const environmentSchema = z.object({
  AWS_REGION: z.string().min(1),
  AWS_ACCOUNT_ID: z.string().regex(/^\d{12}$/, 'must be the 12 digits of the account this role runs in'),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: flag.default(false),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL'),
  SLUICE_CENTRAL_BUS_ARN: z.string().regex(/^arn:aws[a-z-]*:events:/, 'must be the ARN of the central event bus'),
  SLUICE_CATALOG_BUCKET: z.string().default('sluice-catalog'),
  SLUICE_GLUE_CHECK_SECONDS: seconds(900),
  SLUICE_GLUE_CAPACITY_SECONDS: seconds(20),
  SLUICE_ERROR_WAIT_SECONDS: seconds(259_200),
  SLUICE_RECORD_RETRY_SECONDS: seconds(120),
  SLUICE_CATALOG_POLL_SECONDS: seconds(15),
  SLUICE_TICK_SECONDS: seconds(600),
  SLUICE_BACKFILL_LOOK_SECONDS: seconds(15),
  SLUICE_BUNDLE: z.string().optional(),
  SLUICE_ROLLBACK: flag.default(false),
  SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

export type Environment = z.infer<typeof environmentSchema>

/** The problems of a failed parse, one line each: name, what is wrong. */
export const toProblems = (error: z.ZodError): string[] =>
  error.issues.map(
    (issue) =>
      `${issue.path.join('.')}: ${issue.code === 'invalid_type' && issue.input === undefined ? 'is not set' : issue.message}`,
  )
