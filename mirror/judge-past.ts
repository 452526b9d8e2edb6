// In: an event for a cycle whose run is closed. Out: what it means to that cycle, from what the cycle last recorded.
// Never: takes a redelivery for late; an answer while the database is away (the message stays).
import { type Postgres, toStorableText } from '../clients/postgres.ts'
import { judgePastInput, type PastInput, type PastJudgement } from '../model/calendar/untaken.ts'
import type { CycleId, CycleKey, Domain, ProductId } from '../model/ids.ts'
import { isInputOf } from './conditions.ts'
import { isWithdrawn } from './withdrawn.ts'

export interface PastQuestion {
  domain: Domain
  cycle: CycleId
  eventId: string
  product: ProductId
  key: CycleKey
  revision: number
}

/** Complete, because a run closes only after its last flush. Null when no such cycle was ever recorded. */
export async function judgePast(db: Postgres, question: PastQuestion): Promise<PastJudgement | null> {
  return judgePastInput(await readInput(db, question), question.revision)
}

export const readInput = (db: Postgres, { domain, cycle, eventId, product, key, revision }: PastQuestion) =>
  db.one<PastInput>(
    `select delivery.outcome, dependency.state, dependency.revision,
       ${isWithdrawn({ domain: '$1', product: '$4', key: '$5', revision: '$6' })} as "isTakenBack"
     from (select $2::text as cycle) as asked
     left join data_product_status as status using (cycle)
     left join event_delivery as delivery on delivery.cycle = asked.cycle and delivery.domain = $1
       and delivery.event_id = $3 and delivery.upstream_product = $4 and delivery.outcome <> 'early'
     left join data_product_dependencies_events_status as dependency on dependency.cycle = asked.cycle
       and dependency.upstream_product = $4 and dependency.upstream_key = $5
       and ${isInputOf('status')}
     where status.cycle is not null or delivery.cycle is not null`,
    [domain, cycle, toStorableText(eventId), product, key, revision],
  )
