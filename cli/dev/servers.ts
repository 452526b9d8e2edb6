// The servers of a local stack: AWS, Temporal, PostgreSQL. In: which of them, and addresses of those that run already.
// Out: all of them serving. Never: one left running when another did not come up.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Connection } from '@temporalio/client'
import { WANTED_RETENTION } from '../../clients/namespace.ts'
import { openPostgres } from '../../clients/postgres.ts'
import { connectPatiently } from '../../clients/temporal.ts'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { requireFreePort } from '../../sandbox/ports.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'
import { FRUGAL, plainEnvironment, type RunningProcess, startProcess } from '../../sandbox/processes.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { startTemporal } from '../../sandbox/temporal/server.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'
import type { Show } from './show.ts'

export const PARTS = ['aws', 'temporal', 'postgres'] as const
export type Part = (typeof PARTS)[number]

export interface ServersOrder {
  parts: readonly Part[]
  /** Logs and data. */
  folder: string
  namespace: string
  /** Name of the database to make. */
  database: string
  /** Servers that run already, and are neither started nor stopped. */
  temporalAddress?: string
  databaseUrl?: string
  /** On servers that run already, make a namespace and a database of this stack's own. */
  isIsolated?: boolean
  /** A Temporal CLI of the user's choice. */
  temporalCli?: string
  ports?: Partial<Record<Part | 'temporalUi', number>>
  forwardedAccount?: 'origin' | 'bus'
  show: Show
}

export interface Servers {
  awsEndpoint?: string
  temporalAddress?: string
  temporalUi?: string
  /** As superuser, of the database made. */
  databaseUrl?: string
  processes: RunningProcess[]
}

type Started = Omit<Servers, 'processes'> & { process?: RunningProcess }

export async function startServers(order: ServersOrder): Promise<Servers> {
  const starts = { aws: startAws, temporal: openTemporalServer, postgres: openDatabase }
  const attempts = await Promise.allSettled(order.parts.map((part) => starts[part](order)))
  const started = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const processes = started.flatMap(({ process }) => (process ? [process] : []))
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  if (failed) {
    await Promise.all(processes.map((process) => process.stop()))
    throw failed.reason
  }
  return { ...Object.assign({}, ...started), processes }
}

const AWS_MAIN = fileURLToPath(new URL('../../sandbox/aws/main.ts', import.meta.url))

async function startAws({ folder, ports, forwardedAccount, show }: ServersOrder): Promise<Started> {
  let endpoint = ''
  let started: RunningProcess | undefined
  await show('AWS sandbox', async () => {
    const ready = /^\{"endpoint":"([^"]+)"/m
    if (ports?.aws) await requireFreePort(ports.aws, 'the AWS sandbox')
    started = await startProcess({
      name: 'AWS sandbox',
      command: process.execPath,
      args: [
        ...[FRUGAL.flag, AWS_MAIN, '--standalone', '--port', String(ports?.aws ?? 0)],
        ...['--ledger', path.join(folder, 'aws-ledger.jsonl'), '--forwarded-account', forwardedAccount ?? 'origin'],
      ],
      env: { ...plainEnvironment(), ...FRUGAL.env },
      logFile: path.join(folder, 'aws.log'),
      readyWhen: ready,
    })
    endpoint = ready.exec(started.lastLines(Number.POSITIVE_INFINITY))?.[1] ?? ''
    return endpoint
  })
  return { awsEndpoint: endpoint, process: started }
}

async function openTemporalServer(order: ServersOrder): Promise<Started> {
  const { temporalAddress, namespace, folder, ports, show } = order
  if (temporalAddress) return takeTemporal(order, temporalAddress)
  const executable = await show('Temporal CLI', async (say) => {
    const found = await findTemporal({ explicit: order.temporalCli, cacheFolder: cacheFolder(), onProgress: say })
    for (const { source, reason } of found.rejected) say(`passed over ${source}: ${reason}`)
    say(`${found.version} from ${found.source}`)
    return found.path
  })
  let started: Awaited<ReturnType<typeof startTemporal>> | undefined
  await show('Temporal server', async () => {
    started = await startTemporal({
      executable,
      namespace,
      port: ports?.temporal,
      uiPort: ports?.temporalUi,
      logFile: path.join(folder, 'temporal.log'),
      searchAttributes: SEARCH_ATTRIBUTES,
    })
    return `${started.address}, UI ${started.uiUrl}`
  })
  return { temporalAddress: started?.address, temporalUi: started?.uiUrl, process: started?.process }
}

async function openDatabase({
  databaseUrl,
  database,
  folder,
  ports,
  show,
  isIsolated,
}: ServersOrder): Promise<Started> {
  if (databaseUrl)
    return {
      databaseUrl: isIsolated ? await show('PostgreSQL', () => makeDatabase(databaseUrl, database)) : databaseUrl,
    }
  let url = ''
  let started: Awaited<ReturnType<typeof startPostgres>> | undefined
  await show('PostgreSQL', async () => {
    started = await startPostgres({
      folder: path.join(folder, 'postgres'),
      port: ports?.postgres,
      logFile: path.join(folder, 'postgres.log'),
    })
    url = await started.createDatabase(database)
    return `${started.version} on port ${started.port}`
  })
  return { databaseUrl: url, process: started?.process }
}

async function takeTemporal({ isIsolated, namespace, show }: ServersOrder, temporalAddress: string): Promise<Started> {
  await show('Temporal server', async () => {
    const connection = await connectPatiently(
      () => Connection.connect({ address: temporalAddress }),
      temporalAddress,
      5_000,
    )
    try {
      const { workflowService } = connection
      if (isIsolated)
        await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: WANTED_RETENTION })
      else await workflowService.describeNamespace({ namespace })
      return `${temporalAddress}, namespace ${namespace}`
    } finally {
      await connection.close()
    }
  })
  return { temporalAddress }
}

/** Beside the one that the URL names. */
async function makeDatabase(serverUrl: string, database: string): Promise<string> {
  const db = openPostgres(serverUrl, { applicationName: 'sluice local stack' })
  try {
    await db.rows(`create database "${database}"`)
    return Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href
  } finally {
    await db.end()
  }
}
