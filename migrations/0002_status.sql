-- Where each cycle stands, what arrived for it, how it came there: the mirror that people and screens read.
-- No foreign keys to the catalog or among these tables: a report must never be refused, whatever is written first.

create table data_product_status (
  cycle text primary key,
  domain text not null,
  product text not null,
  cycle_key text not null,
  visibility text not null default 'domain' constraint data_product_status_visibility check (visibility in ('domain', 'mesh')),
  definition_version integer not null,
  opened_by text not null constraint data_product_status_opened_by check (opened_by in ('arrival', 'scheduler', 'person', 'rerun')),
  opened_at timestamptz not null,
  state text not null constraint data_product_status_state check (state in ('WAITING', 'PROCESSING', 'COMPLETED', 'ERROR', 'SKIPPED', 'CANCELLED')),
  step text constraint data_product_status_step check (step in ('wait', 'start', 'run', 'publish')),
  reason text,
  state_since timestamptz not null,
  not_before timestamptz,
  cutoff_at timestamptz,
  available_by timestamptz,
  retry_at timestamptz,
  waiting_for text[] not null default '{}',
  attempts jsonb not null default '[]',
  last_attempt integer not null default 0,
  glue_run_id text,
  revision integer not null default 0,
  first_completed_at timestamptz,
  published_revision integer not null default 0,
  published_event_id text,
  published_at timestamptz,
  location text,
  correlation_id text,
  occurred_at timestamptz,
  run_number integer not null,
  version integer not null,
  updated_at timestamptz not null default now(),
  constraint data_product_status_step_of_error check ((state = 'ERROR') = (step is not null)),
  constraint data_product_status_id check (cycle = product || '/' || cycle_key and split_part(product, '/', 1) = domain)
);
comment on table data_product_status is 'One row a cycle, as its workflow last reported it; never the truth about a running cycle.';
comment on column data_product_status.cycle is 'Id of the cycle and of its Temporal workflow: domain/product/key.';
comment on column data_product_status.visibility is 'Of the definition version that the cycle carries, domain when the catalog lacks it; mesh: other domains may read the row once it is published.';
comment on column data_product_status.definition_version is 'Version of the definition that the cycle carries.';
comment on column data_product_status.step is 'Where an ERROR arose; null in every other state.';
comment on column data_product_status.available_by is 'When the business expects it; from then on a cycle that has not completed is late. Null: no commitment.';
comment on column data_product_status.retry_at is 'When the next attempt begins; null: none is due.';
comment on column data_product_status.waiting_for is 'Upstreams still missing, sorted; empty unless the cycle waits for them.';
comment on column data_product_status.attempts is 'The Glue runs of the cycle, reruns included, oldest first (model/cycle/cycle.ts: Attempt).';
comment on column data_product_status.last_attempt is 'Highest attempt number ever used, over all runs.';
comment on column data_product_status.glue_run_id is 'Of the last attempt; null until Glue has named it.';
comment on column data_product_status.revision is 'Last published revision as the workflow says it; 0: none yet.';
comment on column data_product_status.first_completed_at is 'When it completed for the first time: what available_by is compared with; a rerun does not move it.';
comment on column data_product_status.published_revision is 'The revision that published_event_id, published_at, location, correlation_id and occurred_at belong to; it follows its own order, because a rerun starts with an empty memory.';
comment on column data_product_status.occurred_at is 'When the data of that revision was finished.';
comment on column data_product_status.run_number is 'With version, the order of all writes of a cycle: a row never goes backwards.';

-- Lists by product and date, by state, by day over all products; recall of publications by (product, key).
create unique index data_product_status_product_key on data_product_status (product, cycle_key);
create index data_product_status_domain_key on data_product_status (domain, cycle_key desc);
create index data_product_status_open on data_product_status (domain, state, available_by) where state in ('WAITING', 'PROCESSING', 'ERROR');

create table data_product_status_history (
  cycle text not null,
  run_number integer not null,
  version integer not null,
  domain text not null,
  product text not null,
  cycle_key text not null,
  from_state text constraint data_product_status_history_from check (from_state in ('WAITING', 'PROCESSING', 'COMPLETED', 'ERROR', 'SKIPPED', 'CANCELLED')),
  to_state text not null constraint data_product_status_history_to check (to_state in ('WAITING', 'PROCESSING', 'COMPLETED', 'ERROR', 'SKIPPED', 'CANCELLED')),
  step text constraint data_product_status_history_step check (step in ('wait', 'start', 'run', 'publish')),
  reason text,
  at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (cycle, run_number, version),
  constraint data_product_status_history_id check (cycle = product || '/' || cycle_key and split_part(product, '/', 1) = domain)
);
comment on table data_product_status_history is 'Every move of every cycle, once; insert-only.';
comment on column data_product_status_history.from_state is 'Null: the cycle was opened.';
comment on column data_product_status_history.at is 'When the workflow made the move; recorded_at is later by as long as the database was away.';
create index data_product_status_history_at on data_product_status_history (domain, at);

create table data_product_dependencies_events_status (
  cycle text not null,
  upstream_product text not null,
  upstream_key text not null,
  domain text not null,
  state text not null constraint data_product_dependencies_events_status_state check (state in ('WAITING', 'ARRIVED', 'WAIVED')),
  event_id text,
  revision integer,
  location text,
  correlation_id text,
  occurred_at timestamptz,
  arrived_at timestamptz,
  blocker jsonb,
  run_number integer not null,
  version integer not null,
  primary key (cycle, upstream_product, upstream_key),
  constraint data_product_dependencies_events_status_id check (starts_with(cycle, domain || '/'))
);
comment on table data_product_dependencies_events_status is 'One row per cycle and upstream cycle it needs: what it waits for, what has arrived.';
comment on column data_product_dependencies_events_status.domain is 'Of the cycle, not of the upstream.';
comment on column data_product_dependencies_events_status.event_id is 'The refresh event taken last for this input; null while it waits.';
comment on column data_product_dependencies_events_status.arrived_at is 'When the first event arrived; a correction taken later does not move it.';
comment on column data_product_dependencies_events_status.blocker is 'What the upstream said when it ended without data (model/cycle/cycle.ts: Blocker); null once it arrived.';
create index data_product_dependencies_events_status_upstream on data_product_dependencies_events_status (upstream_product, upstream_key);

create table data_product_dependencies_events_status_history (
  cycle text not null,
  run_number integer not null,
  upstream_product text not null,
  upstream_key text not null,
  event_id text not null,
  domain text not null,
  state text not null constraint data_product_dependencies_events_status_history_state check (state in ('WAITING', 'ARRIVED', 'WAIVED')),
  outcome text constraint data_product_dependencies_events_status_history_outcome check (outcome in ('satisfied', 'duplicate', 'early', 'late', 'superseded', 'correction', 'withdrawn')),
  revision integer,
  at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (cycle, run_number, upstream_product, upstream_key, event_id),
  constraint data_product_dependencies_events_status_history_id check (starts_with(cycle, domain || '/'))
);
comment on table data_product_dependencies_events_status_history is 'When each input of each cycle began to be waited for, and every event that satisfied or corrected it; insert-only.';
comment on column data_product_dependencies_events_status_history.event_id is 'Empty for the row that says since when it was waited for.';

create table event_ledger (
  domain text not null,
  event_id text not null,
  outcome text not null constraint event_ledger_outcome check (outcome in ('routed', 'unmatched', 'refused')),
  reason text,
  source text,
  account text,
  product text,
  cycle_key text,
  revision integer,
  location text,
  correlation_id text,
  occurred_at timestamptz,
  first_seen_at timestamptz not null,
  sqs_message_id text,
  seen integer not null default 1,
  body text,
  redriven_at timestamptz,
  position bigint generated always as identity,
  primary key (domain, event_id),
  constraint event_ledger_reason check (outcome = 'routed' or reason <> '')
);
comment on table event_ledger is 'What became of every event that a domain received: one row each, as that domain saw it.';
comment on column event_ledger.domain is 'The domain that received it; its owner is in product.';
comment on column event_ledger.event_id is 'Ours, from the event; for what could not be read, an id that the bridge made from the message.';
comment on column event_ledger.reason is 'Why it is unmatched or refused; of a routed notice that an upstream did not refresh, whom it was named to.';
comment on column event_ledger.source is 'EventBridge source and account, as received; null when a cycle reported the event.';
comment on column event_ledger.sqs_message_id is 'Of the last delivery by the queue; a redelivery of the same message is not counted again.';
comment on column event_ledger.body is 'The message, for redrive, as long as no cycle has taken the event; text, because it may hold anything.';
comment on column event_ledger.redriven_at is 'When a person last sent it again.';
comment on column event_ledger.position is 'Rises in the order of writing, with gaps, but is taken before the commit: a row may appear below one that was read. first_seen_at does not rise, after an outage.';
create index event_ledger_first_seen on event_ledger (domain, first_seen_at desc);
create unique index event_ledger_position on event_ledger (position);
create index event_ledger_untaken on event_ledger (domain, outcome, first_seen_at desc) where outcome <> 'routed';
create index event_ledger_product_key on event_ledger (domain, product, cycle_key);

create table event_delivery (
  domain text not null,
  event_id text not null,
  cycle text not null,
  upstream_product text not null,
  upstream_key text not null,
  revision integer,
  outcome text not null constraint event_delivery_outcome check (outcome in ('satisfied', 'duplicate', 'early', 'late', 'superseded', 'correction', 'withdrawn')),
  note text,
  run_number integer,
  seen integer not null default 1,
  sqs_message_id text,
  at timestamptz not null,
  primary key (domain, event_id, cycle, upstream_product),
  constraint event_delivery_cycle check (starts_with(cycle, domain || '/'))
);
comment on table event_delivery is 'What an event meant to a cycle that waits, or waited, for it: one outcome each, fixed when first judged; only early gives way once the cycle is open.';
comment on column event_delivery.run_number is 'The run of the cycle that judged it; null when the bridge did, because no open cycle took it.';
comment on column event_delivery.seen is 'How often the same event came.';
create index event_delivery_cycle on event_delivery (cycle);

create table operator_action (
  domain text not null,
  request_id text not null,
  cycle text not null,
  action text not null constraint operator_action_action check (action in ('rerun')),
  actor text not null constraint operator_action_actor check (actor <> ''),
  actor_verified boolean not null default false,
  reason text not null constraint operator_action_reason check (btrim(reason) <> ''),
  outcome text not null constraint operator_action_outcome check (outcome in ('accepted', 'refused')),
  refused_because text,
  at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (domain, cycle, request_id),
  constraint operator_action_refusal check ((outcome = 'refused') = (refused_because is not null)),
  constraint operator_action_cycle check (starts_with(cycle, domain || '/'))
);
comment on table operator_action is 'What people asked for, why, and whether it was done; insert-only.';
comment on column operator_action.request_id is 'Made by whoever asks; a repeat for the same cycle is the same action.';
comment on column operator_action.actor_verified is 'True when a login proved the actor; false when he named himself.';
create index operator_action_cycle on operator_action (cycle, at);

create trigger insert_only before update or delete or truncate on data_product_status_history
  for each statement execute function refuse_change();
create trigger insert_only before update or delete or truncate on data_product_dependencies_events_status_history
  for each statement execute function refuse_change();
create trigger insert_only before update or delete or truncate on operator_action
  for each statement execute function refuse_change();
