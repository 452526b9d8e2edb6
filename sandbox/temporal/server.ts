// In: a `temporal` executable, a namespace, search attributes. Out: a development server on loopback that answers for both.
// Never: reachable from another machine; ready before the namespace can take a workflow.
import { Connection } from '@temporalio/client'
import { freePort, LOOPBACK, onFreePort, requireFreePort } from '../ports.ts'
import { type RunningProcess, startProcess, waitUntilReady } from '../processes.ts'

export interface TemporalOptions {
  executable: string
  /** Free ones unless told. */
  port?: number
  uiPort?: number
  /** No UI at all; tests need none. */
  headless?: boolean
  /** Keeps everything in this file; without it, in memory. */
  dbFile?: string
  namespace: string | readonly string[]
  logFile: string
  /** Of namespaces made now; those in a kept file have theirs, and roles add what is missing at boot. */
  searchAttributes: Readonly<Record<string, string>>
  /** Settings of the server itself, such as how many calls a second it takes. */
  dynamicConfig?: Readonly<Record<string, number>>
}

export interface RunningTemporal {
  /** Host and port of the gRPC service, as TEMPORAL_ADDRESS has it. */
  address: string
  /** Undefined when headless. */
  uiUrl: string | undefined
  pid: number
  process: RunningProcess
  stop(): Promise<void>
  kill(): Promise<void>
}

const START_MS = 60_000

export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { port, uiPort } = options
  if (port !== undefined) await requireFreePort(port, 'Temporal')
  if (uiPort !== undefined) await requireFreePort(uiPort, "Temporal's UI")
  return onFreePort(() => serve(options), port !== undefined && uiPort !== undefined ? 1 : 3)
}

async function serve(options: TemporalOptions): Promise<RunningTemporal> {
  const port = options.port ?? (await freePort())
  const uiPort = options.headless ? undefined : (options.uiPort ?? (await freePort()))
  const address = `${LOOPBACK}:${port}`
  const server = await startProcess({
    name: 'Temporal',
    command: options.executable,
    args: argumentsFor(options, port, uiPort),
    env: withoutTemporal(process.env),
    logFile: options.logFile,
  })
  const namespaces = [options.namespace].flat()
  await waitUntilReady(server, () => servesAll(address, namespaces), START_MS)
  const uiUrl = uiPort === undefined ? undefined : `http://${LOOPBACK}:${uiPort}`
  const stop = async () => void (await server.stop())
  const kill = async () => void (await server.kill())
  return { address, uiUrl, pid: server.pid, process: server, stop, kill }
}

function argumentsFor(options: TemporalOptions, port: number, uiPort: number | undefined): string[] {
  const { dbFile, namespace, searchAttributes, dynamicConfig = {} } = options
  const view = uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']
  // The pragmas: more than twice the signals a second, and only a power cut can lose what was acknowledged.
  const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF']
  const serve = ['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port), '--log-level', 'warn']
  return [
    ...serve,
    ...view,
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile, ...pragmas]),
    ...[namespace].flat().flatMap((name) => ['--namespace', name]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...Object.entries(dynamicConfig).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
  ]
}

/** The user's TEMPORAL_* say how a client reaches his server; the CLI would read them for ours too. */
const withoutTemporal = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')))

/** The server's own health answer, then each namespace: the first is given before the second are there. */
async function servesAll(address: string, namespaces: string[]): Promise<boolean> {
  try {
    await withConnection(address, async (connection) => {
      const health = await connection.healthService.check({
        service: 'temporal.api.workflowservice.v1.WorkflowService',
      })
      if (health.status !== SERVING) throw new Error(`Temporal's health is ${health.status}`)
      for (const namespace of namespaces) await connection.workflowService.describeNamespace({ namespace })
    })
    return true
  } catch {
    return false
  }
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING */
const SERVING = 1

async function withConnection(address: string, use: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2 seconds' })
  try {
    await connection.withDeadline(Date.now() + 5000, () => use(connection))
  } finally {
    await connection.close()
  }
}
