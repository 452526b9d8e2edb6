// The people who mend, and now and then spoil: they rerun cycles that failed, some that had completed, cancel a few, apply
// a changed definition. In: the world. Out: signals, Updates, cancellations, closed cycles started again with their past.
// Never: a rerun that the product would refuse, but as the second of two people.
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { openCycle } from '../../model/calendar/due.ts'
import { type Cycle, isUnbegun, type PastRuns, type RerunCommand } from '../../model/cycle/cycle.ts'
import { refuseRerun } from '../../model/cycle/rerun.ts'
import type { DefinitionVersion } from '../../model/definition.ts'
import { domainOf } from '../../model/ids.ts'
import { CYCLE_WORKFLOW, RERUN, toCycleStart, UPGRADE } from '../../workflows/contract.ts'
import type { Life } from './hostility.ts'
import { actOn } from './operator-actions.ts'
import { settingsOf } from './roles.ts'
import { createTemporalClient, TEMPORAL_TROUBLE } from './temporal-client.ts'
import type { Execution } from './temporal-execution.ts'
import type { World } from './world.ts'

export interface Operator {
  /** From now on everything that failed is rerun, as long as something fails. */
  mend(): void
  isDone(): boolean
}

const LOOK_MS = 5_400_000

export interface CycleNow {
  id: string
  run: Execution
  cycle: Cycle
}

export const cyclesOf = ({ server }: World): CycleNow[] =>
  [...server.runsOf].flatMap(([id, runs]) => {
    const run = runs.at(-1)
    const cycle = run?.queries.get('cycle')?.() as Cycle | undefined
    return run && cycle ? [{ id, run, cycle }] : []
  })

export function createOperator(world: World): Operator {
  const { time, hostility, mesh, isPlanned } = world
  const { random } = hostility
  const life: Life = { name: 'a person', isAlive: true, die: () => undefined }
  const hands = { life, client: createTemporalClient(world.server, hostility, life) }
  let isMending = false
  let count = 0
  const toCommand = (): RerunCommand => {
    count += 1
    return { actor: `person ${count % 2}`, reason: 'mended', requestId: `request-${count}` }
  }
  const look = (): void => {
    for (const now of cyclesOf(world)) {
      if (canRerunOpen(now, time.nowMs()) && (isMending || random.chance(0.5))) askAgain(now)
      else if (canStartAgain(now, time.nowMs()) && (isMending ? isFailed(now) : !isPlanned && random.chance(0.03)))
        askAgain(now)
      else if (now.run.isOpen && hostility.strikes('a cycle cancelled', 0.004)) world.server.cancel(now.id)
      else actOn(world, now, { client: hands.client, toCommand, isMending })
    }
    if (hostility.strikes('a definition changed', 0.02)) mesh.apply(mesh.change(random, time.nowMs()))
    for (const now of cyclesOf(world).filter((one) => isOlder(world, one))) {
      const isAsked = isUnbegun(now.cycle) ? random.chance(0.3) : hostility.strikes('an upgrade too late', 0.1)
      if (!isAsked) continue
      void askForUpgrade(world, hands, now, toCommand())
      if (hostility.strikes('an upgrade asked for by two', 0.1)) void askForUpgrade(world, hands, now, toCommand())
    }
    time.after(LOOK_MS, '', look)
  }
  const askAgain = (now: CycleNow): void => {
    const command = toCommand()
    if (now.run.isOpen && random.chance(0.3)) {
      world.server.signal(now.id, RERUN, command)
      if (hostility.strikes('a rerun signal sent by two', 0.1)) world.server.signal(now.id, RERUN, toCommand())
      return
    }
    void rerun(world, hands, now.id, command)
    if (hostility.strikes('a rerun asked for twice', 0.1)) void rerun(world, hands, now.id, command)
    if (hostility.strikes('a rerun asked for by two', 0.1)) void rerun(world, hands, now.id, toCommand())
  }
  time.after(LOOK_MS, '', look)
  return {
    mend() {
      isMending = true
    },
    isDone: () =>
      !cyclesOf(world).some(
        (now) =>
          (now.run.isOpen && now.cycle.held) ||
          canRerunOpen(now, time.nowMs()) ||
          (canStartAgain(now, time.nowMs()) && isFailed(now)),
      ),
  }
}

/** Open, and of a version that another has replaced. */
const isOlder = (world: World, { run, cycle }: CycleNow): boolean =>
  run.isOpen && versionOf(world, cycle).version > cycle.input.definitionVersion

const versionOf = ({ mesh }: World, { input }: Cycle): DefinitionVersion =>
  mesh.current().find(({ definition }) => definition.product === input.product) as DefinitionVersion

/** The recipe of `sluice upgrade`: the input is made from what is in force now; the cycle says whether it takes it. */
async function askForUpgrade(world: World, { client }: Hands, { id, cycle }: CycleNow, command: RerunCommand) {
  const { product, key, openedBy } = cycle.input
  const { timetable } = world.mesh.indexOf(domainOf(product))
  const to = openCycle(timetable, versionOf(world, cycle), { key, openedBy, settings: settingsOf(world) })
  try {
    const options = { args: [{ ...command, to }], updateId: command.requestId }
    await client.workflow.getHandle(id).executeUpdate(UPGRADE, options as never)
    world.hostility.count('an upgrade was taken')
  } catch (error) {
    // It has begun, or closed, meanwhile; or its answer was lost.
    world.hostility.count(error instanceof WorkflowUpdateFailedError ? 'an upgrade refused' : 'an upgrade unanswered')
  }
}

interface Hands {
  life: Life
  client: Client
}

/** One whose inputs are missing would only wait again. */
const isFailed = ({ cycle }: CycleNow): boolean => cycle.state !== 'COMPLETED' && !isUnbegun(cycle)

const canRerunOpen = ({ run, cycle }: CycleNow, nowMs: number): boolean =>
  run.isOpen && cycle.state === 'ERROR' && cycle.step !== 'wait' && refuseRerun(cycle, 'open', nowMs) === null

const canStartAgain = ({ run, cycle }: CycleNow, nowMs: number): boolean =>
  !run.isOpen &&
  ['COMPLETED', 'CANCELLED', 'ERROR'].includes(cycle.state) &&
  refuseRerun(cycle, 'closed', nowMs) === null

const TRIES = 3

/** The recipe of `sluice rerun`: an Update; nobody there, then a start; somebody was faster, then an Update again. */
async function rerun(world: World, parts: Hands, id: string, command: RerunCommand, tries = TRIES): Promise<void> {
  const isOpen = world.server.runsOf.get(id)?.at(-1)?.isOpen
  try {
    if (isOpen || !(await startAgain(world, parts, id, command))) await update(parts, id, command)
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) world.hostility.count('a rerun refused')
    // Its answer was lost, or the cycle closed or opened meanwhile: the person asks again, with the same request.
    else if (tries > 0) await rerun(world, parts, id, command, tries - 1)
  }
}

const update = ({ client }: Hands, id: string, command: RerunCommand): Promise<unknown> =>
  client.workflow.getHandle(id).executeUpdate(RERUN, { args: [command], updateId: command.requestId } as never)

/** False when a run is open already. Reading the past and starting are one moment here: the recipe has no fence between. */
async function startAgain(world: World, { life }: Hands, id: string, command: RerunCommand): Promise<boolean> {
  const { hostility, server, mesh, time } = world
  try {
    await hostility.call(life, 'temporal', `start ${id} again`, TEMPORAL_TROUBLE, () => {
      const now = cyclesOf(world).find((one) => one.id === id)
      if (!now || (!now.run.isOpen && refuseRerun(now.cycle, 'closed', time.nowMs()) !== null)) return
      const { timetable } = mesh.indexOf(domainOf(now.cycle.input.product))
      const opening = { key: now.cycle.input.key, openedBy: 'rerun' as const, settings: settingsOf(world) }
      const input = openCycle(timetable, versionOf(world, now.cycle), opening)
      const start = toCycleStart({ ...input, past: { ...toPast(now.cycle), command } })
      server.start({
        ...{ workflowId: id, taskQueue: start.taskQueue, type: CYCLE_WORKFLOW, input: start.args[0] },
        ...{ conflictPolicy: 'FAIL', reusePolicy: 'ALLOW_DUPLICATE' },
      })
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

/** As the run's result has it, or the mirror where it was cancelled. */
function toPast(cycle: Cycle): Omit<PastRuns, 'command'> {
  const { runNumber, state, step, lastAttempt, revision, dependencies, attempts } = cycle
  const attempt = state === 'ERROR' && step === 'publish' ? (attempts.at(-1) ?? null) : null
  return { runNumber, state, step, lastAttempt, revision, dependencies, attempt }
}
