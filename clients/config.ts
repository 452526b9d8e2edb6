// In: an environment and the domain a role works for. Out: its settings, typed, with units in the names.
// Never: reads the environment by itself (entries hand it in); starts with a setting it could not read.
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { type Domain, parseDomain } from '../model/ids.ts'
import { type Environment, environmentSchema, toProblems } from './config.schema.ts'

export interface TemporalSettings {
  address: string
  namespace: string
  apiKey: string | undefined
  tls: boolean
  clientCertPath: string | undefined
  clientKeyPath: string | undefined
  serverCaPath: string | undefined
  serverName: string | undefined
}

export interface RoleConfig {
  domain: Domain
  account: string
  region: string
  centralBusArn: string
  domainBusName: string
  queueName: string
  deadLetterQueueName: string
  notificationQueueName: string
  catalogBucket: string
  databaseUrl: string
  temporal: TemporalSettings
  cycle: CycleSettings
  capacityRetryMs: number
  catalogPollMs: number
  tickMs: number
  bundlePath: string | undefined
  /** A worker of a build that another has replaced becomes the current one again. */
  isRollback: boolean
  logLevel: Environment['SLUICE_LOG_LEVEL']
}

/** The settings could not be read; `problems` names each. */
export class ConfigError extends Error {
  readonly problems: string[]

  constructor(message: string, problems: string[]) {
    super([message, ...problems.map((problem) => `  ${problem}`)].join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** @throws ConfigError with all problems at once. */
export function readConfig(environment: Record<string, string | undefined>, domainName: string): RoleConfig {
  const domain = parseDomain(domainName)
  if (!domain) throw new ConfigError(`"${domainName}" is no domain name: lower-case letters, digits and hyphens.`, [])
  const given = readEnvironment(environment, `the role of domain ${domain}`)
  return {
    domain,
    account: given.AWS_ACCOUNT_ID,
    region: given.AWS_REGION,
    centralBusArn: given.SLUICE_CENTRAL_BUS_ARN,
    ...namesOf(domain),
    catalogBucket: given.SLUICE_CATALOG_BUCKET,
    databaseUrl: given.DATABASE_URL,
    temporal: toTemporal(given),
    cycle: {
      checkGlueMs: given.SLUICE_GLUE_CHECK_SECONDS,
      errorWaitMs: given.SLUICE_ERROR_WAIT_SECONDS,
      recordRetryMs: given.SLUICE_RECORD_RETRY_SECONDS,
    },
    capacityRetryMs: given.SLUICE_GLUE_CAPACITY_SECONDS,
    catalogPollMs: given.SLUICE_CATALOG_POLL_SECONDS,
    tickMs: given.SLUICE_TICK_SECONDS,
    bundlePath: given.SLUICE_BUNDLE,
    isRollback: given.SLUICE_ROLLBACK,
    logLevel: given.SLUICE_LOG_LEVEL,
  }
}

/** The names of a domain's bus and queues, in its own account; infrastructure and roles both come here. */
export const namesOf = (domain: Domain | string) => ({
  domainBusName: `sluice-${domain}`,
  queueName: `sluice-${domain}-events`,
  deadLetterQueueName: `sluice-${domain}-events-dlq`,
  notificationQueueName: `sluice-${domain}-notifications`,
})

/** For commands, which belong to no domain: the same variables, those of one domain's account not needed. */
export function readEnvironment(environment: Record<string, string | undefined>, whose: string): Environment {
  const parsed = environmentSchema.safeParse(environment)
  if (parsed.success) return parsed.data
  throw new ConfigError(
    `Settings of ${whose} are missing or wrong; \`sluice dev env\` prints those of a local stack.`,
    toProblems(parsed.error),
  )
}

export const toTemporal = (given: Environment): TemporalSettings => ({
  address: given.TEMPORAL_ADDRESS,
  namespace: given.TEMPORAL_NAMESPACE,
  apiKey: given.TEMPORAL_API_KEY,
  tls: given.TEMPORAL_TLS || given.TEMPORAL_API_KEY !== undefined || given.TEMPORAL_TLS_CLIENT_CERT_PATH !== undefined,
  clientCertPath: given.TEMPORAL_TLS_CLIENT_CERT_PATH,
  clientKeyPath: given.TEMPORAL_TLS_CLIENT_KEY_PATH,
  serverCaPath: given.TEMPORAL_TLS_SERVER_CA_CERT_PATH,
  serverName: given.TEMPORAL_TLS_SERVER_NAME,
})
