// In: events that no open cycle took, as the bridge judged them. Out: ledger rows and deliveries, one round trip a batch.
// Never: takes back that an event was routed; counts a redelivered message twice.
import { type Postgres, toJsonParameter, toStorableText } from '../clients/postgres.ts'
import type { CycleId, CycleKey, Domain, ProductId } from '../model/ids.ts'
import type { BuiltFrom } from '../model/refresh-event.ts'
import type { DeliveryOutcome, LedgerOutcome } from '../model/states.ts'

export interface UntakenEvent {
  /** The event's own id when it could be read and its sender may say so; else one made from the message's id. */
  eventId: string
  /** `routed` when the deliveries say what it meant to cycles that are closed or not yet open. */
  outcome: LedgerOutcome
  /** Compulsory unless routed. */
  reason: string | null
  /** Null: no message brought it; the reconciler found it. */
  messageId: string | null
  /** The whole message, for redrive; null where there was none. */
  body: string | null
  source: string | null
  account: string | null
  product: ProductId | null
  key: CycleKey | null
  revision: number | null
  location: string | null
  correlationId: string | null
  /** ISO instant. */
  occurredAt: string | null
  /** Absent: the event said nothing. */
  builtFrom?: BuiltFrom[]
  builtWithout?: ProductId[]
  deliveries: UntakenDelivery[]
}

export interface UntakenDelivery {
  cycle: CycleId
  upstream: ProductId
  outcome: DeliveryOutcome
  note: string | null
}

/** Idempotent: a batch may come twice, and one event several times in it. */
export async function recordUntaken(db: Postgres, domain: Domain, events: UntakenEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = mergeSameEvents(events)
  await upsertUntaken(db, domain, rows.map(toLedgerRow), rows.flatMap(toDeliveryRows))
}

/** Not the same message again, nor what no message brought. */
const IS_ANOTHER = `excluded.sqs_message_id is not null and old.sqs_message_id is distinct from excluded.sqs_message_id`

/** A better judgement replaces the row (routed over unmatched over refused), a worse or equal one only counts. */
const upsertUntaken = (db: Postgres, domain: Domain, events: object[], deliveries: object[]): Promise<boolean> =>
  db.changed(
    `with ledger as (
       insert into event_ledger as old (domain, event_id, outcome, reason, source, account, product, cycle_key, revision,
         location, correlation_id, occurred_at, first_seen_at, sqs_message_id, seen, body, built_from, built_without)
       select $1, event_id, outcome, reason, source, account, product, cycle_key, revision,
         location, correlation_id, occurred_at, now(), message_id, seen, body, nullif(built_from, 'null'), built_without
       from jsonb_to_recordset($2) as event (event_id text, outcome text, reason text, source text, account text,
         product text, cycle_key text, revision integer, location text, correlation_id text, occurred_at timestamptz,
         message_id text, seen integer, body text, built_from jsonb, built_without text[])
       order by event_id
       on conflict (domain, event_id) do update set
         (outcome, reason, source, account, product, cycle_key, revision, location, correlation_id, occurred_at, body) = (
           select row.outcome, row.reason, row.source, row.account, row.product, row.cycle_key, row.revision,
             row.location, row.correlation_id, row.occurred_at, row.body
           from (select excluded.* union all select old.*) as row
           order by array_position(array['routed', 'unmatched', 'refused'], row.outcome), row.first_seen_at
           limit 1),
         built_from = coalesce(old.built_from, excluded.built_from),
         built_without = coalesce(old.built_without, excluded.built_without),
         first_seen_at = least(old.first_seen_at, excluded.first_seen_at),
         sqs_message_id = coalesce(excluded.sqs_message_id, old.sqs_message_id),
         seen = old.seen + case when ${IS_ANOTHER} then excluded.seen else 0 end
     )
     insert into event_delivery as old (domain, event_id, cycle, upstream_product, upstream_key, revision, outcome, note,
       seen, sqs_message_id, at)
     select $1, event_id, cycle, upstream_product, upstream_key, revision, outcome, note, seen, message_id, now()
     from jsonb_to_recordset($3) as delivery (event_id text, cycle text, upstream_product text, upstream_key text,
       revision integer, outcome text, note text, seen integer, message_id text)
     order by event_id, cycle
     on conflict (domain, event_id, cycle, upstream_product) do update set
       outcome = case when old.outcome = 'early' then excluded.outcome else old.outcome end,
       note = case when old.outcome = 'early' then excluded.note else old.note end,
       at = case when old.outcome = 'early' then excluded.at else old.at end,
       sqs_message_id = coalesce(excluded.sqs_message_id, old.sqs_message_id),
       seen = old.seen + case when ${IS_ANOTHER} then excluded.seen else 0 end`,
    [domain, toJsonParameter(events), toJsonParameter(deliveries)],
  )

type SeenEvent = UntakenEvent & { seen: number }

const RANK: readonly LedgerOutcome[] = ['routed', 'unmatched', 'refused']

/** One statement may touch a row only once. */
function mergeSameEvents(events: UntakenEvent[]): SeenEvent[] {
  const groups = Object.values(Object.groupBy(events, ({ eventId }) => toStorableText(eventId)))
  return groups.flatMap((group = []) => {
    const best = group.toSorted((left, right) => RANK.indexOf(left.outcome) - RANK.indexOf(right.outcome))[0]
    const byCycle = new Map(
      group.flatMap(({ deliveries }) => deliveries).map((one) => [`${one.cycle} ${one.upstream}`, one]),
    )
    const seen = new Set(group.map(({ messageId }) => messageId)).size
    // The last message's id is kept, so that the same batch again counts nothing.
    const messageId = group.at(-1)?.messageId ?? null
    return best ? [{ ...best, messageId, deliveries: [...byCycle.values()], seen }] : []
  })
}

const toLedgerRow = (event: SeenEvent): object => ({
  ...{ event_id: event.eventId, outcome: event.outcome, reason: event.reason || whenUnsaid(event.outcome) },
  ...{ source: event.source, account: event.account, product: event.product, cycle_key: event.key },
  ...{ revision: event.revision, location: event.location, correlation_id: event.correlationId },
  ...{ occurred_at: event.occurredAt, message_id: event.messageId, seen: event.seen, body: event.body },
  ...{ built_from: event.builtFrom, built_without: event.builtWithout },
})

const whenUnsaid = (outcome: LedgerOutcome): string | null => (outcome === 'routed' ? null : 'no reason given')

const toDeliveryRows = (event: SeenEvent): object[] =>
  event.deliveries.map(({ cycle, upstream, outcome, note }) => ({
    ...{ event_id: event.eventId, cycle, upstream_product: upstream, upstream_key: event.key ?? '' },
    ...{ revision: event.revision, outcome, note, seen: event.seen, message_id: event.messageId },
  }))
