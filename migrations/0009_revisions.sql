-- Corrections of inputs: what a dependency says of them, and what a refresh was made of and without.

alter table data_product_dependencies
  add column on_revision text,
  add column accept_partial boolean not null default true,
  add constraint data_product_dependencies_on_revision check (on_revision in ('ignore', 'flag', 'rerun'));
comment on column data_product_dependencies.on_revision is 'What becomes of a correction that comes after the cycle has run; null: flag.';
comment on column data_product_dependencies.accept_partial is 'False: a refresh that was made without some of its own inputs does not count.';

-- As far as its event said; recalled with it by cycles that open later.
alter table event_ledger add column built_from jsonb, add column built_without text[];
comment on column event_ledger.built_from is 'What it was built from, as its event said: [{product, cycle, revision}]; null: nothing said.';
comment on column event_ledger.built_without is 'Inputs of its own that it was made without; null: none.';
alter table data_product_status add column built_from jsonb, add column built_without text[];
comment on column data_product_status.built_from is 'What the published revision was built from: [{product, cycle, revision}]; null: nothing.';
comment on column data_product_status.built_without is 'Upstreams that the published revision was made without; null: none.';
alter table data_product_dependencies_events_status add column built_from jsonb;
comment on column data_product_dependencies_events_status.built_from is 'What the refresh taken was built from, where the inputs of the cycle are compared; null: not compared.';

alter table event_delivery
  drop constraint event_delivery_outcome,
  add constraint event_delivery_outcome check (outcome in ('satisfied', 'duplicate', 'early', 'late', 'superseded', 'correction', 'partial', 'withdrawn'));
alter table data_product_dependencies_events_status_history
  drop constraint data_product_dependencies_events_status_history_outcome,
  add constraint data_product_dependencies_events_status_history_outcome check (outcome in ('satisfied', 'duplicate', 'early', 'late', 'superseded', 'correction', 'partial', 'withdrawn'));
