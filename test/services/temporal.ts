// In: nothing. Out: a Temporal server for one test file, with Sluice's search attributes and a client.
// Never: left running; its files left behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection, type ConnectionOptions } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { type RunningTemporal, startTemporal } from '../../sandbox/temporal/server.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'

const NAMESPACE = 'mesh'

export interface LentTemporal {
  client: Client
  /** Ends the server; what it holds stays in its file. */
  goAway(): Promise<void>
  /** The same server again, on the same port. */
  comeBack(): Promise<void>
  stop(): Promise<void>
}

export async function lendTemporal(options: ConnectionOptions = {}): Promise<LentTemporal> {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-test-temporal-'))
  const explicit = process.env.SLUICE_TEMPORAL_CLI
  const found = await findTemporal({ explicit, cacheFolder: cacheFolder(), onProgress: (line) => console.log(line) })
  const start = (port?: number): Promise<RunningTemporal> =>
    startTemporal({
      executable: found.path,
      namespace: NAMESPACE,
      logFile: path.join(root, 'temporal.log'),
      dbFile: path.join(root, 'temporal.db'),
      searchAttributes: SEARCH_ATTRIBUTES,
      headless: true,
      ...(port === undefined ? {} : { port }),
    })
  let server = await start()
  const { address } = server
  const connection = await Connection.connect({ ...options, address })
  return {
    client: new Client({ connection, namespace: NAMESPACE }),
    goAway: () => server.stop(),
    async comeBack() {
      server = await start(Number(address.split(':')[1]))
    },
    async stop() {
      await connection.close()
      await server.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** What one signal of a workflow brought, each time it came, in order. */
export async function signalsOf<Payload>(client: Client, workflowId: string, signal: string): Promise<Payload[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: told }) => {
    const payload = told?.signalName === signal ? told.input?.payloads?.[0] : undefined
    return payload ? [defaultPayloadConverter.fromPayload<Payload>(payload)] : []
  })
}

/** What the newest run of a workflow was started with. */
export async function startInputOf<Input>(client: Client, workflowId: string): Promise<Input | undefined> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]
  return payload ? defaultPayloadConverter.fromPayload<Input>(payload) : undefined
}

/** Whether Temporal ever heard of it. */
export async function isThere(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).describe()
    return true
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false
    throw error
  }
}
