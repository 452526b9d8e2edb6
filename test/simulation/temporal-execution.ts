// One run of a workflow on simulated time. In: jobs (signals, timers, ends of activities). Out: activities and timers it
// asks for, and how it ended. One activation is one turn: signals first, then the rest, then conditions until none opens.
// Never: two runs in the same turn, so that "the present run" is never in doubt. Left out: cancellation, replay.
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
  retry?: {
    initialInterval?: string
    backoffCoefficient?: number
    maximumInterval?: string | number
    maximumAttempts?: number
  }
}

type Handler = (payload: unknown) => unknown

export interface Execution {
  workflowId: string
  startedAtMs: number
  isOpen: boolean
  /** Of a run that failed: its error. */
  failure: Error | null
  result: unknown
  queries: Map<string, () => unknown>
  /** Search attributes by their key, as the run set them. */
  attributes: Map<unknown, unknown>
  signal(name: string, payload: unknown): void
  job(run: () => void): void
  /** Whether jobs wait for a worker. */
  hasJobs(): boolean
  activate(): Promise<void>
  armTimer(delayMs: number): Promise<void>
  condition(holds: () => boolean): Promise<void>
  order(activity: ActivityOrder): void
  handle(kind: 'signal' | 'query', name: string, handler: Handler): void
}

let present: Execution | undefined

export function presentExecution(): Execution {
  if (!present) throw new Error('Workflow code ran outside of an activation.')
  return present
}

export interface ExecutionParts {
  time: VirtualTime
  workflowId: string
  main: () => Promise<unknown>
  /** Jobs are there: some worker should activate the run. */
  wake(execution: Execution): void
  order(execution: Execution, activity: ActivityOrder): void
}

export function createExecution({ time, workflowId, main, wake, order }: ExecutionParts): Execution {
  const handlers = new Map<string, Handler>()
  let blocked: { holds: () => boolean; open: () => void }[] = []
  let signals: { name: string; payload: unknown }[] = []
  let jobs: (() => void)[] = []
  const takeSignals = (): void => {
    const held = signals
    signals = []
    for (const { name, payload } of held) {
      const handler = handlers.get(name)
      if (handler) handler(payload)
      else signals.push({ name, payload })
    }
  }
  const openConditions = async (): Promise<void> => {
    for (;;) {
      await settle()
      const open = blocked.filter(({ holds }) => holds())
      if (open.length === 0) return
      blocked = blocked.filter((one) => !open.includes(one))
      for (const one of open) one.open()
    }
  }
  const execution: Execution = {
    ...{ workflowId, startedAtMs: time.nowMs(), isOpen: true, failure: null, result: undefined },
    ...{ queries: new Map(), attributes: new Map() },
    signal(name, payload) {
      signals.push({ name, payload })
      wake(execution)
    },
    job(run) {
      jobs.push(run)
      wake(execution)
    },
    hasJobs: () => jobs.length > 0 || signals.some(({ name }) => handlers.has(name)),
    async activate() {
      if (!execution.isOpen) return
      const due = jobs
      jobs = []
      present = execution
      takeSignals()
      for (const run of due) run()
      await openConditions()
      present = undefined
    },
    armTimer: (delayMs) =>
      new Promise((resolve) => {
        time.after(delayMs, '', () => {
          if (execution.isOpen) execution.job(resolve)
        })
      }),
    condition: (holds) => (holds() ? Promise.resolve() : new Promise((open) => void blocked.push({ holds, open }))),
    order: (activity) => order(execution, activity),
    handle(kind, name, handler) {
      if (kind === 'query') execution.queries.set(name, handler as () => unknown)
      else {
        handlers.set(name, handler)
        takeSignals()
      }
    },
  }
  execution.job(() => {
    main().then(
      (result) => close(result, null),
      (error: Error) => close(undefined, error),
    )
  })
  const close = (result: unknown, failure: Error | null): void => {
    Object.assign(execution, { isOpen: false, result, failure })
  }
  return execution
}
