// One run of a workflow on simulated time. In: messages (signals, updates), jobs (timers, ends of activities), a
// cancellation. Out: activities and timers it asks for, its history, how it ended. One activation is one turn: messages
// first, then jobs, then conditions until none opens.
// Never: two runs in the same turn, so that "the present run" is never in doubt. Left out: replay.
import { AsyncLocalStorage } from 'node:async_hooks'
import { ActivityFailure, CancelledFailure } from '@temporalio/common'
import { createHistory, type History } from './temporal-history.ts'
import { createMessages, type Handler, type Message, type MessageHandler } from './temporal-messages.ts'
import { settle, type VirtualTime } from './virtual-time.ts'

export interface ActivityOrder {
  type: string
  input: unknown
  options: ActivityOptions
  resolve(value: unknown): void
  reject(error: Error): void
}

export interface ActivityOptions {
  activityId?: string
  startToCloseTimeout: string | number
  /** `TRY_CANCEL` where none is named. */
  cancellationType?: 'TRY_CANCEL' | 'WAIT_CANCELLATION_COMPLETED'
  retry?: {
    initialInterval?: string
    backoffCoefficient?: number
    maximumInterval?: string | number
    maximumAttempts?: number
  }
}

export interface Execution {
  workflowId: string
  runId: string
  input: unknown
  startedAtMs: number
  isOpen: boolean
  status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'
  /** Of a run that failed: its error. */
  failure: Error | null
  result: unknown
  history: History
  queries: Map<string, () => unknown>
  /** Search attributes by their key, as the run set them. */
  attributes: Map<unknown, unknown>
  take(message: Message): void
  job(run: () => void): void
  cancel(): void
  isCancelled: boolean
  /** At once when it is already. */
  onCancel(stop: (error: Error) => void): void
  /** Whether jobs wait for a worker. */
  hasJobs(): boolean
  activate(): Promise<void>
  armTimer(delayMs: number): Promise<void>
  condition(holds: () => boolean): Promise<void>
  order(activity: ActivityOrder): void
  handle(kind: 'signal' | 'query' | 'update', name: string, handler: MessageHandler): void
}

let present: Execution | undefined

export function presentExecution(): Execution {
  if (!present) throw new Error('Workflow code ran outside of an activation.')
  return present
}

const shield = new AsyncLocalStorage<'nobody' | OwnScope>()

type Stop = (error: Error) => void

/** What is asked for inside is cancelled by the workflow itself; with the run too, unless the scope was made where nothing is. */
export class OwnScope {
  private readonly stops: Stop[] = []
  isCancelled = false

  constructor() {
    const parent = shield.getStore()
    if (parent !== 'nobody') (parent ?? presentExecution()).onCancel(() => this.cancel())
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return shield.run(this, work)
  }

  cancel(): void {
    if (this.isCancelled) return
    this.isCancelled = true
    for (const stop of this.stops) stop(new CancelledFailure('Scope cancelled'))
  }

  onCancel(stop: Stop): void {
    if (this.isCancelled) stop(new CancelledFailure('Scope cancelled'))
    else this.stops.push(stop)
  }
}

/** What is asked for inside is not cancelled with the run. */
export const nonCancellable = <T>(work: () => Promise<T>): Promise<T> => shield.run('nobody', work)

export const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure || (error instanceof ActivityFailure && isCancellation(error.cause))

/** By what that which is asked for here would be cancelled; undefined: by nothing. */
export function guardHere(): Pick<Execution, 'isCancelled' | 'onCancel'> | undefined {
  const scope = shield.getStore()
  return scope === 'nobody' ? undefined : (scope ?? presentExecution())
}

export interface ExecutionParts {
  time: VirtualTime
  workflowId: string
  runId: string
  input: unknown
  main: () => Promise<unknown>
  /** Jobs are there: some worker should activate the run. */
  wake(execution: Execution): void
  /** The answer cancels it. */
  order(execution: Execution, activity: ActivityOrder): () => void
}

export function createExecution({ time, workflowId, runId, input, main, wake, order }: ExecutionParts): Execution {
  const history = createHistory(time)
  const messages = createMessages(history.accepted)
  let blocked: { holds: () => boolean; open: () => void }[] = []
  let jobs: (() => void)[] = []
  const stops: Stop[] = []
  const cancelled = (): Error => new CancelledFailure('Workflow cancelled')
  const openConditions = async (): Promise<void> => {
    for (;;) {
      await settle()
      const open = blocked.filter(({ holds }) => holds())
      if (open.length === 0) return
      blocked = blocked.filter((one) => !open.includes(one))
      for (const one of open) one.open()
    }
  }
  /** Rejects at once in a run that was cancelled before. */
  const cancellable = <T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const guard = guardHere()
      guard?.onCancel(reject)
      if (!guard?.isCancelled) begin(resolve, reject)
    })
  const execution: Execution = {
    ...{ workflowId, runId, input, startedAtMs: time.nowMs(), isOpen: true, status: 'RUNNING' },
    ...{ failure: null, result: undefined, history, queries: new Map(), attributes: new Map() },
    take(message) {
      messages.add(message)
      wake(execution)
    },
    job(run) {
      jobs.push(run)
      wake(execution)
    },
    isCancelled: false,
    onCancel(stop) {
      if (execution.isCancelled) stop(cancelled())
      else stops.push(stop)
    },
    cancel: () =>
      execution.job(() => {
        if (execution.isCancelled) return
        execution.isCancelled = true
        for (const stop of stops) stop(cancelled())
      }),
    hasJobs: () => jobs.length > 0 || messages.areDue(),
    async activate() {
      if (!execution.isOpen) return
      const due = jobs
      jobs = []
      present = execution
      messages.handle()
      for (const run of due) run()
      await openConditions()
      present = undefined
    },
    armTimer: (delayMs) =>
      cancellable<void>((resolve) => {
        time.after(delayMs, '', () => {
          if (execution.isOpen) execution.job(resolve)
        })
      }),
    condition: (holds) =>
      cancellable<void>((resolve) => {
        if (holds()) resolve()
        else blocked.push({ holds, open: resolve })
      }),
    order(activity) {
      const guard = guardHere()
      if (guard?.isCancelled) return activity.reject(cancelled())
      const stop = order(execution, activity)
      guard?.onCancel(stop)
    },
    handle(kind, name, handler) {
      if (kind === 'query') execution.queries.set(name, handler.run as Handler & (() => unknown))
      else messages.register(kind, name, handler)
    },
  }
  execution.job(() => {
    main().then(
      (result) => close('COMPLETED', result, null),
      (error: Error) => close(isCancellation(error) ? 'CANCELLED' : 'FAILED', undefined, error),
    )
  })
  const close = (status: Execution['status'], result: unknown, failure: Error | null): void => {
    Object.assign(execution, { isOpen: false, status, result, failure })
    messages.refuseAll()
  }
  return execution
}
