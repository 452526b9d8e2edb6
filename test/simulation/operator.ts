// The person who mends: reruns cycles that failed, and now and then one that had completed. In: the world. Out: rerun
// signals to open cycles, closed ones started again with their past. Never: a rerun that the product would refuse.
import { openCycle } from '../../model/calendar/due.ts'
import type { Cycle, RerunCommand } from '../../model/cycle/cycle.ts'
import { refuseRerun } from '../../model/cycle/rerun.ts'
import { CYCLE_WORKFLOW, type CycleResult, RERUN, toCycleStart } from '../../workflows/contract.ts'
import { settingsOf } from './roles.ts'
import type { Execution } from './temporal-execution.ts'
import type { World } from './world.ts'

export interface Operator {
  /** From now on everything that failed is rerun, as long as something fails. */
  mend(): void
  isDone(): boolean
}

const LOOK_MS = 5_400_000

export const cyclesOf = ({ server }: World): { id: string; runs: Execution[]; cycle: Cycle }[] =>
  [...server.runsOf].flatMap(([id, runs]) => {
    const cycle = runs.at(-1)?.queries.get('cycle')?.() as Cycle | undefined
    return cycle ? [{ id, runs, cycle }] : []
  })

export function createOperator(world: World): Operator {
  const { time, server } = world
  const { random } = world.hostility
  let isMending = false
  let count = 0
  const toCommand = (): RerunCommand => {
    count += 1
    return { actor: 'operator', reason: 'mended', requestId: `request-${count}` }
  }
  const look = (): void => {
    for (const { id, runs, cycle } of cyclesOf(world)) {
      const isOpen = runs.at(-1)?.isOpen ?? false
      if (isOpen && canRerunOpen(cycle) && (isMending || random.chance(0.5))) server.signal(id, RERUN, toCommand())
      if (!isOpen && cycle.state === 'COMPLETED' && !isMending && random.chance(0.03))
        startAgain(runs.at(-1)?.result as CycleResult, cycle)
    }
    time.after(LOOK_MS, '', look)
  }
  const startAgain = (result: CycleResult, cycle: Cycle): void => {
    const { runNumber, state, step, lastAttempt, revision, dependencies, succeeded } = result
    const version = { version: 1, appliedAt: '', firstAppliedAt: '', definition: cycle.input.definition }
    const input = openCycle(version, cycle.input.key, 'rerun', settingsOf(world))
    const past = {
      runNumber,
      state,
      step,
      lastAttempt,
      revision,
      dependencies,
      attempt: succeeded,
      command: toCommand(),
    }
    const start = toCycleStart({ ...input, past })
    time.note(`operator starts ${cycle.id} again`)
    server.start({
      ...{ workflowId: cycle.id, taskQueue: start.taskQueue, type: CYCLE_WORKFLOW, input: start.args[0] },
      ...{ conflictPolicy: 'FAIL', reusePolicy: 'ALLOW_DUPLICATE' },
    })
  }
  time.after(LOOK_MS, '', look)
  return {
    mend() {
      isMending = true
    },
    isDone: () => cyclesOf(world).every(({ runs, cycle }) => !runs.at(-1)?.isOpen || !canRerunOpen(cycle)),
  }
}

const canRerunOpen = (cycle: Cycle): boolean =>
  cycle.state === 'ERROR' && cycle.step !== 'wait' && refuseRerun(cycle, 'open') === null
