// In: what a person asked of a cycle, and why it may not be. Out: its row of the audit: neither a validator that says no nor a
// cycle that has no run leaves a trace in Temporal. Never: a command that fails by it: without the mirror it is said.
import { type RequestedAction, recordAction } from '../mirror/actions.ts'
import type { Connection } from './connection.ts'
import { talk } from './output.ts'

export type RefusedAction = Omit<RequestedAction, 'actorVerified' | 'refused' | 'atMs'> & { refused: string }

export async function auditRefusal(connection: Pick<Connection, 'db'>, refused: RefusedAction): Promise<void> {
  try {
    await recordAction(connection.db(), { ...refused, actorVerified: false, atMs: Date.now() })
  } catch (error) {
    talk(`The refusal could not be written to the audit: ${(error as Error).message}`)
  }
}
