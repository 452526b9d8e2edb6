// In: a local stack's record and an account. Out: the variables by which any AWS SDK, `temporal`, `psql` and every role
// work on it. Product code knows nothing else of a local stack.
import { didYouMean } from '../model/nearest.ts'
import type { StackRecord } from '../sandbox/stacks.ts'

export const CENTRAL = 'central'
export const REGION = 'us-east-1'
export const CENTRAL_BUS_NAME = 'sluice-central'

/** What a stack is made of, by the names under which its record keeps the addresses. */
export interface StackAddresses {
  awsEndpoint?: string
  temporalAddress?: string
  temporalNamespace?: string
  temporalUi?: string
  /** As superuser. */
  databaseUrl?: string
  bundle?: string
  /** By `central` or the domain. */
  accounts: Record<string, string>
  /** With the login of the domain's roles. */
  databaseUrls: Record<string, string>
  /** Timings and other `SLUICE_*` settings of this stack. */
  settings: Record<string, string>
}

export const toRecordAddresses = ({ accounts, databaseUrls, settings, ...single }: StackAddresses) =>
  Object.fromEntries(
    [
      ...Object.entries(single),
      ...Object.entries(accounts).map(([name, value]) => [`account:${name}`, value]),
      ...Object.entries(databaseUrls).map(([name, value]) => [`databaseUrl:${name}`, value]),
      ...Object.entries(settings).map(([name, value]) => [`setting:${name}`, value]),
    ].filter(([, value]) => value !== undefined),
  ) as Record<string, string>

export function fromRecordAddresses(addresses: Record<string, string>): StackAddresses {
  const under = (prefix: string) =>
    Object.fromEntries(
      Object.entries(addresses)
        .filter(([name]) => name.startsWith(`${prefix}:`))
        .map(([name, value]) => [name.slice(prefix.length + 1), value]),
    )
  return {
    ...addresses,
    accounts: under('account'),
    databaseUrls: under('databaseUrl'),
    settings: under('setting'),
  }
}

/** @throws Error naming the accounts there are, for one there is not. */
export function toEnvironment(stack: Pick<StackRecord, 'id' | 'addresses'>, who = CENTRAL): Record<string, string> {
  const addresses = fromRecordAddresses(stack.addresses)
  return {
    ...toAwsVariables(stack.id, addresses, who),
    ...toServerVariables(addresses, who),
    ...addresses.settings,
  }
}

function toAwsVariables(id: string, { awsEndpoint, accounts }: StackAddresses, who: string): Record<string, string> {
  const account = accounts[who]
  if (account === undefined) {
    const known = Object.keys(accounts)
    if (known.every((name) => name === CENTRAL))
      throw new Error(`Stack ${id} has no domain "${who}": it has no mesh. One with a mesh: sluice dev <folder>`)
    const guess = didYouMean(who, known) || '.'
    throw new Error(`Stack ${id} has no domain "${who}"${guess} It has ${known.join(', ')}.`)
  }
  if (awsEndpoint === undefined) return {}
  return {
    AWS_ENDPOINT_URL: awsEndpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    // The access key names the account; see sandbox/README.md.
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_ACCOUNT_ID: account,
    AWS_EC2_METADATA_DISABLED: 'true',
    SLUICE_CENTRAL_BUS_ARN: `arn:aws:events:${REGION}:${accounts[CENTRAL]}:event-bus/${CENTRAL_BUS_NAME}`,
  }
}

function toServerVariables(addresses: StackAddresses, who: string): Record<string, string> {
  const { temporalAddress, temporalNamespace, databaseUrl, databaseUrls, bundle } = addresses
  const url = databaseUrls[who] ?? databaseUrl
  return {
    ...(temporalAddress ? { TEMPORAL_ADDRESS: temporalAddress } : {}),
    ...(temporalNamespace ? { TEMPORAL_NAMESPACE: temporalNamespace } : {}),
    ...(url ? { DATABASE_URL: url } : {}),
    ...(bundle ? { SLUICE_BUNDLE: bundle } : {}),
  }
}
