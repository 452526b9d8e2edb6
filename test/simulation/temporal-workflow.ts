// Stands for `@temporalio/workflow` in this ring: what the workflows use of it, on simulated time.
// Never: what the real one does about replay; the replay ring proves that.
import {
  type ActivityOptions,
  guardHere,
  isCancellation,
  nonCancellable,
  OwnScope,
  presentExecution,
} from './temporal-execution.ts'
import type { Handler } from './temporal-messages.ts'

export { ActivityFailure, ApplicationFailure, CancelledFailure, rootCause } from '@temporalio/common'

export const ActivityCancellationType = {
  TRY_CANCEL: 'TRY_CANCEL',
  WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED',
}
export class CancellationScope extends OwnScope {
  static readonly nonCancellable = nonCancellable
  static readonly current = () => ({ consideredCancelled: guardHere()?.isCancelled ?? false })
}
export { isCancellation }
export const allHandlersFinished = (): boolean => true
/** Ticks compare holds; the mirror's own repair, which needs a server that answers queries as of then, is not simulated. */
export const patched = (change: string): boolean => ['operators', 'try-under-way'].includes(change)
export const setCurrentDetails = (_details: string): void => {}
export const upsertSearchAttributes = (pairs: { key: unknown; value: unknown }[]): void => {
  for (const { key, value } of pairs) presentExecution().attributes.set(key, value)
}
export const log = { warn: ignore, error: ignore, info: ignore, debug: ignore }
export const condition = (holds: () => boolean): Promise<void> => presentExecution().condition(holds)
export const sleep = (delayMs: number): Promise<void> => presentExecution().armTimer(delayMs)
export const workflowInfo = () => {
  const { startedAtMs, attributes } = presentExecution()
  return { startTime: new Date(startedAtMs), typedSearchAttributes: attributes, lastResult: undefined }
}

interface Definition {
  kind: 'signal' | 'query' | 'update'
  name: string
}

export const defineSignal = (name: string): Definition => ({ kind: 'signal', name })
export const defineQuery = (name: string): Definition => ({ kind: 'query', name })
export const defineUpdate = (name: string): Definition => ({ kind: 'update', name })

export function setHandler({ kind, name }: Definition, run: Handler, options?: { validator?: Handler }): void {
  presentExecution().handle(kind, name, { run, validator: options?.validator })
}

type Call = ((input: unknown) => Promise<unknown>) & {
  executeWithOptions(options: unknown, input: [unknown]): Promise<unknown>
}

/** One function per activity, whatever its name. */
export const proxyActivities = (options: ActivityOptions): Record<string, Call> =>
  new Proxy<Record<string, Call>>({}, { get: (_target, type) => toCall(String(type), options) })

function toCall(type: string, options: ActivityOptions): Call {
  const call = (input: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => presentExecution().order({ type, input, options, resolve, reject }))
  return Object.assign(call, { executeWithOptions: (_options: unknown, [input]: [unknown]) => call(input) })
}

function ignore(): void {}
