// In: what a person asked for, and whether it was done. Out: one row of the audit.
// Never: an action without actor and reason; a changed row.
import { type Postgres, type Queries, toJsonParameter } from '../clients/postgres.ts'
import type { OperatorActionKind, Standing } from '../model/cycle/cycle.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import { type CycleId, type Domain, domainOf, type ProductId } from '../model/ids.ts'
import { toInstant } from './instants.ts'

/** What a cycle judges, and what concerns no one run. */
export type AuditedAction = OperatorActionKind | 'withdraw' | 'backfill' | 'open' | 'send'

export interface RequestedAction {
  /** Of what concerns a whole product that product. */
  cycle: CycleId | ProductId
  action: AuditedAction
  /** Of an upgrade, or of a rerun by another version. */
  versions?: { from: number; to: number }
  /** What was asked beyond the action; and how the cycle stood before it and after. */
  asked?: object
  before?: Partial<Standing>
  after?: Partial<Standing>
  actor: string
  /** True when a login proved the actor. */
  actorVerified: boolean
  reason: string
  requestId: string
  /** Null = accepted. */
  refused: string | null
  atMs: number
}

/** For commands that no workflow saw, such as those refused before. False when this request is known. */
export const recordAction = (db: Queries, action: RequestedAction): Promise<boolean> =>
  insertActionRows(db, domainOf(action.cycle), [action])

/** What became of a request, if it is written down: why it was refused, null where it was not. */
export const readOutcome = (
  db: Postgres,
  { cycle, requestId }: Pick<RequestedAction, 'cycle' | 'requestId'>,
): Promise<Pick<RequestedAction, 'refused'> | undefined> =>
  db.one(
    'select refused_because as refused from operator_action where domain = $1 and cycle = $2 and request_id = $3',
    [domainOf(cycle), cycle, requestId],
  )

/** The actions a running cycle took or refused. */
export const insertActions = (db: Queries, { cycle, domain, actions }: CycleRecord): Promise<boolean> =>
  insertActionRows(
    db,
    domain,
    // Signals and updates name the actor themselves; only a front with logins can vouch for one. What a signal left
    // empty is said in words: the flush that carries a refused action must not fail for ever.
    actions.map((action) => ({
      ...{ ...action, cycle, actorVerified: false },
      ...{ actor: action.actor || 'unnamed', reason: action.reason.trim() || 'none given' },
    })),
  )

const insertActionRows = (db: Queries, domain: Domain, actions: RequestedAction[]): Promise<boolean> =>
  db.changed(
    `insert into operator_action (domain, request_id, cycle, action, actor, actor_verified, reason, outcome,
       refused_because, at, from_version, to_version, asked, before, after)
     select $1, request_id, cycle, action, actor, actor_verified, reason,
       case when refused is null then 'accepted' else 'refused' end, refused, at, from_version, to_version,
       nullif(asked, 'null'), nullif(before, 'null'), nullif(after, 'null')
     from jsonb_to_recordset($2) as asked (request_id text, cycle text, action text, actor text,
       actor_verified boolean, reason text, refused text, at timestamptz, from_version integer, to_version integer,
       asked jsonb, before jsonb, after jsonb)
     on conflict do nothing`,
    [
      domain,
      toJsonParameter(
        actions.map(({ requestId, actorVerified, atMs, versions, ...action }) => ({
          ...{ request_id: requestId, actor_verified: actorVerified, at: toInstant(atMs) },
          ...{ from_version: versions?.from, to_version: versions?.to },
          ...action,
        })),
      ),
    ],
  )
