// In: a flush of a cycle. Out: its row of data_product_status, its moves in data_product_status_history.
// Never: an older flush over a newer row, the order being (run number, version); the Glue runs of an earlier run lost.
import { type Queries, toJsonParameter, toStorableText } from '../clients/postgres.ts'
import type { Held } from '../model/cycle/cycle.ts'
import type { CycleRecord, CycleSnapshot } from '../model/cycle/record.ts'
import type { CycleId, Domain } from '../model/ids.ts'
import { toInstant, toInstantOrNull } from './instants.ts'

/**
 * `isNewest`: false when the row already holds this version or a newer one. `lacksEarlier`: the row was older than what this run
 * had already written, so the database has lost a flush, and what else that one wrote. The row remembers it until the run has
 * written everything again: the answer may be lost too.
 */
export const upsertStatus = (db: Queries, { cycle, domain, runNumber, version, since, snapshot }: CycleRecord) =>
  db.one<{ isNewest: boolean; lacksEarlier: boolean }>(
    `with written as (insert into data_product_status as old (cycle, domain, product, cycle_key, visibility, definition_version,
       opened_by, opened_at, state, step, reason, state_since, not_before, cutoff_at, available_by, retry_at,
       waiting_for, attempts, last_attempt, glue_run_id, revision, run_number, version, business_date, condition, flags, lacks_earlier, held)
     values ($1, $2, $3, $4, $5, $6,
       $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, nullif($25::jsonb, 'null'), $26, $27::integer > 0, nullif($28::jsonb, 'null'))
     on conflict (cycle) do update set visibility = excluded.visibility, definition_version = excluded.definition_version,
       opened_by = case when excluded.opened_at < old.opened_at then excluded.opened_by else old.opened_by end,
       opened_at = least(old.opened_at, excluded.opened_at), state = excluded.state, step = excluded.step,
       reason = excluded.reason, state_since = excluded.state_since, not_before = excluded.not_before,
       cutoff_at = excluded.cutoff_at, available_by = excluded.available_by, retry_at = excluded.retry_at,
       waiting_for = excluded.waiting_for, last_attempt = excluded.last_attempt,
       revision = greatest(old.revision, excluded.revision),
       run_number = excluded.run_number, version = excluded.version, updated_at = now(),
       business_date = excluded.business_date, condition = excluded.condition, flags = excluded.flags, held = excluded.held,
       run_ended_as = null, run_ended_at = null,
       lacks_earlier = $27 > 0 and (old.lacks_earlier or (old.run_number, old.version) < (excluded.run_number, $27))
     where (old.run_number, old.version) < (excluded.run_number, excluded.version)
       or (old.run_number, old.version) = (excluded.run_number, excluded.version) and old.lacks_earlier and $27 = 0
     returning lacks_earlier)
     select true as "isNewest", lacks_earlier as "lacksEarlier" from written
     union all
     select false, lacks_earlier from data_product_status where cycle = $1 and not exists (select from written)`,
    [
      ...[cycle, domain, snapshot.product, snapshot.key, snapshot.visibility, snapshot.definitionVersion],
      ...[snapshot.openedBy, toInstant(snapshot.openedAtMs)],
      ...[snapshot.state, snapshot.step, snapshot.reason && toStorableText(snapshot.reason)],
      ...[toInstant(snapshot.stateSinceMs), toInstantOrNull(snapshot.notBeforeMs), toInstantOrNull(snapshot.cutoffMs)],
      ...[toInstantOrNull(snapshot.availableByMs), toInstantOrNull(snapshot.retryAtMs)],
      ...[snapshot.waitingFor ?? waitingFor(snapshot), toJsonParameter(snapshot.attempts), snapshot.lastAttempt],
      ...[snapshot.attempts.at(-1)?.runId ?? null, snapshot.revision, runNumber, version],
      ...[snapshot.businessDate ?? null, toJsonParameter(snapshot.condition ?? null), snapshot.flags ?? []],
      ...[since ?? 0, toJsonParameter(snapshot.held ? { of: snapshot.held.of, sinceMs: snapshot.held.sinceMs } : null)],
    ],
  )

/** What other domains may not read. Left there when the hold ends: the row says whether there is one. */
export const upsertHold = (db: Queries, cycle: CycleId, { domain, held }: { domain: Domain; held: Held }) =>
  db.changed(
    `insert into cycle_hold (cycle, domain, actor, reason) values ($1, $2, $3, $4)
     on conflict (cycle) do update set actor = excluded.actor, reason = excluded.reason`,
    [cycle, domain, toStorableText(held.actor), toStorableText(held.reason)],
  )

/** Who opened the cycle, and when, is not who brought it back: of a flush that comes late. */
export const markOpened = (db: Queries, { cycle, snapshot }: CycleRecord): Promise<boolean> =>
  db.changed(`update data_product_status set opened_by = $2, opened_at = $3 where cycle = $1 and opened_at > $3`, [
    ...[cycle, snapshot.openedBy, toInstant(snapshot.openedAtMs)],
  ])

/**
 * Adds Glue runs to those known of earlier runs and flushes; of one attempt the form that knows most, which may have learnt
 * whom to ask, and more of them, after it had ended (of two lists PostgreSQL takes the longer for the greater). The run of
 * the last attempt stays named until another attempt begins.
 */
export const mergeAttempts = (db: Queries, { cycle, snapshot }: CycleRecord): Promise<boolean> =>
  db.changed(
    `update data_product_status set (attempts, glue_run_id) = (
       select jsonb_agg(attempt order by number), max(attempt ->> 'runId') filter (where number = to_jsonb(last_attempt)) from (
         select distinct on (attempt -> 'number') attempt, attempt -> 'number' as number
         from jsonb_array_elements(attempts || $2::jsonb) as attempt
         order by attempt -> 'number', attempt -> 'endedAtMs' = 'null', attempt -> 'runId' = 'null',
           attempt -> 'cascade' = '"all"' desc nulls last, attempt -> 'cascade' desc) as known)
     where cycle = $1 and not attempts @> $2::jsonb`,
    [cycle, toJsonParameter(snapshot.attempts)],
  )

/** Keeps what the newest revision published; a rerun under way, which does not know it any more, leaves it alone. */
export function markPublished(db: Queries, record: CycleRecord): Promise<boolean> {
  const { publication } = record.snapshot
  return db.changed(
    `update data_product_status set revision = greatest(revision, $2), published_revision = $2, published_event_id = $3,
       location = $4, correlation_id = $5, built_from = nullif($8::jsonb, 'null'), built_without = $9, cascade = nullif($10::jsonb, 'null'),
       occurred_at = case when published_revision = $2 then least(occurred_at, $6) else $6 end,
       published_at = case when published_revision = $2 then coalesce(published_at, $7::timestamptz) else $7::timestamptz end
     where cycle = $1 and (published_revision < $2
       or published_revision = $2 and (published_at is null and $7::timestamptz is not null or occurred_at > $6))`,
    [
      ...[record.cycle, publication?.revision, publication?.eventId, publication?.location],
      ...[publication?.correlationId, publication?.occurredAt, toInstantOrNull(completions(record).at(-1) ?? null)],
      ...[toJsonParameter(publication?.builtFrom ?? null), publication?.builtWithout ?? null],
      toJsonParameter(publication?.cascade ?? null),
    ],
  )
}

/** A rerun does not move it, nor does a flush that comes late. */
export const markFirstCompleted = (db: Queries, record: CycleRecord): Promise<boolean> =>
  db.changed(
    `update data_product_status set first_completed_at = least(first_completed_at, $2)
     where cycle = $1 and (first_completed_at is null or first_completed_at > $2)`,
    [record.cycle, toInstantOrNull(completions(record)[0] ?? null)],
  )

/** When the cycle completed, as far as this flush knows, oldest first. */
export const completions = ({ snapshot, transitions }: CycleRecord): number[] => [
  ...transitions.filter(({ to }) => to === 'COMPLETED').map(({ atMs }) => atMs),
  ...(snapshot.state === 'COMPLETED' ? [snapshot.stateSinceMs] : []),
]

export const insertTransitions = (db: Queries, { cycle, domain, runNumber, snapshot, transitions }: CycleRecord) =>
  db.changed(
    `insert into data_product_status_history (cycle, run_number, version, domain, product, cycle_key,
       from_state, to_state, step, reason, at)
     select $1, $2, version, $3, $4, $5, from_state, to_state, step, reason, at
     from jsonb_to_recordset($6) as move (version integer, from_state text, to_state text, step text, reason text, at timestamptz)
     on conflict do nothing`,
    [
      ...[cycle, runNumber, domain, snapshot.product, snapshot.key],
      toJsonParameter(
        transitions.map(({ version, from, to, step, reason, atMs }) => ({
          ...{ version, from_state: from, to_state: to, step, reason, at: toInstant(atMs) },
        })),
      ),
    ],
  )

/** As older workers leave it to the reader: all that have not arrived, while the cycle waits. */
function waitingFor({ state, step, dependencies }: CycleSnapshot): string[] {
  const isWaiting = state === 'WAITING' || (state === 'ERROR' && step === 'wait')
  const missing = dependencies.filter((dependency) => isWaiting && dependency.state === 'WAITING')
  return [...new Set(missing.map(({ product }) => product as string))].sort()
}
