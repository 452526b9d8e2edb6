// The Temporal server and the workers' tasks on simulated time. In: starts, signals, completions by id. Out: runs of the
// workflows, activities with their retries. Never: an id used twice where the policies forbid it; an answer of a try
// that has timed out taken for the present one; a completion by id of an activity that is not under way.
import { ActivityNotFoundError, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure } from '@temporalio/common'
import type { Hostility, Life } from './hostility.ts'
import { type ActivityOrder, createExecution, type Execution } from './temporal-execution.ts'
import type { VirtualTime } from './virtual-time.ts'

export type Activities = Record<string, (input: never) => Promise<unknown>>

/** The worker of a task queue: absent while it is dead. */
export interface Worker {
  life: Life
  activities: Activities
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

interface Task {
  execution: Execution
  order: ActivityOrder
  activityId: string
  attempt: number
  /** Of the try under way; null in back-off. */
  tryAtMs: number | null
  isOver: boolean
}

export interface TemporalServer {
  runsOf: Map<string, Execution[]>
  workers: Map<string, Worker>
  start(request: StartRequest): Execution
  signal(workflowId: string, name: string, payload: unknown): void
  completeById(workflowId: string, activityId: string, result: unknown): void
  /** No run whose id contains a slash (a cycle's does) has an activity or jobs; ticks never rest. */
  isIdle(): boolean
}

type Workflows = Record<string, (input: never) => Promise<unknown>>

export function createTemporalServer(time: VirtualTime, hostility: Hostility, workflows: Workflows): TemporalServer {
  const { random } = hostility
  const queueOf = new Map<Execution, string>()
  const tasks = new Set<Task>()
  const woken = new Set<Execution>()
  let ordered = 0
  const server: TemporalServer = {
    runsOf: new Map(),
    workers: new Map(),
    start(request) {
      const runs = server.runsOf.get(request.workflowId) ?? []
      const last = runs.at(-1)
      const open = last?.isOpen ? last : undefined
      if ((open && request.conflictPolicy === 'FAIL') || (last && !open && request.reusePolicy === 'REJECT_DUPLICATE'))
        throw new WorkflowExecutionAlreadyStartedError('already started', request.workflowId, request.type)
      const execution = open ?? open_(request)
      if (request.signal) execution.signal(request.signal.name, clone(request.signal.payload))
      return execution
    },
    signal(workflowId, name, payload) {
      requireOpen(workflowId).signal(name, clone(payload))
    },
    completeById(workflowId, activityId, result) {
      const run = server.runsOf.get(workflowId)?.at(-1)
      const task = [...tasks].find((one) => one.execution === run && one.activityId === activityId)
      if (!task || task.tryAtMs === null || !run?.isOpen) throw new ActivityNotFoundError('activity not found')
      end(task, () => task.order.resolve(clone(result)))
    },
    isIdle: () =>
      ![...woken].some(isCycle) && ![...tasks].some(({ execution }) => execution.isOpen && isCycle(execution)),
  }

  function open_(request: StartRequest): Execution {
    const workflow = workflows[request.type]
    if (!workflow) throw new Error(`There is no workflow ${request.type}.`)
    const input = clone(request.input)
    const execution = createExecution({
      ...{ time, workflowId: request.workflowId, wake, order },
      main: () => workflow(input as never),
    })
    queueOf.set(execution, request.taskQueue)
    server.runsOf.set(request.workflowId, [...(server.runsOf.get(request.workflowId) ?? []), execution])
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

  function order(execution: Execution, activity: ActivityOrder): void {
    ordered += 1
    const activityId = activity.options.activityId ?? String(ordered)
    const task = {
      execution,
      order: { ...activity, input: clone(activity.input) },
      ...{ activityId, attempt: 0, tryAtMs: null, isOver: false },
    }
    tasks.add(task)
    time.after(random.between(1, 30), '', () => begin(task))
  }

  function begin(task: Task): void {
    if (task.isOver || !task.execution.isOpen) return
    const worker = workerOf(task.execution)
    if (!worker) {
      time.after(1_000, '', () => begin(task))
      return
    }
    task.attempt += 1
    const tryAtMs = time.nowMs()
    task.tryAtMs = tryAtMs
    const isPresent = (): boolean => !task.isOver && task.tryAtMs === tryAtMs
    time.after(toMs(task.order.options.startToCloseTimeout), '', () => {
      if (isPresent())
        failTry(task, ApplicationFailure.create({ message: 'start-to-close timed out', type: 'Timeout' }))
    })
    perform(task, worker).then(
      (result) => worker.life.isAlive && isPresent() && end(task, () => task.order.resolve(clone(result))),
      (error: Error) => worker.life.isAlive && isPresent() && isNoted(error) && failTry(task, error),
    )
  }

  async function perform(task: Task, { activities }: Worker): Promise<unknown> {
    const activity = activities[task.order.type]
    if (!activity) throw new Error(`There is no activity ${task.order.type}.`)
    return activity(task.order.input as never)
  }

  function failTry(task: Task, error: Error): void {
    task.tryAtMs = null
    const retry = task.order.options.retry ?? {}
    const failure = error instanceof ApplicationFailure ? error : ApplicationFailure.fromError(error)
    if (failure.nonRetryable || (retry.maximumAttempts && task.attempt >= retry.maximumAttempts)) {
      const told = new ActivityFailure(
        'activity failed',
        task.order.type,
        task.activityId,
        'RETRY_STATE_UNSPECIFIED' as never,
        undefined,
        failure,
      )
      end(task, () => task.order.reject(told))
      return
    }
    const backOffMs = Math.min(
      toMs(retry.initialInterval ?? '1 second') * (retry.backoffCoefficient ?? 2) ** (task.attempt - 1),
      toMs(retry.maximumInterval ?? '100 seconds'),
    )
    time.after(failure.nextRetryDelay ? toMs(failure.nextRetryDelay) : backOffMs, '', () => begin(task))
  }

  function end(task: Task, tell: () => void): void {
    task.isOver = true
    tasks.delete(task)
    if (task.execution.isOpen) task.execution.job(tell)
  }
  return server
}

const isCycle = ({ workflowId }: Execution): boolean => workflowId.includes('/')

/** Left to whoever completes it from outside: the try goes on. */
const isNoted = (error: Error): boolean => error.name !== 'CompleteAsyncError'

/** What crosses an edge of Temporal is JSON. */
const clone = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))

const UNITS_MS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

export function toMs(duration: string | number): number {
  if (typeof duration === 'number') return duration
  const [count, unit = ''] = duration.split(' ')
  const unitMs = UNITS_MS[unit.replace(/s$/, '')]
  if (!unitMs) throw new Error(`"${duration}" is no duration that this ring knows.`)
  return Number(count) * unitMs
}
