// In: an event for a cycle whose run is closed. Out: what it means to that cycle, from what the cycle last recorded.
// Never: takes a redelivery for late; an answer while the database is away (the message stays).
import { type Postgres, toStorableText } from '../clients/postgres.ts'
import { judgeRevision } from '../model/cycle/arrivals.ts'
import type { CycleId, CycleKey, Domain, ProductId } from '../model/ids.ts'
import type { DeliveryOutcome, DependencyState } from '../model/states.ts'

export interface PastQuestion {
  domain: Domain
  cycle: CycleId
  eventId: string
  product: ProductId
  key: CycleKey
  revision: number
}

export interface PastJudgement {
  outcome: Extract<DeliveryOutcome, 'duplicate' | 'superseded' | 'correction' | 'late'>
  note: string
}

/** Complete, because a run closes only after its last flush. Null when no such cycle was ever recorded. */
export async function judgePast(db: Postgres, question: PastQuestion): Promise<PastJudgement | null> {
  const past = await readInput(db, question)
  if (!past) return null
  if (past.outcome) return { outcome: 'duplicate', note: `the cycle has seen this event: ${past.outcome}` }
  if (past.state === null) return { outcome: 'late', note: 'the cycle is closed and did not wait for it' }
  if (past.state !== 'ARRIVED') return { outcome: 'late', note: 'the cycle had closed without it' }
  const { outcome, note } = judgeRevision(past.revision ?? 0, question.revision)
  return { outcome: outcome as PastJudgement['outcome'], note: note ?? '' }
}

interface PastInput {
  /** What this event meant when it came before; null = it has not been seen. */
  outcome: DeliveryOutcome | null
  /** Of the dependency; null = the cycle has none on this upstream cycle. */
  state: DependencyState | null
  revision: number | null
}

export const readInput = (db: Postgres, { domain, cycle, eventId, product, key }: PastQuestion) =>
  db.one<PastInput>(
    `select delivery.outcome, dependency.state, dependency.revision
     from (select $2::text as cycle) as asked
     left join data_product_status as status using (cycle)
     left join event_delivery as delivery on delivery.cycle = asked.cycle and delivery.domain = $1
       and delivery.event_id = $3 and delivery.upstream_product = $4 and delivery.outcome <> 'early'
     left join data_product_dependencies_events_status as dependency on dependency.cycle = asked.cycle
       and dependency.upstream_product = $4 and dependency.upstream_key = $5
     where status.cycle is not null or delivery.cycle is not null`,
    [domain, cycle, toStorableText(eventId), product, key],
  )
