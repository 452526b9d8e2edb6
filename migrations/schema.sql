-- What the migrations make, written by mirror/schema-dump.ts and compared by test/services/migrations.test.ts.
-- To read, not to run: change the schema by a new numbered file, then run that test with -u.

table catalog_version -- One row for each apply that changed something; insert-only.
  catalog_version integer not null
  applied_at timestamp with time zone not null default now()
  actor text not null -- Who applied it.
  reason text
  git_sha text
  before jsonb not null -- The definitions that this apply changed or removed, as they were: {domains, products, externals, calendars}.
  after jsonb not null -- The definitions that this apply created or changed, as they are since: {domains, products, externals, calendars}.
  constraint catalog_version_pkey PRIMARY KEY (catalog_version)
  CREATE TRIGGER insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.catalog_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
  grant select (catalog_version, applied_at, actor, reason, git_sha) to sluice_any_domain

table cycle_hold -- By whom a cycle is held and why, while data_product_status.held says that it is; else of its last hold.
  cycle text not null
  domain text not null
  actor text not null
  reason text not null
  constraint cycle_hold_id CHECK ((split_part(cycle, '/'::text, 1) = domain))
  constraint cycle_hold_pkey PRIMARY KEY (cycle)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select, update to sluice_any_domain

table data_calendar -- Versions of the calendars that anything goes by; the current one has no superseded_at.
  calendar text not null
  version integer not null
  source text not null -- Whose data it is: Sluice's own, or a file's of the mesh.
  definition jsonb not null -- Its decided dates; of one from files also its document, as file, from which it is built again when its base changes.
  applied_at timestamp with time zone not null
  superseded_at timestamp with time zone -- When a newer version came or the calendar was removed; null: current.
  catalog_version integer not null
  constraint data_calendar_catalog_version_fkey FOREIGN KEY (catalog_version) REFERENCES catalog_version(catalog_version)
  constraint data_calendar_pkey PRIMARY KEY (calendar, version)
  constraint data_calendar_source CHECK ((source = ANY (ARRAY['shipped'::text, 'files'::text])))
  CREATE UNIQUE INDEX data_calendar_current ON public.data_calendar USING btree (calendar) WHERE (superseded_at IS NULL)
  grant select to sluice_any_domain

table data_domain -- Versions of the domains; the current one has no superseded_at.
  domain text not null
  version integer not null
  account text not null
  owner_team text not null
  owner_email text not null
  calendar text not null
  timezone text not null
  location text -- Where products go that name no location; null: each names its own.
  applied_at timestamp with time zone not null
  superseded_at timestamp with time zone
  catalog_version integer not null
  constraint data_domain_catalog_version_fkey FOREIGN KEY (catalog_version) REFERENCES catalog_version(catalog_version)
  constraint data_domain_pkey PRIMARY KEY (domain, version)
  CREATE UNIQUE INDEX data_domain_current ON public.data_domain USING btree (domain) WHERE (superseded_at IS NULL)
  grant select to sluice_any_domain

table data_external -- Versions of the upstreams outside the mesh; the current one has no superseded_at.
  external text not null
  version integer not null
  domain text not null
  description text not null
  definition jsonb not null -- When it refreshes and which events say so (model/definition.ts: ExternalDefinition).
  applied_at timestamp with time zone not null
  superseded_at timestamp with time zone -- When a newer version came or the external was removed; null: current.
  catalog_version integer not null
  constraint data_external_catalog_version_fkey FOREIGN KEY (catalog_version) REFERENCES catalog_version(catalog_version)
  constraint data_external_id CHECK ((split_part(external, '/'::text, 1) = domain))
  constraint data_external_pkey PRIMARY KEY (external, version)
  CREATE UNIQUE INDEX data_external_current ON public.data_external USING btree (external) WHERE (superseded_at IS NULL)
  CREATE INDEX data_external_domain ON public.data_external USING btree (domain) WHERE (superseded_at IS NULL)
  row level security
  policy own_domain for select to sluice_any_domain using (domain = sluice_domain())
  grant select to sluice_any_domain

table data_pipeline_config -- The job that makes each version.
  product text not null
  version integer not null
  glue_job text not null
  timeout_minutes integer not null
  attempts integer not null -- Glue runs that one start of a cycle may use while the job itself fails.
  retry_after_ms bigint not null
  retry jsonb -- What the definition says of single kinds of failure: attempts, first pause and its cap (model/definition.ts: RetryDefinition); null: nothing.
  constraint data_pipeline_config_pkey PRIMARY KEY (product, version)
  constraint data_pipeline_config_product_version_fkey FOREIGN KEY (product, version) REFERENCES data_product(product, version)
  row level security
  policy own_domain for select to sluice_any_domain using (split_part(product, '/'::text, 1) = sluice_domain())
  grant select to sluice_any_domain

table data_pipeline_parameters -- Arguments of the job as the definition names them; Sluice adds its own at each run.
  product text not null
  version integer not null
  name text not null
  value text not null
  constraint data_pipeline_parameters_pkey PRIMARY KEY (product, version, name)
  constraint data_pipeline_parameters_product_version_fkey FOREIGN KEY (product, version) REFERENCES data_product(product, version)
  row level security
  policy own_domain for select to sluice_any_domain using (split_part(product, '/'::text, 1) = sluice_domain())
  grant select to sluice_any_domain

table data_product -- Versions of the data products; the current one has no superseded_at, a removed product has none such.
  product text not null
  version integer not null
  domain text not null
  description text not null
  owner_team text not null
  owner_email text not null
  visibility text not null
  publish_location text -- Null: runs without publishing an event.
  definition jsonb not null -- The resolved definition (model/definition.ts), as cycles carry it; the other tables hold the same in columns.
  definition_hash text not null -- sha256 of the definition as JSON with sorted keys.
  applied_at timestamp with time zone not null
  first_applied_at timestamp with time zone not null -- When its cycles of this kind (days, months) began: its first version, the first after it was removed, or the first with another kind; no older cycle is opened by itself.
  superseded_at timestamp with time zone -- When a newer version came or the product was removed; null: current.
  catalog_version integer not null
  constraint data_product_catalog_version_fkey FOREIGN KEY (catalog_version) REFERENCES catalog_version(catalog_version)
  constraint data_product_id CHECK ((split_part(product, '/'::text, 1) = domain))
  constraint data_product_pkey PRIMARY KEY (product, version)
  constraint data_product_visibility CHECK ((visibility = ANY (ARRAY['domain'::text, 'mesh'::text])))
  CREATE UNIQUE INDEX data_product_current ON public.data_product USING btree (product) WHERE (superseded_at IS NULL)
  CREATE INDEX data_product_domain ON public.data_product USING btree (domain) WHERE (superseded_at IS NULL)
  CREATE INDEX data_product_superseded ON public.data_product USING btree (superseded_at) WHERE (superseded_at IS NOT NULL)
  row level security
  policy visible for select to sluice_any_domain using ((domain = sluice_domain()) OR (visibility = 'mesh'::text))
  grant select to sluice_any_domain

table data_product_dependencies -- Whom each version waits for, groups opened, and which of the upstream's cycles it means.
  product text not null
  version integer not null
  upstream text not null
  position integer not null
  match text not null default 'same'::text -- Which cycle, in the words of the definition file; same: the one of the same key.
  if_none text -- What then when the upstream has no such cycle; null: wait, or run-without where match is self-previous.
  optional_after text -- Wall time from which on the cycle does without this upstream; null: never.
  part text -- The group in which it stands: its place among the dependencies and how many of it are enough; null: in none.
  on_revision text -- What becomes of a correction that comes after the cycle has run; null: flag.
  accept_partial boolean not null default true -- False: a refresh that was made without some of its own inputs does not count.
  constraint data_product_dependencies_if_none CHECK ((if_none = ANY (ARRAY['wait'::text, 'previous'::text, 'run-without'::text, 'skip-cycle'::text])))
  constraint data_product_dependencies_on_revision CHECK ((on_revision = ANY (ARRAY['ignore'::text, 'flag'::text, 'rerun'::text])))
  constraint data_product_dependencies_pkey PRIMARY KEY (product, version, "position")
  constraint data_product_dependencies_product_version_fkey FOREIGN KEY (product, version) REFERENCES data_product(product, version)
  CREATE INDEX data_product_dependencies_upstream ON public.data_product_dependencies USING btree (upstream)
  row level security
  policy visible for select to sluice_any_domain using (EXISTS ( SELECT
   FROM data_product seen
  WHERE ((seen.product = data_product_dependencies.product) AND (seen.version = data_product_dependencies.version))))
  grant select to sluice_any_domain

table data_product_dependencies_events_status -- One row per cycle and upstream cycle it needs: what it waits for, what has arrived.
  cycle text not null
  upstream_product text not null
  upstream_key text not null
  domain text not null -- Of the cycle, not of the upstream.
  state text not null
  event_id text -- The refresh event taken last for this input; null while it waits.
  revision integer
  location text
  correlation_id text
  occurred_at timestamp with time zone
  arrived_at timestamp with time zone -- When the first event arrived; a correction taken later does not move it.
  blocker jsonb -- What the upstream said when it ended without data (model/cycle/cycle.ts: Blocker); null once it arrived.
  run_number integer not null
  version integer not null
  why text -- By which rule this upstream cycle is one of the inputs; null: it has the cycle's own key.
  position integer -- Its place in the expected set, from 0: what the condition of the cycle counts; null in rows of older workers.
  built_from jsonb -- What the refresh taken was built from, where the inputs of the cycle are compared; null: not compared.
  waived_by jsonb -- Who lets the cycle go without it: {actor, reason}; null: nobody, its condition or cutoff does.
  constraint data_product_dependencies_events_status_id CHECK (starts_with(cycle, (domain || '/'::text)))
  constraint data_product_dependencies_events_status_pkey PRIMARY KEY (cycle, upstream_product, upstream_key)
  constraint data_product_dependencies_events_status_state CHECK ((state = ANY (ARRAY['WAITING'::text, 'ARRIVED'::text, 'WAIVED'::text])))
  CREATE INDEX data_product_dependencies_events_status_upstream ON public.data_product_dependencies_events_status USING btree (upstream_product, upstream_key)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select, update to sluice_any_domain

table data_product_dependencies_events_status_history -- When each input of each cycle began to be waited for, and every event that satisfied or corrected it; insert-only.
  cycle text not null
  run_number integer not null
  upstream_product text not null
  upstream_key text not null
  event_id text not null -- Empty for the row that says since when it was waited for.
  domain text not null
  state text not null
  outcome text
  revision integer
  at timestamp with time zone not null
  recorded_at timestamp with time zone not null default now()
  constraint data_product_dependencies_events_status_history_id CHECK (starts_with(cycle, (domain || '/'::text)))
  constraint data_product_dependencies_events_status_history_outcome CHECK ((outcome = ANY (ARRAY['satisfied'::text, 'duplicate'::text, 'early'::text, 'late'::text, 'superseded'::text, 'correction'::text, 'partial'::text, 'withdrawn'::text])))
  constraint data_product_dependencies_events_status_history_pkey PRIMARY KEY (cycle, run_number, upstream_product, upstream_key, event_id)
  constraint data_product_dependencies_events_status_history_state CHECK ((state = ANY (ARRAY['WAITING'::text, 'ARRIVED'::text, 'WAIVED'::text])))
  CREATE TRIGGER insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.data_product_dependencies_events_status_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select to sluice_any_domain

table data_product_schedule -- When each version refreshes. Wall times (17:00, 06:00 +1d, 06:00 +1bd, +20m) are of the row's zone, or of the hour.
  product text not null
  version integer not null
  every text not null
  calendar text not null
  timezone text not null
  not_before text
  available_by text
  cutoff_at text
  cutoff_then text
  on_non_business_day text -- What becomes of a cycle whose date is no business day; null: it is due on its date all the same.
  catch_up text -- Which of the cycles that fell due during an outage are opened after it; null: all.
  constraint data_product_schedule_catch_up CHECK ((catch_up = ANY (ARRAY['all'::text, 'latest'::text, 'none'::text])))
  constraint data_product_schedule_cutoff CHECK (((cutoff_at IS NULL) = (cutoff_then IS NULL)))
  constraint data_product_schedule_cutoff_then CHECK ((cutoff_then = ANY (ARRAY['error'::text, 'skip'::text, 'run-without'::text])))
  constraint data_product_schedule_every CHECK ((every ~ '^(hour|day|business-day|week|month|quarter|(week|month|quarter)-end\(business\)|nth-business-day\([1-9][0-9]?\))$'::text))
  constraint data_product_schedule_on_non_business_day CHECK ((on_non_business_day = ANY (ARRAY['skip'::text, 'next'::text, 'previous'::text])))
  constraint data_product_schedule_pkey PRIMARY KEY (product, version)
  constraint data_product_schedule_product_version_fkey FOREIGN KEY (product, version) REFERENCES data_product(product, version)
  row level security
  policy visible for select to sluice_any_domain using (EXISTS ( SELECT
   FROM data_product seen
  WHERE ((seen.product = data_product_schedule.product) AND (seen.version = data_product_schedule.version))))
  grant select to sluice_any_domain

table data_product_status -- One row a cycle, as its workflow last reported it; never the truth about a running cycle.
  cycle text not null -- Id of the cycle and of its Temporal workflow: domain/product/key.
  domain text not null
  product text not null
  cycle_key text not null
  visibility text not null default 'domain'::text -- Of the definition version that the cycle carries, domain when the catalog lacks it; mesh: other domains may read the row once it is published.
  definition_version integer not null -- Version of the definition that the cycle carries.
  opened_by text not null
  opened_at timestamp with time zone not null
  state text not null
  step text -- Where an ERROR arose; null in every other state.
  reason text
  state_since timestamp with time zone not null
  not_before timestamp with time zone
  cutoff_at timestamp with time zone
  available_by timestamp with time zone -- When the business expects it; from then on a cycle that has not completed is late. Null: no commitment.
  retry_at timestamp with time zone -- When the next attempt begins; null: none is due.
  waiting_for text[] not null default '{}'::text[] -- Upstreams still missing, sorted; empty unless the cycle waits for them.
  attempts jsonb not null default '[]'::jsonb -- The Glue runs of the cycle, reruns included, oldest first (model/cycle/cycle.ts: Attempt).
  last_attempt integer not null default 0 -- Highest attempt number ever used, over all runs.
  glue_run_id text -- Of the last attempt; null until Glue has named it.
  revision integer not null default 0 -- Last published revision as the workflow says it; 0: none yet.
  first_completed_at timestamp with time zone -- When it completed for the first time: what available_by is compared with; a rerun does not move it.
  published_revision integer not null default 0 -- The revision that published_event_id, published_at, location, correlation_id and occurred_at belong to; it follows its own order, because a rerun starts with an empty memory.
  published_event_id text
  published_at timestamp with time zone
  location text
  correlation_id text
  occurred_at timestamp with time zone -- When the data of that revision was finished.
  run_number integer not null -- With version, the order of all writes of a cycle: a row never goes backwards.
  version integer not null
  updated_at timestamp with time zone not null default now()
  business_date date -- The date the cycle is about; null in rows of older workers: the key says it.
  condition jsonb -- What it needed of the inputs in data_product_dependencies_events_status, by their places in position, frozen at opening (model/cycle/condition.ts); null: all of them.
  flags text[] not null default '{}'::text[] -- What shows beside the state, by the words of docs/states.md; late and retrying follow from available_by and retry_at.
  run_ended_as text -- How the run behind an open state ended, as the reconciler found it: failed is an ERROR that nobody mended in time, terminated and timed-out came from outside, forgotten is a run that Temporal no longer knows. Null: it is open, or nobody has looked yet; the next write of the cycle clears it.
  run_ended_at timestamp with time zone -- When Temporal closed that run; null also when it is forgotten.
  built_from jsonb -- What the published revision was built from: [{product, cycle, revision}]; null: nothing.
  built_without text[] -- Upstreams that the published revision was made without; null: none.
  withdrawn_revision integer -- Up to this revision its publications do not count any more: a person took them back; null: none.
  lacks_earlier boolean not null default false -- A flush of the run was lost, such as by a failover, with all that it wrote beside this row; false again once the run has written everything anew.
  held jsonb -- That it is held: {of, sinceMs}, where of is cycle or product; null: it is not. By whom and why is in cycle_hold.
  cascade jsonb -- Which consumers the published revision asks to run again: a list of products of the domain, or "all"; null: none.
  constraint data_product_status_held CHECK (((held - '{of,sinceMs}'::text[]) = '{}'::jsonb))
  constraint data_product_status_id CHECK (((cycle = ((product || '/'::text) || cycle_key)) AND (split_part(product, '/'::text, 1) = domain)))
  constraint data_product_status_opened_by CHECK ((opened_by = ANY (ARRAY['arrival'::text, 'scheduler'::text, 'person'::text, 'rerun'::text, 'backfill'::text])))
  constraint data_product_status_pkey PRIMARY KEY (cycle)
  constraint data_product_status_run_ended_as CHECK ((run_ended_as = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'terminated'::text, 'timed-out'::text, 'forgotten'::text])))
  constraint data_product_status_state CHECK ((state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'COMPLETED'::text, 'ERROR'::text, 'SKIPPED'::text, 'CANCELLED'::text])))
  constraint data_product_status_step CHECK ((step = ANY (ARRAY['wait'::text, 'start'::text, 'run'::text, 'publish'::text])))
  constraint data_product_status_step_of_error CHECK (((state = 'ERROR'::text) = (step IS NOT NULL)))
  constraint data_product_status_visibility CHECK ((visibility = ANY (ARRAY['domain'::text, 'mesh'::text])))
  CREATE INDEX data_product_status_domain_key ON public.data_product_status USING btree (domain, cycle_key DESC)
  CREATE INDEX data_product_status_expected ON public.data_product_status USING btree (available_by) WHERE (available_by IS NOT NULL)
  CREATE INDEX data_product_status_open ON public.data_product_status USING btree (domain, state, available_by) WHERE (state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'ERROR'::text]))
  CREATE UNIQUE INDEX data_product_status_product_key ON public.data_product_status USING btree (product, cycle_key)
  CREATE INDEX data_product_status_uncompared ON public.data_product_status USING btree (domain, updated_at) WHERE ((state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'ERROR'::text])) AND (run_ended_as IS NULL))
  CREATE INDEX data_product_status_without_run ON public.data_product_status USING btree (domain, cycle) WHERE ((state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'ERROR'::text])) AND (run_ended_as = ANY (ARRAY['terminated'::text, 'timed-out'::text, 'forgotten'::text])))
  CREATE INDEX data_product_status_written ON public.data_product_status USING btree (domain, updated_at)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  policy published for select to sluice_any_domain using ((visibility = 'mesh'::text) AND (revision > 0))
  policy skipped for select to sluice_any_domain using ((visibility = 'mesh'::text) AND (state = 'SKIPPED'::text))
  grant insert, select, update to sluice_any_domain

table data_product_status_history -- Every move of every cycle, once; insert-only.
  cycle text not null
  run_number integer not null
  version integer not null
  domain text not null
  product text not null
  cycle_key text not null
  from_state text -- Null: the cycle was opened.
  to_state text not null
  step text
  reason text
  at timestamp with time zone not null -- When the workflow made the move; recorded_at is later by as long as the database was away.
  recorded_at timestamp with time zone not null default now()
  constraint data_product_status_history_from CHECK ((from_state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'COMPLETED'::text, 'ERROR'::text, 'SKIPPED'::text, 'CANCELLED'::text])))
  constraint data_product_status_history_id CHECK (((cycle = ((product || '/'::text) || cycle_key)) AND (split_part(product, '/'::text, 1) = domain)))
  constraint data_product_status_history_pkey PRIMARY KEY (cycle, run_number, version)
  constraint data_product_status_history_step CHECK ((step = ANY (ARRAY['wait'::text, 'start'::text, 'run'::text, 'publish'::text])))
  constraint data_product_status_history_to CHECK ((to_state = ANY (ARRAY['WAITING'::text, 'PROCESSING'::text, 'COMPLETED'::text, 'ERROR'::text, 'SKIPPED'::text, 'CANCELLED'::text])))
  CREATE INDEX data_product_status_history_at ON public.data_product_status_history USING btree (domain, at)
  CREATE TRIGGER insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.data_product_status_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select to sluice_any_domain

table domain_catalog -- What the roles of a domain know of the mesh (model/calendar/routing.ts: DomainCatalog); the same object lies in the catalog bucket.
  domain text not null
  revision integer not null -- Rises with each apply that changed the document.
  document jsonb not null
  constraint domain_catalog_pkey PRIMARY KEY (domain)
  row level security
  policy own_domain for select to sluice_any_domain using (domain = sluice_domain())
  grant select to sluice_any_domain

table event_delivery -- What an event meant to a cycle that waits, or waited, for it: one outcome each, fixed when first judged; early gives way once the cycle is open, late and partial where an upgrade finds use for it, and what was taken back before it was used is withdrawn.
  domain text not null
  event_id text not null
  cycle text not null
  upstream_product text not null
  upstream_key text not null
  revision integer
  outcome text not null
  note text
  run_number integer -- The run of the cycle that judged it; null when the bridge did, because no open cycle took it.
  seen integer not null default 1 -- How often the same event came.
  sqs_message_id text
  at timestamp with time zone not null
  constraint event_delivery_cycle CHECK (starts_with(cycle, (domain || '/'::text)))
  constraint event_delivery_outcome CHECK ((outcome = ANY (ARRAY['satisfied'::text, 'duplicate'::text, 'early'::text, 'late'::text, 'superseded'::text, 'correction'::text, 'partial'::text, 'withdrawn'::text])))
  constraint event_delivery_pkey PRIMARY KEY (domain, event_id, cycle, upstream_product)
  CREATE INDEX event_delivery_cycle ON public.event_delivery USING btree (cycle)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select, update to sluice_any_domain

table event_ledger -- What became of every event that a domain received: one row each, as that domain saw it.
  domain text not null -- The domain that received it; its owner is in product.
  event_id text not null -- Ours, from the event; for what could not be read, an id that the bridge made from the message.
  outcome text not null
  reason text -- Why it is unmatched or refused; of a routed notice that an upstream did not refresh, whom it was named to.
  source text -- EventBridge source and account, as received; null when a cycle reported the event.
  account text
  product text
  cycle_key text
  revision integer
  location text
  correlation_id text
  occurred_at timestamp with time zone
  first_seen_at timestamp with time zone not null
  sqs_message_id text -- Of the last delivery by the queue; a redelivery of the same message is not counted again.
  seen integer not null default 1
  body text -- The message, for redrive, as long as no cycle has taken the event; text, because it may hold anything.
  redriven_at timestamp with time zone -- When a person last sent it again.
  position bigint not null -- Rises in the order of writing, with gaps, but is taken before the commit: a row may appear below one that was read. first_seen_at does not rise, after an outage.
  built_from jsonb -- What it was built from, as its event said: [{product, cycle, revision}]; null: nothing said.
  built_without text[] -- Inputs of its own that it was made without; null: none.
  constraint event_ledger_outcome CHECK ((outcome = ANY (ARRAY['routed'::text, 'unmatched'::text, 'refused'::text])))
  constraint event_ledger_pkey PRIMARY KEY (domain, event_id)
  constraint event_ledger_reason CHECK (((outcome = 'routed'::text) OR (reason <> ''::text)))
  CREATE INDEX event_ledger_first_seen ON public.event_ledger USING btree (domain, first_seen_at DESC)
  CREATE UNIQUE INDEX event_ledger_position ON public.event_ledger USING btree ("position")
  CREATE INDEX event_ledger_product_key ON public.event_ledger USING btree (domain, product, cycle_key)
  CREATE INDEX event_ledger_untaken ON public.event_ledger USING btree (domain, outcome, first_seen_at DESC) WHERE (outcome <> 'routed'::text)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select, update to sluice_any_domain

table lateness_notice -- What the domain's notification queue was told of lateness: one row for each cause and owner.
  domain text not null
  kind text not null
  cause text not null -- The cycle at the root: the one that keeps the late ones waiting, or the late one itself.
  team text not null
  cycles text[] not null -- The late cycles that the notice named; those that the same cause makes late afterwards are not told of again.
  told_at timestamp with time zone not null default now()
  constraint lateness_notice_kind CHECK ((kind = ANY (ARRAY['late'::text, 'will-be-late'::text])))
  constraint lateness_notice_pkey PRIMARY KEY (domain, kind, cause, team)
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select to sluice_any_domain

table migration
  number integer not null
  name text not null
  sha256 text not null
  applied_at timestamp with time zone not null default now()
  constraint migration_name_key UNIQUE (name)
  constraint migration_pkey PRIMARY KEY (number)
  grant select to sluice_any_domain

table operator_action -- What people asked for, why, and whether it was done; insert-only.
  domain text not null
  request_id text not null -- Made by whoever asks; a repeat for the same cycle is the same action.
  cycle text not null -- The cycle it is about; of a hold, release or backfill of a whole product that product, such as d1/ds3.
  action text not null
  actor text not null
  actor_verified boolean not null default false -- True when a login proved the actor; false when he named himself.
  reason text not null
  outcome text not null
  refused_because text
  at timestamp with time zone not null
  recorded_at timestamp with time zone not null default now()
  from_version integer -- Of an upgrade: the version of the definition that the cycle carried, and in to_version the one asked for; null where a refused one did not get as far.
  to_version integer
  asked jsonb -- What was asked beyond the action itself: of a rerun {publish, cascade}, of a waiver {products}, of a backfill {from, to, parallel}, of a withdrawal or a sent event {revision}; null: nothing.
  before jsonb -- How the cycle stood when it was judged: {state, step, revision, attempt, held}; null: there was none.
  after jsonb -- How it stood directly after; null where it was refused.
  constraint operator_action_action CHECK ((action = ANY (ARRAY['rerun'::text, 'upgrade'::text, 'skip'::text, 'waive'::text, 'hold'::text, 'release'::text, 'cancel'::text, 'withdraw'::text, 'backfill'::text, 'open'::text, 'send'::text])))
  constraint operator_action_actor CHECK ((actor <> ''::text))
  constraint operator_action_cycle CHECK (starts_with(cycle, (domain || '/'::text)))
  constraint operator_action_outcome CHECK ((outcome = ANY (ARRAY['accepted'::text, 'refused'::text])))
  constraint operator_action_pkey PRIMARY KEY (domain, cycle, request_id)
  constraint operator_action_reason CHECK ((btrim(reason) <> ''::text))
  constraint operator_action_refusal CHECK (((outcome = 'refused'::text) = (refused_because IS NOT NULL)))
  constraint operator_action_versions CHECK (((action = ANY (ARRAY['upgrade'::text, 'rerun'::text])) OR ((from_version IS NULL) AND (to_version IS NULL))))
  CREATE INDEX operator_action_at ON public.operator_action USING btree (domain, at DESC)
  CREATE INDEX operator_action_cycle ON public.operator_action USING btree (cycle, at)
  CREATE TRIGGER insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.operator_action FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant insert, select to sluice_any_domain

table product_hold -- The products that are held now; who held and released them when is in operator_action. The roles know it from the catalog bucket.
  product text not null
  domain text not null
  actor text not null
  reason text not null
  since timestamp with time zone not null
  constraint product_hold_actor_check CHECK ((actor <> ''::text))
  constraint product_hold_id CHECK ((split_part(product, '/'::text, 1) = domain))
  constraint product_hold_pkey PRIMARY KEY (product)
  constraint product_hold_reason_check CHECK ((btrim(reason) <> ''::text))
  row level security
  policy own_domain for all to sluice_any_domain using (domain = sluice_domain())
  grant delete, insert, select, update to sluice_any_domain

CREATE OR REPLACE FUNCTION public.heard_revision(asked_product text, asked_key text)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 WITH RECURSIVE receiver AS (
          SELECT min(event_ledger.domain) AS domain
            FROM event_ledger
         UNION ALL
          SELECT ( SELECT min(event_ledger.domain) AS min
                    FROM event_ledger
                   WHERE (event_ledger.domain > receiver_1.domain)) AS min
            FROM receiver receiver_1
           WHERE (receiver_1.domain IS NOT NULL)
         )
  SELECT max(heard.revision) AS max
    FROM (receiver
      JOIN event_ledger heard ON ((heard.domain = receiver.domain)))
   WHERE ((receiver.domain <> split_part(heard_revision.asked_product, '/'::text, 1)) AND (heard.product = heard_revision.asked_product) AND (heard.cycle_key = heard_revision.asked_key) AND (heard.outcome <> 'refused'::text));
END
-- The highest revision of this cycle that another domain than its own has heard of; null: none has.

view hidden_reader with (security_barrier=true) -- Of each other domain, how many cycles have used this cycle or wait for it that neither mesh_reader nor their own rows show to this login; to the owner of the tables, who sees all by name, none.
 SELECT dependency.upstream_product,
    dependency.upstream_key,
    status.domain,
    (count(DISTINCT status.cycle))::integer AS cycles
   FROM (data_product_dependencies_events_status dependency
     JOIN data_product_status status ON (((status.cycle = dependency.cycle) AND ((dependency.run_number = status.run_number) AND (dependency.version = status.version)))))
  WHERE ((status.domain <> sluice_domain()) AND
        CASE
            WHEN (split_part(dependency.upstream_product, '/'::text, 1) = sluice_domain()) THEN (NOT ((status.visibility = 'mesh'::text) AND ((status.revision > 0) OR (status.state = 'SKIPPED'::text))))
            ELSE ((EXISTS ( SELECT
               FROM data_product_status used
              WHERE ((used.product = dependency.upstream_product) AND (used.cycle_key = dependency.upstream_key) AND (used.visibility = 'mesh'::text)))) OR (EXISTS ( SELECT
               FROM data_product seen
              WHERE ((seen.product = dependency.upstream_product) AND (seen.superseded_at IS NULL) AND (seen.visibility = 'mesh'::text)))))
        END)
  GROUP BY dependency.upstream_product, dependency.upstream_key, status.domain;
  grant select to sluice_any_domain

view mesh_cycle with (security_barrier=true) -- How the cycles of products of the whole mesh stand, and what a person could do about them: held_as says whether one is held by itself (cycle) or with its product, last_attempt 0 that it never had its inputs.
 SELECT product,
    cycle_key,
    state,
    step,
    state_since,
    (held IS NOT NULL) AS is_held,
    (held ->> 'of'::text) AS held_as,
    run_ended_as,
    not_before,
    revision,
    last_attempt
   FROM data_product_status
  WHERE (visibility = 'mesh'::text);
  grant select to sluice_any_domain

CREATE OR REPLACE FUNCTION public.mesh_cycle_at(asked_product text, asked_key text, asked_at timestamp with time zone)
 RETURNS TABLE(state text, step text, state_since timestamp with time zone, not_before timestamp with time zone, revision integer)
 LANGUAGE sql
 STABLE STRICT SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT moved.to_state,
     moved.step,
     moved.at,
     status.not_before,
     status.revision
    FROM (data_product_status status
      JOIN data_product_status_history moved ON ((moved.cycle = status.cycle)))
   WHERE (((status.product = mesh_cycle_at.asked_product) AND (status.cycle_key = mesh_cycle_at.asked_key) AND (status.visibility = 'mesh'::text)) AND (moved.at <= mesh_cycle_at.asked_at))
   ORDER BY moved.run_number DESC, moved.version DESC
  LIMIT 1;
END
-- How a cycle of a product of the whole mesh stood at that time. Holds, and ends of runs, of then are not known.

view mesh_reader with (security_barrier=true) -- Which cycles of other domains, of those that every login sees, have used a product of the domain of this login, or wait for it: this input alone.
 SELECT dependency.cycle,
    dependency.upstream_product,
    dependency.upstream_key,
    dependency.state,
    dependency.revision
   FROM (data_product_dependencies_events_status dependency
     JOIN data_product_status status ON (((status.cycle = dependency.cycle) AND ((dependency.run_number = status.run_number) AND (dependency.version = status.version)))))
  WHERE ((split_part(dependency.upstream_product, '/'::text, 1) = sluice_domain()) AND (status.domain <> sluice_domain()) AND (status.visibility = 'mesh'::text) AND ((status.revision > 0) OR (status.state = 'SKIPPED'::text)));
  grant select to sluice_any_domain

view mesh_wait with (security_barrier=true) -- Which cycles the cycles of products of the whole mesh wait for. The upstream product is null where it is private or an external: then only its domain is told.
 SELECT status.product,
    status.cycle_key,
    seen.product AS upstream_product,
    dependency.upstream_key,
    split_part(dependency.upstream_product, '/'::text, 1) AS upstream_domain
   FROM ((data_product_status status
     JOIN data_product_dependencies_events_status dependency ON (((dependency.cycle = status.cycle) AND ((dependency.run_number = status.run_number) AND (dependency.version = status.version)))))
     LEFT JOIN data_product seen ON (((seen.product = dependency.upstream_product) AND (seen.superseded_at IS NULL) AND (seen.visibility = 'mesh'::text))))
  WHERE ((status.visibility = 'mesh'::text) AND ((status.state = 'WAITING'::text) OR ((status.state = 'ERROR'::text) AND (status.step = 'wait'::text))) AND (dependency.state = 'WAITING'::text) AND (dependency.upstream_product = ANY (status.waiting_for)));
  grant select to sluice_any_domain

CREATE OR REPLACE FUNCTION public.mesh_wait_at(asked_product text, asked_key text, asked_at timestamp with time zone)
 RETURNS TABLE(upstream_product text, upstream_key text, upstream_domain text)
 LANGUAGE sql
 STABLE STRICT SECURITY DEFINER ROWS 10
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT seen.product,
     began.upstream_key,
     split_part(began.upstream_product, '/'::text, 1) AS split_part
    FROM ((data_product_status status
      JOIN data_product_dependencies_events_status_history began ON ((began.cycle = status.cycle)))
      LEFT JOIN data_product seen ON (((seen.product = began.upstream_product) AND (seen.superseded_at IS NULL) AND (seen.visibility = 'mesh'::text))))
   WHERE (((status.product = mesh_wait_at.asked_product) AND (status.cycle_key = mesh_wait_at.asked_key) AND (status.visibility = 'mesh'::text)) AND (began.event_id = ''::text) AND (began.at <= mesh_wait_at.asked_at) AND (NOT (EXISTS ( SELECT
            FROM data_product_dependencies_events_status_history came
           WHERE (((came.cycle = began.cycle) AND (came.upstream_product = began.upstream_product) AND (came.upstream_key = began.upstream_key)) AND (came.state = 'ARRIVED'::text) AND (came.at <= mesh_wait_at.asked_at))))) AND (EXISTS ( SELECT
            FROM ( SELECT moved.to_state,
                     moved.step
                    FROM data_product_status_history moved
                   WHERE ((moved.cycle = began.cycle) AND (moved.at <= mesh_wait_at.asked_at))
                   ORDER BY moved.run_number DESC, moved.version DESC
                  LIMIT 1) last_move
           WHERE ((last_move.to_state = 'WAITING'::text) OR ((last_move.to_state = 'ERROR'::text) AND (last_move.step = 'wait'::text))))));
END
-- Which cycles a cycle of a product of the whole mesh waited for at that time; of them as much as mesh_wait says.

CREATE OR REPLACE FUNCTION public.opened_cycles(products text[], keys text[])
 RETURNS TABLE(product text, cycle_key text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT status.product,
     status.cycle_key
    FROM (data_product_status status
      JOIN UNNEST(opened_cycles.products, opened_cycles.keys) asked(product, cycle_key) USING (product, cycle_key))
   WHERE (status.visibility = 'mesh'::text);
END
-- Which of these cycles of products of the whole mesh were ever opened, by anybody.

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is insert-only: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'restrict_violation', hint = 'History is corrected by further rows.';
end
$function$

CREATE OR REPLACE FUNCTION public.sluice_domain()
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN starts_with((CURRENT_USER)::text, 'sluice_'::text) THEN substr((CURRENT_USER)::text, 8) ELSE NULL::text END
-- The domain that the present role is the login of.
