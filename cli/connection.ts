// Which mesh a command works on, and its clients. In: --stack, the process's environment, the local stacks.
// Out: settings and clients, opened when first used, closed after the work. Never: a user's AWS profile on a local stack.
import type { Client } from '@temporalio/client'
import { type AwsClients, openAws } from '../clients/aws.ts'
import { readEnvironment, toTemporal } from '../clients/config.ts'
import type { Environment } from '../clients/config.schema.ts'
import { openPostgres, type Postgres } from '../clients/postgres.ts'
import { openTemporal } from '../clients/temporal.ts'
import { chooseStack, type StackRecord } from '../sandbox/stacks.ts'
import { CENTRAL, fromRecordAddresses, toEnvironment } from './stack-environment.ts'

export interface Connection {
  settings: Environment
  /** Undefined on a mesh that is no local stack. */
  stack: StackRecord | undefined
  db(): Postgres
  temporal(): Promise<Client>
  aws(): AwsClients
}

export interface Choice {
  stack?: string | undefined
}

const TEMPORAL_PATIENCE_MS = 5_000

/** `who`: the account whose rights are needed, `central` or a domain; outside of local stacks it is the process's own. */
export async function withConnection<T>(
  choice: Choice,
  who: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const stack = chooseLocalStack(choice)
  if (stack) enter(stack, who)
  const settings = readEnvironment(process.env, 'this command')
  const closers: (() => unknown)[] = []
  const once = <C>(open: () => C, close: (client: C) => unknown): (() => C) => {
    let client: C | undefined
    return () => {
      if (client === undefined) {
        client = open()
        closers.push(() => close(client as C))
      }
      return client
    }
  }
  try {
    return await work({
      settings,
      stack,
      db: once(
        () => openPostgres(settings.DATABASE_URL, { applicationName: 'sluice' }),
        (db) => db.end(),
      ),
      temporal: once(
        () => openTemporal(toTemporal(settings), TEMPORAL_PATIENCE_MS),
        (client) =>
          client.then(
            ({ connection }) => connection.close(),
            () => undefined,
          ),
      ),
      aws: once(
        () => openAws(settings.AWS_REGION),
        (aws) => aws.close(),
      ),
    })
  } finally {
    await Promise.all(closers.map(async (close) => close()))
  }
}

/** The stack named, else none when the environment names servers, else the only live one. */
export function chooseLocalStack({ stack }: Choice): StackRecord | undefined {
  if (stack === undefined && (process.env['TEMPORAL_ADDRESS'] || process.env['DATABASE_URL'])) return undefined
  return chooseStack(stack)
}

/** The domains of a stack's mesh. */
export const domainsOf = (stack: StackRecord): string[] =>
  Object.keys(fromRecordAddresses(stack.addresses).accounts).filter((name) => name !== CENTRAL)

/** From here on this process is that account, for the SDK's own credential chain. */
function enter(stack: StackRecord, who: string): void {
  for (const name of Object.keys(process.env)) if (/^(AWS|TEMPORAL)_/.test(name)) delete process.env[name]
  Object.assign(process.env, toEnvironment(stack, who))
}
