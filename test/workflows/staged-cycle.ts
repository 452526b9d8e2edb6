// In: a client, the input of a cycle. Out: what others do to that cycle: the bridge, the scheduler, Glue, an operator.
// Never: another way into the cycle than theirs.
import { ApplicationFailure, type Client, WorkflowFailedError } from '@temporalio/client'
import type { GlueEndState, GlueRunEnd } from '../../model/cycle/attempt.ts'
import type {
  Blocker,
  Command,
  Cycle,
  CycleInput,
  OperatorCommand,
  PastRuns,
  ReopenCommand,
  RerunCommand,
  Standing,
  UpgradeCommand,
} from '../../model/cycle/cycle.ts'
import type { CycleRecord, CycleSnapshot } from '../../model/cycle/record.ts'
import { attemptToGoOnWith } from '../../model/cycle/rerun.ts'
import { type CycleId, toCycleId, toGlueActivityId } from '../../model/ids.ts'
import type { Arrival } from '../../model/refresh-event.ts'
import {
  ARRIVALS_SIGNAL,
  BLOCKERS_SIGNAL,
  CYCLE_QUERY,
  CYCLE_WORKFLOW,
  type CycleResult,
  RERUN,
  toCycleStart,
  UPGRADE,
} from '../../workflows/contract.ts'
import { eventually } from './eventually.ts'
import type { Activities, Asked, Outside } from './outside.ts'

/** What `mirror/past.ts` answers. */
export type Past = Omit<PastRuns, 'command'>

export interface StagedCycle {
  id: CycleId
  asked<Name extends keyof Activities>(name: Name): Asked<Name>[]
  script(script: Partial<Activities>): void
  /** As the scheduler opens it; answers the run's id. */
  start(change?: Partial<CycleInput>): Promise<string>
  /** As the bridge delivers it: `signalWithStart`; answers the run's id. */
  arrive(...arrivals: Arrival[]): Promise<string>
  signal(name: string, ...payload: unknown[]): Promise<void>
  block(...blockers: Blocker[]): Promise<void>
  /** Until the workflow waits for the Glue run of this attempt, whether or not a worker looked at it yet. */
  untilGlueRuns(attempt: number): Promise<void>
  /** As the bridge tells the end of a Glue run, once the workflow waits for it. */
  glueEnds(attempt: number, state?: GlueEndState, runId?: string): Promise<void>
  rerun(command?: Partial<RerunCommand>, updateId?: string): Promise<{ attempt: number }>
  /** What else operators ask, as an update. */
  act(action: Exclude<Command['action'], 'rerun'>, command?: object): Promise<Standing>
  /** As `sluice upgrade` does it: to the next version of its definition if nothing else is said. */
  upgrade(change: Partial<CycleInput>, command?: Partial<UpgradeCommand>): Promise<{ definitionVersion: number }>
  /** Brings the closed cycle back; answers the new run's id. */
  comeBack(ended: CycleResult | Past, command?: Partial<ReopenCommand>, change?: Partial<CycleInput>): Promise<string>
  /** As the bridge does with a correction of a closed cycle whose definition says rerun; answers the run's id. */
  bringBack(ended: CycleResult, correction: Arrival): Promise<string>
  cancel(): Promise<void>
  /** The server knows that nobody wants the activity under way any more. */
  untilUnwanted(): Promise<void>
  /** Ends the run from outside once what holds is in the mirror; answers what `sluice rerun` reads there. */
  terminate(holds: (written: CycleSnapshot) => boolean): Promise<Past>
  now(): Promise<Cycle>
  until(what: string, holds: (cycle: Cycle) => boolean): Promise<Cycle>
  untilState(state: string): Promise<Cycle>
  untilAsked(name: keyof Activities, times?: number): Promise<void>
  /** Rejects when the run failed or was cancelled. */
  result(): Promise<CycleResult>
  /** The result that a failed run carries. */
  failure(): Promise<{ type: string | null | undefined; message: string; details: CycleResult }>
  status(): Promise<string>
}

let requests = 0

export const toCommand = (change: Partial<RerunCommand> = {}): RerunCommand => {
  requests += 1
  return { actor: 'ann', reason: 'the cause is mended', requestId: `request-${requests}`, ...change }
}

export function putCycle(
  client: Client,
  outside: Outside,
  input: CycleInput,
  script: Partial<Activities>,
): StagedCycle {
  const id = toCycleId(input.product, input.key)
  outside.script(id, script)
  const handle = () => client.workflow.getHandle(id)
  const now = () => handle().query<Cycle>(CYCLE_QUERY)
  const asked = <Name extends keyof Activities>(name: Name) => outside.asked(id, name)
  const until = (what: string, holds: (cycle: Cycle) => boolean) => eventually(`${id}: ${what}`, now, holds)
  const untilAsked = async (name: keyof Activities, times = 1): Promise<void> => {
    await eventually(
      `${id} asks ${name} ${times} times`,
      () => asked(name).length,
      (count) => count >= times,
    )
  }
  return {
    ...{ id, asked, now, until, untilAsked },
    script: (change) => outside.script(id, change),
    async start(change = {}) {
      const start = toCycleStart({ ...input, openedBy: 'scheduler', ...change })
      return (await client.workflow.start(CYCLE_WORKFLOW, start)).firstExecutionRunId
    },
    async arrive(...arrivals) {
      const signalled = await client.workflow.signalWithStart(CYCLE_WORKFLOW, {
        ...toCycleStart(input),
        signal: ARRIVALS_SIGNAL,
        signalArgs: [arrivals],
      })
      return signalled.signaledRunId
    },
    signal: (name, ...payload) => handle().signal(name, ...payload),
    block: (...blockers) => handle().signal(BLOCKERS_SIGNAL, blockers),
    untilGlueRuns: (attempt) => untilPending(client, id, toGlueActivityId(attempt)),
    async glueEnds(attempt, state = 'SUCCEEDED', runId = `jr_${attempt}`) {
      const activityId = toGlueActivityId(attempt)
      await untilPending(client, id, activityId)
      await client.activity.complete({ workflowId: id, activityId }, toEnd(runId, state))
    },
    rerun(command = {}, updateId) {
      const args: [RerunCommand] = [toCommand(command)]
      return handle().executeUpdate<{ attempt: number }, [RerunCommand]>(RERUN, {
        args,
        updateId: updateId ?? args[0].requestId,
      })
    },
    act(action, command = {}) {
      const args: [OperatorCommand] = [{ ...toCommand(), ...command }]
      return handle().executeUpdate<Standing, [OperatorCommand]>(action, { args, updateId: args[0].requestId })
    },
    upgrade(change, command = {}) {
      const to = { ...input, definitionVersion: input.definitionVersion + 1, ...change }
      const args: [UpgradeCommand] = [{ to, ...toCommand(command) }]
      return handle().executeUpdate<{ definitionVersion: number }, [UpgradeCommand]>(UPGRADE, { args })
    },
    async comeBack(ended, command = {}, change = {}) {
      const { runNumber, state, step, lastAttempt, revision, dependencies } = ended
      const past: PastRuns = {
        ...{ runNumber, state, step, lastAttempt, revision, dependencies },
        attempt: 'attempt' in ended ? ended.attempt : ended.succeeded,
        command: { ...toCommand(), ...command } as ReopenCommand,
      }
      const started = await client.workflow.start(CYCLE_WORKFLOW, {
        ...toCycleStart({ ...input, openedBy: 'rerun', ...change, past }),
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
      })
      return started.firstExecutionRunId
    },
    async bringBack({ runNumber, state, step, lastAttempt, revision, dependencies }, correction) {
      const past = { runNumber, state, step, lastAttempt, revision, dependencies, attempt: null, command: null }
      const signalled = await client.workflow.signalWithStart(CYCLE_WORKFLOW, {
        ...toCycleStart({ ...input, openedBy: 'rerun', past }),
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        signal: ARRIVALS_SIGNAL,
        signalArgs: [[correction]],
      })
      return signalled.signaledRunId
    },
    cancel: async () => void (await handle().cancel()),
    untilUnwanted: () => untilUnwanted(client, id),
    async terminate(holds) {
      const last = () => asked('recordCycle').at(-1)
      const isThere = (record: CycleRecord | undefined): boolean => record !== undefined && holds(record.snapshot)
      await eventually(`${id} is written`, last, isThere)
      await handle().terminate()
      const { runNumber, snapshot } = last() as CycleRecord
      const { state, step, lastAttempt, revision, dependencies } = snapshot
      const attempt = attemptToGoOnWith(snapshot)
      return { runNumber, state, step, lastAttempt, revision, dependencies, attempt }
    },
    untilState: (state) => until(state, (cycle) => cycle.state === state),
    result: () => handle().result() as Promise<CycleResult>,
    failure: () => failureOf(handle().result()),
    status: async () => (await handle().describe()).status.name,
  }
}

async function failureOf(result: Promise<unknown>) {
  const error = await result.then(
    () => undefined,
    (error: unknown) => error,
  )
  const cause = error instanceof WorkflowFailedError ? error.cause : error
  if (!(cause instanceof ApplicationFailure)) throw new Error(`The run did not fail: ${String(cause)}`)
  return { type: cause.type, message: cause.message, details: cause.details?.[0] as CycleResult }
}

/** The server knows that nobody wants an activity of it any more. */
export const untilUnwanted = async (client: Client, workflowId: string): Promise<void> =>
  void (await eventually(
    `${workflowId} asks an activity to end`,
    async () => (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [],
    (events) => events.some((event) => event.activityTaskCancelRequestedEventAttributes),
  ))

/** Before it is scheduled nobody can complete it by its id; the bridge leaves that to the next check. */
async function untilPending(client: Client, workflowId: string, activityId: string): Promise<void> {
  const pending = async () => {
    const { raw } = await client.workflow.getHandle(workflowId).describe()
    return (raw.pendingActivities ?? []).map((activity) => activity.activityId)
  }
  await eventually(`${workflowId} waits for ${activityId}`, pending, (ids) => ids.includes(activityId))
}

/** Nothing of it is under way that would write its row; it may wait for its Glue run. */
export async function untilAtRest(client: Client, id: CycleId): Promise<void> {
  await eventually(
    `${id} is at rest`,
    async () => (await client.workflow.getHandle(id).describe()).raw,
    ({ pendingActivities, pendingWorkflowTask }) =>
      !pendingWorkflowTask &&
      (pendingActivities ?? []).every(({ activityType }) => activityType?.name === 'awaitGlueJob'),
  )
}

const toEnd = (runId: string, state: GlueEndState): GlueRunEnd => ({
  ...{ runId, state, executionSeconds: 60, noticedBy: 'event' as const },
  error: state === 'SUCCEEDED' ? null : 'no such table',
})
