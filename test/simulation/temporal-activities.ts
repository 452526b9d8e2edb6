// The activities of all runs: tries on workers, time-outs, back-off, completions by id, cancellation.
// Never: an answer of a try that has timed out taken for the present one; a completion by id of an activity that is not
// under way; a retry of one whose cancellation was asked for.
import { ActivityNotFoundError } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { Random } from './random.ts'
import type { ActivityOrder, Execution } from './temporal-execution.ts'
import { clone, toMs } from './temporal-values.ts'
import type { Worker } from './temporal-server.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Task {
  execution: Execution
  order: ActivityOrder
  activityId: string
  askedAt: number
  attempt: number
  /** Of the try under way; null in back-off. */
  tryAtMs: number | null
  isCancelRequested: boolean
  isOver: boolean
}

export interface ActivityQueue {
  /** The answer cancels it. */
  order(execution: Execution, activity: ActivityOrder): () => void
  completeById(run: Execution | undefined, activityId: string, result: unknown): void
  /** Of runs that are open. */
  openRuns(): Execution[]
}

export function createActivityQueue(
  time: VirtualTime,
  random: Random,
  workerOf: (execution: Execution) => Worker | undefined,
): ActivityQueue {
  const tasks = new Set<Task>()
  let ordered = 0

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
      (result) => worker.life.isAlive && isPresent() && succeed(task, result),
      (error: Error) => worker.life.isAlive && isPresent() && isNoted(error) && failTry(task, error),
    )
  }

  async function perform({ order, attempt, execution }: Task, { activitiesOf }: Worker): Promise<unknown> {
    const activity = activitiesOf({ workflowId: execution.workflowId, attempt })[order.type]
    if (!activity) throw new Error(`There is no activity ${order.type}.`)
    return activity(order.input as never)
  }

  function failTry(task: Task, error: Error): void {
    task.tryAtMs = null
    const retry = task.order.options.retry ?? {}
    const failure = error instanceof ApplicationFailure ? error : ApplicationFailure.fromError(error)
    const isLast = task.isCancelRequested || (retry.maximumAttempts && task.attempt >= retry.maximumAttempts)
    if (failure.nonRetryable || isLast) return refuse(task, failure)
    const backOffMs = Math.min(
      toMs(retry.initialInterval ?? '1 second') * (retry.backoffCoefficient ?? 2) ** (task.attempt - 1),
      toMs(retry.maximumInterval ?? '100 seconds'),
    )
    time.after(failure.nextRetryDelay ? toMs(failure.nextRetryDelay) : backOffMs, '', () => begin(task))
  }

  function succeed(task: Task, result: unknown): void {
    if (!task.execution.isOpen) return
    const value = clone(result)
    task.execution.history.answered(task.askedAt, value)
    end(task, () => task.order.resolve(value))
  }

  function refuse(task: Task, cause: Error): void {
    if (!task.execution.isOpen) return
    task.execution.history.refused(task.askedAt, cause.message)
    const { order, activityId } = task
    const told = new ActivityFailure(
      'activity failed',
      order.type,
      activityId,
      'RETRY_STATE_UNSPECIFIED' as never,
      '',
      cause,
    )
    end(task, () => order.reject(told))
  }

  function end(task: Task, tell: () => void): void {
    task.isOver = true
    tasks.delete(task)
    task.execution.job(tell)
  }

  /** Nobody is told while a try is under way: the activities of this product send no heartbeats. */
  function cancel(task: Task): void {
    if (task.isOver) return
    task.isCancelRequested = true
    const isWaitedFor = task.order.options.cancellationType === 'WAIT_CANCELLATION_COMPLETED'
    if (!isWaitedFor || task.tryAtMs === null) refuse(task, new CancelledFailure('Activity cancelled'))
  }

  return {
    order(execution, activity) {
      ordered += 1
      const activityId = activity.options.activityId ?? String(ordered)
      const input = clone(activity.input)
      const askedAt = execution.history.asked(activity.type, activityId, input)
      const order = { ...activity, input }
      const task: Task = {
        ...{ execution, order, activityId, askedAt },
        ...{ attempt: 0, tryAtMs: null, isCancelRequested: false, isOver: false },
      }
      tasks.add(task)
      time.after(random.between(1, 30), '', () => begin(task))
      return () => cancel(task)
    },
    completeById(run, activityId, result) {
      const task = [...tasks].find((one) => one.execution === run && one.activityId === activityId)
      if (!task || task.tryAtMs === null || !run?.isOpen) throw new ActivityNotFoundError('activity not found')
      succeed(task, result)
    },
    openRuns: () => [...tasks].map(({ execution }) => execution).filter(({ isOpen }) => isOpen),
  }
}

/** Left to whoever completes it from outside: the try goes on. */
const isNoted = (error: Error): boolean => error.name !== 'CompleteAsyncError'
