// The Temporal client as one bridge or worker holds it. In: what the product calls on it. Out: the simulated server's
// answer, if the answer comes. Left out: the client's own retries, so trouble reaches the product sooner than it would.
import { type Client, ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { EdgeTrouble, Hostility, Life } from './hostility.ts'
import type { Execution } from './temporal-execution.ts'
import { clone } from './temporal-values.ts'
import type { StartRequest, TemporalServer } from './temporal-server.ts'

type Options = { workflowId: string; taskQueue: string; args: unknown[]; signal?: string; signalArgs?: unknown[] } & {
  workflowIdConflictPolicy: StartRequest['conflictPolicy']
  workflowIdReusePolicy: StartRequest['reusePolicy']
}

const UNAVAILABLE = 14
const DEADLINE_EXCEEDED = 4
const grpc = (code: number, details: string): Error =>
  new ServiceError(details, { cause: Object.assign(new Error(details), { code, details, metadata: {} }) })
export const TEMPORAL_TROUBLE: EdgeTrouble = {
  refuse: () => grpc(UNAVAILABLE, 'unavailable'),
  lose: () => grpc(DEADLINE_EXCEEDED, 'deadline exceeded'),
}

export function createTemporalClient(server: TemporalServer, hostility: Hostility, life: Life): Client {
  const call = <T>(what: string, work: () => T | Promise<T>): Promise<T> =>
    hostility.call(life, 'temporal', what, TEMPORAL_TROUBLE, work)
  const start = (type: string, options: Options) =>
    call(`start ${options.workflowId}${options.signal ? ' with signal' : ''}`, () =>
      server.start({
        ...{ workflowId: options.workflowId, taskQueue: options.taskQueue, type, input: options.args[0] },
        ...{ conflictPolicy: options.workflowIdConflictPolicy, reusePolicy: options.workflowIdReusePolicy },
        ...(options.signal ? { signal: { name: options.signal, payload: options.signalArgs?.[0] } } : {}),
      }),
    )
  const client = {
    withDeadline: <T>(_atMs: number, work: () => Promise<T>) => work(),
    workflow: {
      start,
      signalWithStart: start,
      getHandle: (workflowId: string) => ({
        describe: () =>
          call(`describe ${workflowId}`, () => {
            const { runId, status } = requireLast(server, workflowId)
            return { runId, status: { name: status } }
          }),
        result: () =>
          call(`result of ${workflowId}`, () => {
            const { isOpen, failure, result } = requireLast(server, workflowId)
            if (isOpen) throw new Error(`The simulated client cannot wait for the end of ${workflowId}.`)
            if (failure) throw new WorkflowFailedError('failed', failure, 'MAXIMUM_ATTEMPTS_REACHED')
            return result
          }),
        query: (name: string) =>
          call(`query ${workflowId}`, () => clone(requireLast(server, workflowId).queries.get(name)?.())),
        signal: (name: string, payload: unknown) =>
          call(`signal ${workflowId} ${name}`, () => server.signal(workflowId, name, payload)),
        executeUpdate: (name: string, { args, updateId }: { args: unknown[]; updateId: string }) =>
          call(`update ${workflowId} ${name}`, () => server.update(workflowId, { name, updateId, payload: args[0] })),
      }),
      // The list lags behind on a real server, so now and then one is missing.
      list: async function* ({ query }: { query: string }) {
        const [, domain] = /SluiceDomain = "([^"]+)"/.exec(query) ?? []
        const [, product = domain ?? ''] = /SluiceProduct = "([^"]+)"/.exec(query) ?? []
        const isAsked = (id: string): boolean =>
          id.startsWith(`${product}/`) && (domain !== undefined || isOpen(server, id))
        const ids = await call('list', () => [...server.runsOf.keys()])
        for (const workflowId of ids)
          if (isAsked(workflowId) && !hostility.strikes('a cycle not listed by Temporal yet', 0.02))
            yield { workflowId }
      },
    },
    activity: {
      complete: ({ workflowId, activityId }: { workflowId: string; activityId: string }, result: unknown) =>
        call(`complete ${workflowId} ${activityId}`, () => server.completeById(workflowId, activityId, result)),
    },
  }
  return client as unknown as Client
}

const isOpen = ({ runsOf }: TemporalServer, id: string): boolean => runsOf.get(id)?.at(-1)?.isOpen === true

function requireLast({ runsOf }: TemporalServer, workflowId: string): Execution {
  const last = runsOf.get(workflowId)?.at(-1)
  if (!last) throw new WorkflowNotFoundError('no such workflow', workflowId, undefined)
  return last
}
