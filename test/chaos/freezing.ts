// A role that stands still by itself (edges.ts): once its first call of an operation of AWS was answered, before anything is
// made of the answer. In: a stage, which role, `GetJobRuns`. Out: the role, in the place of the one before, and whether it
// stands. Never: the line of an earlier one taken for its own.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { toFreezeLine } from './effects.ts'
import type { RoleOrder, RoleProcess } from './roles.ts'
import type { Stage } from './stage.ts'

interface Freezing {
  frozen: RoleProcess
  hasFrozen(): boolean
}

export async function startFreezing(stage: Stage, order: RoleOrder, operation: string): Promise<Freezing> {
  const record = path.join(stage.folder, `freezes-${order.role}.txt`)
  rmSync(record, { force: true })
  const env = { ...order.env, SLUICE_CHAOS_RECORD: record, SLUICE_CHAOS_FREEZE: operation }
  const frozen = await stage.start({ ...order, env })
  const hasFrozen = (): boolean =>
    existsSync(record) && readFileSync(record, 'utf8').split('\n').includes(toFreezeLine(operation))
  return { frozen, hasFrozen }
}
