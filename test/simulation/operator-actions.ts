// What people ask of open cycles beside reruns: hold, release, waive, skip, cancel; some of them twice, or two people at once.
// In: the world, the cycles as they stand. Out: Updates. Never: a hold that nobody ends.
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client'
import { refuseCommand } from '../../model/cycle/commands.ts'
import type { Command, OperatorCommand } from '../../model/cycle/cycle.ts'
import type { CycleNow } from './operator.ts'
import type { World } from './world.ts'

type Wish =
  | { action: 'skip' | 'cancel' }
  | { action: 'waive'; products: null }
  | { action: 'hold' | 'release'; of: 'cycle' }

const WISHES: Wish[] = [
  { action: 'hold', of: 'cycle' },
  { action: 'hold', of: 'cycle' },
  { action: 'waive', products: null },
  { action: 'skip' },
  { action: 'cancel' },
]

interface Asking {
  client: Client
  toCommand(): OperatorCommand
  /** The world comes to rest: nothing stays held. */
  isMending: boolean
}

export function actOn(world: World, now: CycleNow, asking: Asking): void {
  const { hostility } = world
  const { random } = hostility
  if (!now.run.isOpen) return
  // With its product, which is released as a whole; until then it may be held by itself.
  if (now.cycle.held?.of === 'product') {
    if (!asking.isMending && hostility.strikes('a cycle of a held product held by itself', 0.03))
      ask(world, now, { action: 'hold', of: 'cycle' }, asking)
    return
  }
  if (now.cycle.held) {
    if (asking.isMending || random.chance(0.5)) ask(world, now, { action: 'release', of: 'cycle' }, asking)
    return
  }
  if (asking.isMending || !hostility.strikes('an operator acts', 0.01)) return
  const wish = WISHES[random.between(0, WISHES.length - 1)] as Wish
  ask(world, now, wish, asking)
}

function ask(world: World, now: CycleNow, wish: Wish, { client, toCommand }: Asking): void {
  const { hostility, time } = world
  const command = { ...toCommand(), ...wish } as Command
  const isSensible = refuseCommand(now.cycle, command, 'open', time.nowMs()) === null
  if (!isSensible && !hostility.strikes('an action that makes no sense', 0.3)) return
  void update(world, client, now.id, command)
  if (hostility.strikes('an action asked for twice', 0.1)) void update(world, client, now.id, command)
  if (hostility.strikes('an action asked for by two', 0.1))
    void update(world, client, now.id, { ...command, ...toCommand() })
}

async function update({ hostility }: World, client: Client, id: string, command: Command): Promise<void> {
  try {
    const options = { args: [command], updateId: command.requestId }
    await client.workflow.getHandle(id).executeUpdate(command.action, options as never)
    hostility.count(`a ${command.action} was taken`)
  } catch (error) {
    hostility.count(error instanceof WorkflowUpdateFailedError ? `a ${command.action} refused` : 'an action unanswered')
  }
}
