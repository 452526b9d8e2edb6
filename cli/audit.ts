// In: what a person asked of a cycle, and whether it was done. Out: its row of the audit, where nobody else writes one: neither a
// validator that says no nor a cycle that has no run leaves a trace in Temporal; and who asked for it before.
// Never: a command that fails because the mirror is away, or is not the login's to write: that is said.
import type { Queries } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { type AuditedAction, type RequestedAction, recordAction } from '../mirror/actions.ts'
import { type AuditedRow, listAudited } from '../mirror/audit.ts'
import { toShort } from '../model/cycle/asker.ts'
import type { CycleId } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import { talk } from './output.ts'

export type RefusedAction = Asked & { refused: string }

type Asked = Omit<RequestedAction, 'actorVerified' | 'refused' | 'atMs'>

/** Whatever keeps it from being written down, the refusal itself is what the person has to hear. */
export async function auditRefusal({ db }: Pick<Connection, 'db'>, refused: RefusedAction): Promise<void> {
  try {
    await write(db(), refused)
  } catch (error) {
    talk(`The refusal could not be written to the audit: ${whyNot(error, refused)}`)
  }
}

/** Of what no workflow writes down, and goes without the mirror. Any other fault is thrown: an audit with gaps is none. */
export async function auditDone({ db }: Pick<Connection, 'db'>, done: Asked): Promise<void> {
  try {
    await requireAudited(db(), done)
  } catch (error) {
    if (!isOutage(error) && !isNoRight(error)) throw error
    talk(`What was done could not be written to the audit: ${whyNot(error, done)}`)
  }
}

/** Where the mirror is needed anyway. */
export const requireAudited = (db: Queries, done: Asked): Promise<void> => write(db, { ...done, refused: null })

async function write(db: Queries, action: Asked & { refused: string | null }): Promise<void> {
  await recordAction(db, { ...action, actorVerified: false, atMs: Date.now() })
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
  isNoRight(error) ? `this login may not write for ${cycle}, which is another domain's` : (error as Error).message

const isNoRight = (error: unknown): boolean => (error as { code?: string }).code === '42501'
