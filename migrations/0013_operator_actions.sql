-- Operators in control: every action has its row with what was asked, and how its cycle stood before and after; products can be held.

alter table operator_action drop constraint operator_action_action;
alter table operator_action add constraint operator_action_action check (action in
  ('rerun', 'upgrade', 'skip', 'waive', 'hold', 'release', 'cancel', 'withdraw', 'backfill', 'open', 'send'));
alter table operator_action drop constraint operator_action_versions;
alter table operator_action add constraint operator_action_versions
  check (action in ('upgrade', 'rerun') or (from_version is null and to_version is null));
alter table operator_action add column asked jsonb;
alter table operator_action add column before jsonb;
alter table operator_action add column after jsonb;
comment on column operator_action.cycle is 'The cycle it is about; of a hold, release or backfill of a whole product that product, such as d1/ds3.';
comment on column operator_action.asked is 'What was asked beyond the action itself: of a rerun {publish, cascade}, of a waiver {products}, of a backfill {from, to, parallel}, of a withdrawal or a sent event {revision}; null: nothing.';
comment on column operator_action.before is 'How the cycle stood when it was judged: {state, step, revision, attempt, held}; null: there was none.';
comment on column operator_action.after is 'How it stood directly after; null where it was refused.';
create index operator_action_at on operator_action (domain, at desc);

-- A held product starts nothing: its cycles gather their inputs and wait.
create table product_hold (
  product text primary key,
  domain text not null,
  actor text not null check (actor <> ''),
  reason text not null check (btrim(reason) <> ''),
  since timestamptz not null,
  constraint product_hold_id check (split_part(product, '/', 1) = domain)
);
comment on table product_hold is 'The products that are held now; who held and released them when is in operator_action. The roles know it from the catalog bucket.';
grant select, insert, update, delete on product_hold to sluice_any_domain;
alter table product_hold enable row level security;
create policy own_domain on product_hold to sluice_any_domain using (domain = sluice_domain());

alter table data_product_status drop constraint data_product_status_opened_by;
alter table data_product_status add constraint data_product_status_opened_by
  check (opened_by in ('arrival', 'scheduler', 'person', 'rerun', 'backfill'));
alter table data_product_status add column held jsonb constraint data_product_status_held check (held - '{of,sinceMs}'::text[] = '{}');
comment on column data_product_status.held is 'That it is held: {of, sinceMs}, where of is cycle or product; null: it is not. By whom and why is in cycle_hold.';

-- Other domains see whole rows of data_product_status, of what is published; what a person wrote about a hold is not for them.
create table cycle_hold (
  cycle text primary key,
  domain text not null,
  actor text not null,
  reason text not null,
  constraint cycle_hold_id check (split_part(cycle, '/', 1) = domain)
);
comment on table cycle_hold is 'By whom a cycle is held and why, while data_product_status.held says that it is; else of its last hold.';
grant select, insert, update on cycle_hold to sluice_any_domain;
alter table cycle_hold enable row level security;
create policy own_domain on cycle_hold to sluice_any_domain using (domain = sluice_domain());

alter table data_product_status add column cascade jsonb;
comment on column data_product_status.cascade is 'Which consumers the published revision asks to run again: a list of products of the domain, or "all"; null: none.';

alter table data_product_dependencies_events_status add column waived_by jsonb;
comment on column data_product_dependencies_events_status.waived_by is 'Who lets the cycle go without it: {actor, reason}; null: nobody, its condition or cutoff does.';
