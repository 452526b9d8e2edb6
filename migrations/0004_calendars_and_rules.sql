-- Calendars as versioned data, upstreams outside the mesh, and dependencies that say which cycle they mean.

create table data_calendar (
  calendar text not null,
  version integer not null,
  source text not null constraint data_calendar_source check (source in ('shipped', 'files')),
  definition jsonb not null,
  applied_at timestamptz not null,
  superseded_at timestamptz,
  catalog_version integer not null references catalog_version,
  primary key (calendar, version)
);
comment on table data_calendar is 'Versions of the calendars that anything goes by; the current one has no superseded_at.';
comment on column data_calendar.source is 'Whose data it is: Sluice''s own, or a file''s of the mesh.';
comment on column data_calendar.definition is 'Every date decided (model/calendar/calendars.ts: CalendarDefinition).';
comment on column data_calendar.superseded_at is 'When a newer version came or the calendar was removed; null: current.';
create unique index data_calendar_current on data_calendar (calendar) where superseded_at is null;

create table data_external (
  external text not null,
  version integer not null,
  domain text not null,
  description text not null,
  definition jsonb not null,
  applied_at timestamptz not null,
  superseded_at timestamptz,
  catalog_version integer not null references catalog_version,
  primary key (external, version),
  constraint data_external_id check (split_part(external, '/', 1) = domain)
);
comment on table data_external is 'Versions of the upstreams outside the mesh; the current one has no superseded_at.';
comment on column data_external.definition is 'When it refreshes and which events say so (model/definition.ts: ExternalDefinition).';
comment on column data_external.superseded_at is 'When a newer version came or the external was removed; null: current.';
create unique index data_external_current on data_external (external) where superseded_at is null;
create index data_external_domain on data_external (domain) where superseded_at is null;

-- The same upstream may stand twice, with different rules.
alter table data_product_dependencies
  add column match text not null default 'same',
  add column if_none text constraint data_product_dependencies_if_none check (if_none in ('wait', 'previous', 'run-without', 'skip-cycle')),
  add column optional_after text,
  add column part text,
  drop constraint data_product_dependencies_pkey,
  add primary key (product, version, position);
comment on table data_product_dependencies is 'Whom each version waits for, groups opened, and which of the upstream''s cycles it means.';
comment on column data_product_dependencies.match is 'Which cycle, in the words of the definition file; same: the one of the same key.';
comment on column data_product_dependencies.if_none is 'What then when the upstream has no such cycle; null: wait, or run-without where match is self-previous.';
comment on column data_product_dependencies.optional_after is 'Wall time from which on the cycle does without this upstream; null: never.';
comment on column data_product_dependencies.part is 'The group in which it stands: its place among the dependencies and how many of it are enough; null: in none.';

alter table data_product_schedule
  drop constraint data_product_schedule_every,
  add constraint data_product_schedule_every
    check (every ~ '^(hour|day|business-day|week|month|quarter|(week|month|quarter)-end\(business\)|nth-business-day\([1-9][0-9]?\))$'),
  add column on_non_business_day text
    constraint data_product_schedule_on_non_business_day check (on_non_business_day in ('skip', 'next', 'previous'));
comment on column data_product_schedule.on_non_business_day is 'What becomes of a cycle whose date is no business day; null: it is due on its date all the same.';
comment on table data_product_schedule is 'When each version refreshes. Wall times (17:00, 06:00 +1d, 06:00 +1bd, +20m) are of the row''s zone, or of the hour.';

alter table data_product_status
  add column business_date date,
  add column condition jsonb;
comment on column data_product_status.business_date is 'The date the cycle is about; null in rows of older workers: the key says it.';
comment on column data_product_status.condition is 'What it needed of the inputs in data_product_dependencies_events_status, by their places in position, frozen at opening (model/cycle/condition.ts); null: all of them.';

alter table data_product_dependencies_events_status
  add column why text,
  add column position integer;
comment on column data_product_dependencies_events_status.position is 'Its place in the expected set, from 0: what the condition of the cycle counts; null in rows of older workers.';
comment on column data_product_dependencies_events_status.why is 'By which rule this upstream cycle is one of the inputs; null: it has the cycle''s own key.';

comment on column catalog_version.before is 'The definitions that this apply changed or removed, as they were: {domains, products, externals, calendars}.';
comment on column catalog_version.after is 'The definitions that this apply created or changed, as they are since: {domains, products, externals, calendars}.';

-- Which days are open is no secret; what a domain is fed from is its own business.
grant select on data_calendar, data_external to sluice_any_domain;
alter table data_external enable row level security;
create policy own_domain on data_external for select to sluice_any_domain using (domain = sluice_domain());
