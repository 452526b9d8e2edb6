// Which mesh a command works on, and its clients. In: --stack, the process's environment, the local stacks.
// Out: settings and clients, opened when first used, closed after the work. Never: a user's AWS profile on a local stack.
import type { Client } from '@temporalio/client'
import type { AwsClients } from '../clients/aws.ts'
import { readEnvironment, toTemporal } from '../clients/config.ts'
import type { Environment } from '../clients/config.schema.ts'
import { openPostgres, type Postgres } from '../clients/postgres.ts'
import type { StackRecord } from '../sandbox/stacks.ts'
import { type Choice, chooseLocalStack, isOfServers } from './choose-stack.ts'
import { toEnvironment } from './stack-environment.ts'

export interface Connection {
  /** Read when asked for: a command need not have what it does not use. */
  readonly settings: Environment
  /** Undefined on a mesh that is no local stack. */
  stack: StackRecord | undefined
  db(): Postgres
  temporal(): Promise<Client>
  aws(): Promise<AwsClients>
}

/** A person waits. */
const PATIENCE_MS = 5_000

/** `who`: the account whose rights are needed, `central` or a domain; outside of local stacks it is the process's own. */
export async function withConnection<T>(
  choice: Choice,
  who: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const stack = chooseLocalStack(choice)
  const leave = stack ? enter(stack, who) : () => undefined
  const closers: (() => Promise<unknown>)[] = []
  const once = <C>(open: () => Promise<C>, close: (client: C) => unknown): (() => Promise<C>) => {
    let client: Promise<C> | undefined
    return () => {
      if (client === undefined) {
        client = open()
        closers.push(() => (client as Promise<C>).then(close, () => undefined))
      }
      return client
    }
  }
  const read = (): Environment => readEnvironment(process.env, 'this command')
  let db: Postgres | undefined
  const openDatabase = (): Postgres => {
    if (stack) requirePart(stack, 'databaseUrl')
    const url = process.env['DATABASE_URL'] ?? read().DATABASE_URL
    const opened = openPostgres(url, { applicationName: 'sluice', connectTimeoutMs: PATIENCE_MS })
    closers.push(() => opened.end())
    return opened
  }
  try {
    return await work({
      get settings() {
        return read()
      },
      stack,
      db: () => (db ??= openDatabase()),
      // Half a second of loading each, which not every command needs.
      temporal: once(
        async () => {
          if (stack) requirePart(stack, 'temporalAddress')
          return (await import('../clients/temporal.ts')).openTemporal(toTemporal(read()), PATIENCE_MS)
        },
        ({ connection }) => connection.close(),
      ),
      aws: once(
        async () => {
          if (stack) requirePart(stack, 'awsEndpoint')
          return (await import('../clients/aws.ts')).openAws(read().AWS_REGION)
        },
        (aws) => aws.close(),
      ),
    })
  } finally {
    await Promise.all(closers.map((close) => close()))
    leave()
  }
}

const PARTS = { awsEndpoint: 'AWS', temporalAddress: 'Temporal', databaseUrl: 'PostgreSQL' } as const

function requirePart({ id, addresses }: StackRecord, part: keyof typeof PARTS): void {
  if (!addresses[part])
    throw new Error(`Stack ${id} runs without ${PARTS[part]}, which this needs: sluice dev <folder>`)
}

/** Makes this process that account, for the SDK's own credential chain; the answer undoes it. */
function enter(stack: StackRecord, who: string): () => void {
  const [before, wanted] = [{ ...process.env }, toEnvironment(stack, who)]
  const replaceBy = (variables: NodeJS.ProcessEnv): void => {
    for (const name of Object.keys(process.env)) if (isOfServers(name) || name in wanted) delete process.env[name]
    Object.assign(process.env, variables)
  }
  replaceBy(wanted)
  return () => replaceBy(before)
}
