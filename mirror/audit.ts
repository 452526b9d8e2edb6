// Who did what, when and why. In: a filter. Out: what people asked of cycles, and what they applied, newest first.
// Never: what this login may not know, such as another domain's private product; a list without a limit.
import type { Postgres } from '../clients/postgres.ts'
import type { Standing } from '../model/cycle/cycle.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import type { AuditedAction } from './actions.ts'

export interface AuditFilter {
  /** Instants; the second excluded. */
  since?: string
  until?: string
  domain?: Domain
  products?: ProductId[]
  /** In any case of letters. */
  actor?: string
  limit: number
}

export interface ActionFilter extends AuditFilter {
  cycle?: CycleId
  actions?: AuditedAction[]
  refused: boolean
}

export interface AuditedRow {
  at: string
  domain: Domain
  action: AuditedAction
  /** A cycle; of what concerns a whole product that product. */
  subject: string
  actor: string
  actorVerified: boolean
  reason: string
  outcome: 'accepted' | 'refused'
  refusedBecause: string | null
  /** Versions of the definition. */
  fromVersion: number | null
  toVersion: number | null
  /** Absent in what older versions wrote: null. */
  asked: Record<string, unknown> | null
  before: Standing | null
  after: Standing | null
  requestId: string
}

export const listAudited = (db: Postgres, filter: ActionFilter): Promise<AuditedRow[]> =>
  db.rows<AuditedRow>(
    `select at, domain, action, cycle as subject, actor, actor_verified as "actorVerified", reason, outcome,
       refused_because as "refusedBecause", from_version as "fromVersion", to_version as "toVersion", asked, before, after,
       request_id as "requestId"
     from operator_action
     where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
       and ($3::text is null or domain = $3)
       and ($4::text[] is null or split_part(cycle, '/', 1) || '/' || split_part(cycle, '/', 2) = any ($4))
       and ($5::text is null or lower(actor) = lower($5)) and ($6::text is null or cycle = $6)
       and ($7::text[] is null or action = any ($7)) and (not $8 or outcome = 'refused')
     order by at desc, request_id limit $9`,
    [
      ...[filter.since, filter.until, filter.domain, filter.products, filter.actor],
      ...[filter.cycle, filter.actions, filter.refused, filter.limit],
    ],
  )

export interface CatalogChange {
  kind: 'domain' | 'product' | 'external' | 'calendar'
  name: string
  /** Versions; null: there was, or is, none. */
  from: number | null
  to: number | null
  /** The definitions; null where they were not asked for, or are too large (calendars). */
  before: unknown
  after: unknown
}

export interface AppliedRow {
  at: string
  catalogVersion: number
  actor: string
  reason: string | null
  gitSha: string | null
  /** Those that this login may see, at least one. */
  changes: CatalogChange[]
}

/**
 * The versions an apply made are named by it; those it ended bear its instant, in the milliseconds in which it was handed on. The
 * documents of the row itself are not for the logins of domains.
 */
export const listApplied = (db: Postgres, filter: AuditFilter & { withDefinitions: boolean }): Promise<AppliedRow[]> =>
  db.rows<AppliedRow>(
    `select applied.applied_at as at, applied.catalog_version as "catalogVersion", applied.actor, applied.reason,
       applied.git_sha as "gitSha", made.changes
     from catalog_version as applied cross join lateral (
       select jsonb_agg(jsonb_build_object('kind', kind, 'name', name, 'from', was, 'to', is_now,
           'before', case when $7 then before end, 'after', case when $7 then after end) order by kind <> 'product', kind, name) as changes,
         array_agg(domain) as domains, array_agg(name) filter (where kind = 'product') as products
       from (${CHANGES}) as change) as made
     where ($1::timestamptz is null or applied.applied_at >= $1) and ($2::timestamptz is null or applied.applied_at < $2)
       and ($3::text is null or $3 = any (made.domains)) and ($4::text[] is null or made.products && $4)
       and ($5::text is null or lower(applied.actor) = lower($5)) and made.changes is not null
     order by applied.catalog_version desc limit $6`,
    [
      ...[filter.since, filter.until, filter.domain, filter.products, filter.actor],
      ...[filter.limit, filter.withDefinitions],
    ],
  )

interface Versions {
  kind: CatalogChange['kind']
  /** Expressions over a row, which is `one`. */
  name: string
  domain: string
  definition: string
}

/** What one apply did to one table of versions. */
function changesIn(table: string, { kind, name, domain, definition }: Versions): string {
  const columns = `${name} as name, ${domain} as domain, version, ${definition} as definition`
  return `select '${kind}' as kind, name, coalesce(came.domain, went.domain) as domain, went.version as was,
     came.version as is_now, went.definition as before, came.definition as after
   from (select ${columns} from ${table} as one where catalog_version = applied.catalog_version) as came
   full join (select ${columns} from ${table} as one
     where date_trunc('milliseconds', superseded_at) = date_trunc('milliseconds', applied.applied_at)) as went using (name)`
}

/** Products first: they are what most applies are about. */
const CHANGES = [
  changesIn('data_domain', { kind: 'domain', name: 'domain', domain: 'domain', definition: 'to_jsonb(one)' }),
  changesIn('data_product', { kind: 'product', name: 'product', domain: 'domain', definition: 'one.definition' }),
  changesIn('data_external', { kind: 'external', name: 'external', domain: 'domain', definition: 'one.definition' }),
  changesIn('data_calendar', { kind: 'calendar', name: 'calendar', domain: 'null::text', definition: 'null::jsonb' }),
].join(' union all ')

/** All who ever did anything that this login sees. */
export async function listActors(db: Postgres): Promise<string[]> {
  const rows = await db.rows<{ actor: string }>(
    'select distinct actor from operator_action union select distinct actor from catalog_version order by actor limit 1000',
  )
  return rows.map(({ actor }) => actor)
}
