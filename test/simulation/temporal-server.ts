// The Temporal server on simulated time. In: starts, signals, updates, cancellations, completions by id. Out: runs of the
// workflows, activated on their workers. Never: an id used twice where the policies forbid it; an update twice.
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import type { Hostility, Life } from './hostility.ts'
import { createActivityQueue } from './temporal-activities.ts'
import { createExecution, type Execution } from './temporal-execution.ts'
import { clone } from './temporal-values.ts'
import type { VirtualTime } from './virtual-time.ts'

export type Activities = Record<string, (input: never) => Promise<unknown>>

/** Of the try under way. */
export interface ActivityInfo {
  workflowId: string
  attempt: number
}

/** The worker of a task queue: absent while it is dead. */
export interface Worker {
  life: Life
  activitiesOf(info: ActivityInfo): Activities
}

export interface StartRequest {
  workflowId: string
  taskQueue: string
  type: string
  input: unknown
  conflictPolicy: 'USE_EXISTING' | 'FAIL'
  reusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'
  signal?: { name: string; payload: unknown }
}

export interface UpdateRequest {
  name: string
  updateId: string
  payload: unknown
}

export interface TemporalServer {
  runsOf: Map<string, Execution[]>
  workers: Map<string, Worker>
  start(request: StartRequest): Execution
  signal(workflowId: string, name: string, payload: unknown): void
  /** Of a known update id, the answer that it got. */
  update(workflowId: string, request: UpdateRequest): Promise<unknown>
  cancel(workflowId: string): void
  completeById(workflowId: string, activityId: string, result: unknown): void
  /** No run whose id contains a slash (a cycle's does) has an activity or jobs; ticks never rest. */
  isIdle(): boolean
}

type Workflows = Record<string, (input: never) => Promise<unknown>>

export function createTemporalServer(time: VirtualTime, hostility: Hostility, workflows: Workflows): TemporalServer {
  const { random } = hostility
  const queueOf = new Map<Execution, string>()
  const woken = new Set<Execution>()
  const updates = new Map<string, Promise<unknown>>()
  const activities = createActivityQueue(time, random, workerOf)
  let started = 0
  const server: TemporalServer = {
    runsOf: new Map(),
    workers: new Map(),
    start(request) {
      const runs = server.runsOf.get(request.workflowId) ?? []
      const last = runs.at(-1)
      const open = last?.isOpen ? last : undefined
      if ((open && request.conflictPolicy === 'FAIL') || (last && !open && request.reusePolicy === 'REJECT_DUPLICATE'))
        throw new WorkflowExecutionAlreadyStartedError('already started', request.workflowId, request.type)
      const execution = open ?? openRun(request)
      if (request.signal) tell(execution, request.signal.name, request.signal.payload)
      return execution
    },
    signal: (workflowId, name, payload) => tell(requireOpen(workflowId), name, payload),
    async update(workflowId, { name, updateId, payload }) {
      const execution = requireOpen(workflowId)
      const id = `${execution.runId} ${updateId}`
      const known = updates.get(id)
      if (known) return known
      const answered = new Promise((resolve, reject) =>
        execution.take({ kind: 'update', name, payload: clone(payload), answer: { resolve, reject } }),
      )
      // Whoever asked may be gone by the time it is answered.
      answered.catch(() => undefined)
      updates.set(id, answered)
      return answered
    },
    cancel: (workflowId) => requireOpen(workflowId).cancel(),
    completeById: (workflowId, activityId, result) =>
      activities.completeById(server.runsOf.get(workflowId)?.at(-1), activityId, result),
    isIdle: () => ![...woken].some(isCycle) && !activities.openRuns().some(isCycle),
  }

  function tell(execution: Execution, name: string, payload: unknown): void {
    const sent = clone(payload)
    execution.history.signaled(name, sent)
    execution.take({ kind: 'signal', name, payload: sent })
  }

  function openRun({ workflowId, type, taskQueue, input: given }: StartRequest): Execution {
    const input = clone(given)
    const workflow = workflows[type]
    if (!workflow) throw new Error(`There is no workflow ${type}.`)
    started += 1
    const execution = createExecution({
      ...{ time, workflowId, runId: `run-${started}`, input, wake, order: activities.order },
      main: () => workflow(input as never),
    })
    queueOf.set(execution, taskQueue)
    server.runsOf.set(workflowId, [...(server.runsOf.get(workflowId) ?? []), execution])
    wake(execution)
    return execution
  }

  function requireOpen(workflowId: string): Execution {
    const run = server.runsOf.get(workflowId)?.at(-1)
    if (!run?.isOpen) throw new WorkflowNotFoundError('workflow not found', workflowId, undefined)
    return run
  }

  function wake(execution: Execution): void {
    if (woken.has(execution) || !execution.isOpen) return
    woken.add(execution)
    time.after(random.between(1, 30), '', () => activate(execution))
  }

  /** While the worker is away, jobs wait. */
  async function activate(execution: Execution): Promise<void> {
    if (!workerOf(execution)) {
      time.after(1_000, '', () => activate(execution))
      return
    }
    woken.delete(execution)
    await execution.activate()
    if (execution.hasJobs()) wake(execution)
  }

  function workerOf(execution: Execution): Worker | undefined {
    const worker = server.workers.get(queueOf.get(execution) ?? '')
    return worker?.life.isAlive ? worker : undefined
  }
  return server
}

const isCycle = ({ workflowId }: Execution): boolean => workflowId.includes('/')
