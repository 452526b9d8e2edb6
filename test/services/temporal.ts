// In: nothing. Out: a Temporal server for one test file, with Sluice's search attributes and a client.
// Never: left running; its files left behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, type ConnectionOptions } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import proto from '@temporalio/proto'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { type RunningTemporal, startTemporal } from '../../sandbox/temporal/server.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'
import { connect } from '../workflows/connect.ts'

const NAMESPACE = 'mesh'

export interface LentTemporal {
  client: Client
  address: string
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
  const connection = await connect(address, options)
  return {
    client: new Client({ connection, namespace: NAMESPACE }),
    address,
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

type Command = proto.temporal.api.command.v1.ICommand

/** Plays the worker for one workflow task, so that no bundle has to be built. */
export async function answerTask(client: Client, taskQueue: string, commands: Command[]): Promise<void> {
  const { namespace } = client.options
  const service = client.workflowService
  // A poll must say how long it may wait.
  const poll = { namespace, taskQueue: { name: taskQueue }, identity: 'test' }
  const { taskToken } = await client.withDeadline(Date.now() + 30_000, () => service.pollWorkflowTaskQueue(poll))
  await service.respondWorkflowTaskCompleted({ namespace, taskToken, identity: 'test', commands })
}

/** The run that waits on this queue closes: with this result, or with a failure that carries it. */
export function closeRun(client: Client, taskQueue: string, how: { result: unknown } | { failed: unknown }) {
  const { CommandType } = proto.temporal.api.enums.v1
  const toPayloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] })
  if ('result' in how) {
    const commandType = CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION
    const completeWorkflowExecutionCommandAttributes = { result: toPayloads(how.result) }
    return answerTask(client, taskQueue, [{ commandType, completeWorkflowExecutionCommandAttributes }])
  }
  const commandType = CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION
  const applicationFailureInfo = { type: 'CycleFailed', nonRetryable: true, details: toPayloads(how.failed) }
  const failWorkflowExecutionCommandAttributes = { failure: { message: 'it gave up', applicationFailureInfo } }
  return answerTask(client, taskQueue, [{ commandType, failWorkflowExecutionCommandAttributes }])
}
