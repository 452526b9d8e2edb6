// In: what a person asked of a cycle, and whether it was done. Out: its row of the audit, where nobody else writes one: neither a
// validator that says no nor a cycle that has no run leaves a trace in Temporal; and who asked for it before. Never: a command that fails by it: without the mirror it is said.
import { type AuditedAction, type RequestedAction, recordAction } from '../mirror/actions.ts'
import { type AuditedRow, listAudited } from '../mirror/audit.ts'
import { toShort } from '../model/cycle/asker.ts'
import type { OperatorCommand } from '../model/cycle/cycle.ts'
import type { CycleId } from '../model/ids.ts'
import { requireAsker } from './asker.ts'
import type { Connection } from './connection.ts'
import { talk } from './output.ts'

export type RefusedAction = Asked & { refused: string }

export interface AskerOptions {
  actor: string
  reason?: string
}

/** Who does what asks for no reason: it overrules nothing. */
export const toAsker = ({ actor, reason = '' }: AskerOptions): OperatorCommand =>
  requireAsker({ actor, reason: reason.trim() || 'none given' }, 'This needs an actor that says something: --actor.')

type Asked = Omit<RequestedAction, 'actorVerified' | 'refused' | 'atMs'>

export const auditRefusal = (connection: Pick<Connection, 'db'>, refused: RefusedAction): Promise<void> =>
  write(connection, refused, 'The refusal')

/** Of what no workflow writes down. */
export const auditDone = (connection: Pick<Connection, 'db'>, done: Asked): Promise<void> =>
  write(connection, { ...done, refused: null }, 'What was done')

async function write(
  { db }: Pick<Connection, 'db'>,
  action: Asked & { refused: string | null },
  what: string,
): Promise<void> {
  try {
    await recordAction(db(), { ...action, actorVerified: false, atMs: Date.now() })
  } catch (error) {
    talk(`${what} could not be written to the audit: ${whyNot(error, action)}`)
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
  ` ${actor} asked for it first, at ${at}: ${toShort(reason)}.`

/** PostgreSQL speaks of policies: a login writes rows of its own domain only. */
const whyNot = (error: unknown, { cycle }: Asked): string =>
  (error as { code?: string }).code === '42501'
    ? `this login may not write for ${cycle}, which is another domain's`
    : (error as Error).message
