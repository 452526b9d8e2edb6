// In: what a person asked of a cycle, and why it may not be. Out: its row of the audit: neither a validator that says no nor a
// cycle that has no run leaves a trace in Temporal; and who asked for it before. Never: a command that fails by it: without the mirror it is said.
import { type AuditedAction, type RequestedAction, recordAction } from '../mirror/actions.ts'
import { type AuditedRow, listAudited } from '../mirror/audit.ts'
import type { CycleId } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import { talk } from './output.ts'

export type RefusedAction = Omit<RequestedAction, 'actorVerified' | 'refused' | 'atMs'> & { refused: string }

export async function auditRefusal(connection: Pick<Connection, 'db'>, refused: RefusedAction): Promise<void> {
  try {
    await recordAction(connection.db(), { ...refused, actorVerified: false, atMs: Date.now() })
  } catch (error) {
    talk(`The refusal could not be written to the audit: ${whyNot(error, refused)}`)
  }
}

/** Of a cycle or a whole product, what was last done to it of these; undefined: nothing that is known. */
export async function lastDone(
  connection: Pick<Connection, 'db'>,
  subject: string,
  actions?: AuditedAction[],
): Promise<AuditedRow | undefined> {
  const filter = { cycle: subject as CycleId, ...(actions && { actions }), refused: false, limit: 100 }
  return (await listAudited(connection.db(), filter)).find(({ outcome }) => outcome === 'accepted')
}

/** Begins with a space, to follow a refusal. */
export const toWhoWasFirst = ({ actor, at, reason }: AuditedRow): string =>
  ` ${actor} asked for it first, at ${at}: ${reason}.`

/** PostgreSQL speaks of policies: a login writes rows of its own domain only. */
const whyNot = (error: unknown, { cycle }: RefusedAction): string =>
  (error as { code?: string }).code === '42501'
    ? `this login may not write for ${cycle}, which is another domain's`
    : (error as Error).message
