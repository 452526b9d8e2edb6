// Which cycles of a domain are expected and not there, how long runs take, and who was told. In: the domain, a span. Out: rows.
// Never: a backfill, or what a person opened after it was expected.
import type { Postgres, Queries } from '../clients/postgres.ts'
import type { CycleId, Domain, ProductId } from '../model/ids.ts'
import type { LatenessNotice, Told } from '../model/lateness/notices.ts'
import { IS_OPENED_AFTER_ITS_TIME } from './conditions.ts'

export interface UnfinishedRow {
  cycle: CycleId
  product: ProductId
  key: string
  availableBy: string
}

const MOST = 1_000

/** Those that never completed and may still, of one domain, expected before `to`; earliest first. */
export const listUnfinished = (
  db: Postgres,
  domain: Domain,
  span: { from: string; to: string },
): Promise<UnfinishedRow[]> =>
  db.rows<UnfinishedRow>(
    `select cycle, product, cycle_key as key, available_by as "availableBy" from data_product_status
     where domain = $1 and available_by >= $2 and available_by < $3 and state in ('WAITING', 'PROCESSING', 'ERROR')
       and first_completed_at is null and opened_by <> 'backfill' and not (${IS_OPENED_AFTER_ITS_TIME})
     order by available_by, cycle collate "C" limit ${MOST}`,
    [domain, span.from, span.to],
  )

export interface RunLength {
  product: ProductId
  seconds: number | null
  cycles: number
}

/** From its first attempt to its first completion: the middle one of the last twenty cycles. */
export const listRunLengths = (db: Postgres, products: ProductId[]): Promise<RunLength[]> =>
  db.rows<RunLength>(
    `select asked.product, usual.seconds, usual.cycles from unnest($1::text[]) as asked (product),
     lateral (
       select percentile_disc(0.5) within group (order by took)::float8 as seconds, count(took)::integer as cycles
       from (select extract(epoch from first_completed_at) - (attempts -> 0 ->> 'begunAtMs')::numeric / 1000 as took
         from data_product_status where product = asked.product and first_completed_at is not null
         order by cycle_key desc limit 20) as recent) as usual`,
    [products],
  )

export const listLatenessTold = (db: Postgres, domain: Domain, causes: string[]): Promise<Told[]> =>
  db.rows<Told>('select kind, cause, team from lateness_notice where domain = $1 and cause = any ($2)', [
    domain,
    causes,
  ])

/** False when somebody else told it at the same moment. */
export const insertLatenessTold = (db: Queries, domain: Domain, notice: LatenessNotice): Promise<boolean> =>
  db.changed(
    `insert into lateness_notice (domain, kind, cause, team, cycles) values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [domain, notice.kind, notice.cause, notice.team, notice.cycles.map(({ cycle }) => cycle)],
  )
