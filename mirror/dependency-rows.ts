// In: a flush of a cycle. Out: what it waits for and what has arrived, now and over time.
// Never: a dependency that goes backwards; an event missing from the history because a later one took its place.
import { type Queries, toJsonParameter } from '../clients/postgres.ts'
import type { CycleRecord } from '../model/cycle/record.ts'
import { toInstant, toInstantOrNull } from './instants.ts'

export const upsertDependencies = (db: Queries, { cycle, domain, runNumber, version, snapshot }: CycleRecord) =>
  db.changed(
    `insert into data_product_dependencies_events_status as old (cycle, domain, run_number, version,
       upstream_product, upstream_key, state, event_id, revision, location, correlation_id, occurred_at, arrived_at, blocker, why, position, built_from, waived_by)
     select distinct on (upstream_product, upstream_key) $1, $2, $3::integer, $4::integer, upstream_product, upstream_key, state, event_id, revision, location, correlation_id,
       occurred_at, arrived_at, nullif(blocker, 'null'), why, position, nullif(built_from, 'null'), nullif(waived_by, 'null')
     from jsonb_to_recordset($5) as dependency (upstream_product text, upstream_key text, state text, event_id text,
       revision integer, location text, correlation_id text, occurred_at timestamptz, arrived_at timestamptz, blocker jsonb,
       why text, position integer, built_from jsonb, waived_by jsonb)
     on conflict (cycle, upstream_product, upstream_key) do update set state = excluded.state,
       event_id = excluded.event_id, revision = excluded.revision, location = excluded.location,
       correlation_id = excluded.correlation_id, occurred_at = excluded.occurred_at, arrived_at = excluded.arrived_at,
       blocker = excluded.blocker, why = excluded.why, position = excluded.position, built_from = excluded.built_from,
       waived_by = excluded.waived_by,
       run_number = excluded.run_number, version = excluded.version
     where (old.run_number, old.version) < (excluded.run_number, excluded.version)`,
    [
      ...[cycle, domain, runNumber, version],
      toJsonParameter(
        snapshot.dependencies.map(({ product, key, why, state, arrival, arrivedAtMs, blocker, waivedBy }, at) => ({
          ...{ upstream_product: product, upstream_key: key, state },
          ...{ event_id: arrival?.eventId, revision: arrival?.revision, location: arrival?.location },
          ...{ correlation_id: arrival?.correlationId, occurred_at: arrival?.occurredAt },
          ...{ arrived_at: toInstantOrNull(arrivedAtMs), blocker, why, position: snapshot.places?.[at] ?? null },
          ...{ built_from: arrival?.builtFrom, waived_by: waivedBy },
        })),
      ),
    ],
  )

/** The first run says since when each input was waited for; then each event that satisfied or corrected one. */
export const insertDependencyHistory = (db: Queries, record: CycleRecord): Promise<boolean> =>
  db.changed(
    `insert into data_product_dependencies_events_status_history (cycle, domain, run_number,
       upstream_product, upstream_key, event_id, state, outcome, revision, at)
     select $1, $2, $3, upstream_product, upstream_key, event_id, state, outcome, revision, at
     from jsonb_to_recordset($4) as change (upstream_product text, upstream_key text, event_id text, state text,
       outcome text, revision integer, at timestamptz)
     on conflict do nothing`,
    [record.cycle, record.domain, record.runNumber, toJsonParameter([...openingRows(record), ...arrivalRows(record)])],
  )

const openingRows = ({ runNumber, snapshot }: CycleRecord): object[] =>
  runNumber > 1
    ? []
    : snapshot.dependencies.map(({ product, key }) => ({
        ...{ upstream_product: product, upstream_key: key, event_id: '', state: 'WAITING' },
        at: toInstant(snapshot.openedAtMs),
      }))

const arrivalRows = ({ deliveries }: CycleRecord): object[] =>
  deliveries
    .filter(({ outcome }) => outcome === 'satisfied' || outcome === 'correction')
    .map(({ eventId, upstream, upstreamKey, revision, outcome, atMs }) => ({
      ...{ upstream_product: upstream, upstream_key: upstreamKey, event_id: eventId, state: 'ARRIVED' },
      ...{ outcome, revision, at: toInstant(atMs) },
    }))
