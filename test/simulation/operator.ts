// The people who mend, and now and then spoil: they rerun cycles that failed, some that had completed, cancel a few, apply
// a changed definition. In: the world. Out: signals, Updates, cancellations, closed cycles started again with their past.
// Never: a rerun that the product would refuse, but as the second of two people.
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { openCycle } from '../../model/calendar/due.ts'
import { refuseCommand } from '../../model/cycle/commands.ts'
import { type Cycle, isUnbegun, type RerunCommand } from '../../model/cycle/cycle.ts'
import { refuseRerun } from '../../model/cycle/rerun.ts'
import { domainOf, type ProductId } from '../../model/ids.ts'
import { RERUN, UPGRADE } from '../../workflows/contract.ts'
import type { Life } from './hostility.ts'
import { actOn } from './operator-actions.ts'
import { heldProducts, lookAtHolds } from './operator-holds.ts'
import { type Asked, type Hands, rerun, toNewer, toWish, versionOf } from './operator-reruns.ts'
import { settingsOf } from './roles.ts'
import { createTemporalClient } from './temporal-client.ts'
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
      else if (canStartAgain(world, now) && (isMending ? isFailed(now) : !isPlanned && random.chance(0.03)))
        askAgain(now)
      else if (now.run.isOpen && hostility.strikes('a cycle cancelled', 0.004)) world.server.cancel(now.id)
      else actOn(world, now, { client: hands.client, toCommand, isMending })
    }
    if (hostility.strikes('a definition changed', 0.02)) applyChange()
    lookAtHolds(world, { ...hands, toCommand }, isMending)
    for (const now of cyclesOf(world).filter((one) => isOlder(world, one))) {
      const isAsked = isUnbegun(now.cycle) ? random.chance(0.3) : hostility.strikes('an upgrade too late', 0.1)
      if (!isAsked) continue
      void askForUpgrade(world, hands, now, toCommand())
      if (hostility.strikes('an upgrade asked for by two', 0.1)) void askForUpgrade(world, hands, now, toCommand())
    }
    time.after(LOOK_MS, '', look)
  }
  const applyChange = (product?: ProductId): void => {
    mesh.apply(mesh.change(random, time.nowMs(), product))
    // An apply writes whole objects, by the rows.
    mesh.putHolds(Object.fromEntries(world.tables.holds), time.nowMs())
  }
  const askAgain = (now: CycleNow): void => {
    const isMended = now.run.isOpen && !isPlanned && hostility.strikes('a definition mended for a failed cycle', 0.2)
    if (isMended) applyChange(now.cycle.input.product)
    const command = { ...toCommand(), ...toWish(world, now.cycle) }
    if (now.run.isOpen && random.chance(0.3)) {
      world.server.signal(now.id, RERUN, command)
      if (hostility.strikes('a rerun signal sent by two', 0.1))
        world.server.signal(now.id, RERUN, { ...command, ...toCommand() })
      return
    }
    const asked: Asked = { id: now.id, command, ...toChoice(world, now) }
    void rerun(world, hands, asked)
    if (hostility.strikes('a rerun asked for twice', 0.1)) void rerun(world, hands, asked)
    if (hostility.strikes('a rerun asked for by two', 0.1))
      void rerun(world, hands, { ...asked, command: { ...command, ...toCommand() } })
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
          (canStartAgain(world, now) && isFailed(now)),
      ) && heldProducts(world).length === 0,
  }
}

/** Open, and of a version that another has replaced. */
const isOlder = (world: World, { run, cycle }: CycleNow): boolean =>
  run.isOpen && versionOf(world, cycle).version > cycle.input.definitionVersion

/** Now and then another version than goes without saying; seldom one that makes no sense. */
function toChoice(world: World, now: CycleNow): Pick<Asked, 'definition'> {
  const { hostility, time, isPlanned } = world
  if (isPlanned) return {}
  if (!now.run.isOpen)
    return hostility.strikes('a rerun by the definition that it ran by', 0.1) ? { definition: 'cycle' } : {}
  if (!isOlder(world, now) || !hostility.random.chance(0.7)) return {}
  const to = { ...now.cycle.input, definitionVersion: now.cycle.input.definitionVersion + 1 }
  const command = { action: 'rerun' as const, actor: 'a person', reason: 'asks', requestId: '', to }
  const isSensible = refuseCommand(now.cycle, command, 'open', time.nowMs()) === null
  return isSensible || hostility.strikes('an action that makes no sense', 0.3) ? { definition: 'current' } : {}
}

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

/** One whose inputs are missing would only wait again. */
const isFailed = ({ cycle }: CycleNow): boolean => cycle.state !== 'COMPLETED' && !isUnbegun(cycle)

const canRerunOpen = ({ run, cycle }: CycleNow, nowMs: number): boolean =>
  run.isOpen && cycle.state === 'ERROR' && cycle.step !== 'wait' && refuseRerun(cycle, 'open', nowMs) === null

function canStartAgain(world: World, { run, cycle }: CycleNow): boolean {
  const { mesh, time } = world
  if (run.isOpen || !['COMPLETED', 'CANCELLED', 'ERROR'].includes(cycle.state)) return false
  // A hold of its own ended with its run.
  const held = mesh.indexOf(domainOf(cycle.input.product)).timetable.heldBy?.(cycle.input.product) ?? null
  // One that never began is judged by what the version in force needs.
  const to = cycle.lastAttempt === 0 ? toNewer(world, cycle) : undefined
  const input = to ? { ...cycle.input, expected: to.expected, condition: to.condition } : cycle.input
  return refuseRerun({ ...cycle, held, input: input as Cycle['input'] }, 'closed', time.nowMs()) === null
}
