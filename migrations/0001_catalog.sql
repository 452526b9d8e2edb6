-- What is defined: domains and data products with all their versions, who changed them, and what the roles may read.

-- Before the tables, because history is insert-only in all of them.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is insert-only: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'restrict_violation', hint = 'History is corrected by further rows.';
end
$$;

create table catalog_version (
  catalog_version integer generated always as identity primary key,
  applied_at timestamptz not null default now(),
  actor text not null,
  reason text,
  git_sha text,
  before jsonb not null,
  after jsonb not null
);
comment on table catalog_version is 'One row for each apply that changed something; insert-only.';
create trigger insert_only before update or delete or truncate on catalog_version
  for each statement execute function refuse_change();
comment on column catalog_version.actor is 'Who applied it.';
comment on column catalog_version.before is 'The definitions that this apply changed or removed, as they were: {domains, products}.';
comment on column catalog_version.after is 'The definitions that this apply created or changed, as they are since: {domains, products}.';

create table data_domain (
  domain text not null,
  version integer not null,
  account text not null,
  owner_team text not null,
  owner_email text not null,
  calendar text not null,
  timezone text not null,
  location text,
  applied_at timestamptz not null,
  superseded_at timestamptz,
  catalog_version integer not null references catalog_version,
  primary key (domain, version)
);
comment on table data_domain is 'Versions of the domains; the current one has no superseded_at.';
comment on column data_domain.location is 'Where products go that name no location; null: each names its own.';
create unique index data_domain_current on data_domain (domain) where superseded_at is null;

create table data_product (
  product text not null,
  version integer not null,
  domain text not null,
  description text not null,
  owner_team text not null,
  owner_email text not null,
  visibility text not null constraint data_product_visibility check (visibility in ('domain', 'mesh')),
  publish_location text,
  definition jsonb not null,
  definition_hash text not null,
  applied_at timestamptz not null,
  first_applied_at timestamptz not null,
  superseded_at timestamptz,
  catalog_version integer not null references catalog_version,
  primary key (product, version),
  constraint data_product_id check (split_part(product, '/', 1) = domain)
);
comment on table data_product is 'Versions of the data products; the current one has no superseded_at, a removed product has none such.';
comment on column data_product.publish_location is 'Null: runs without publishing an event.';
comment on column data_product.definition is 'The resolved definition (model/definition.ts), as cycles carry it; the other tables hold the same in columns.';
comment on column data_product.definition_hash is 'sha256 of the definition as JSON with sorted keys.';
comment on column data_product.first_applied_at is 'When the product came into being: its first version, or the first after it was removed; no older cycle is opened by itself.';
comment on column data_product.superseded_at is 'When a newer version came or the product was removed; null: current.';
create unique index data_product_current on data_product (product) where superseded_at is null;
create index data_product_domain on data_product (domain) where superseded_at is null;
create index data_product_superseded on data_product (superseded_at) where superseded_at is not null;

create table data_product_dependencies (
  product text not null,
  version integer not null,
  upstream text not null,
  position integer not null,
  primary key (product, version, upstream),
  foreign key (product, version) references data_product
);
comment on table data_product_dependencies is 'Whom each version waits for: the upstream''s cycle of the same key.';
create index data_product_dependencies_upstream on data_product_dependencies (upstream);

create table data_product_schedule (
  product text not null,
  version integer not null,
  every text not null constraint data_product_schedule_every check (every in ('day', 'business-day')),
  calendar text not null,
  timezone text not null,
  not_before text,
  available_by text,
  cutoff_at text,
  cutoff_then text constraint data_product_schedule_cutoff_then check (cutoff_then in ('error', 'skip', 'run-without')),
  primary key (product, version),
  foreign key (product, version) references data_product,
  constraint data_product_schedule_cutoff check ((cutoff_at is null) = (cutoff_then is null))
);
comment on table data_product_schedule is 'When each version refreshes. Wall times (17:00, 06:00 +1d, 06:00 +1bd) are of the row''s zone.';

create table data_pipeline_config (
  product text not null,
  version integer not null,
  glue_job text not null,
  timeout_minutes integer not null,
  attempts integer not null,
  retry_after_ms bigint not null,
  primary key (product, version),
  foreign key (product, version) references data_product
);
comment on table data_pipeline_config is 'The job that makes each version.';
comment on column data_pipeline_config.attempts is 'Glue runs that one start of a cycle may use.';

create table data_pipeline_parameters (
  product text not null,
  version integer not null,
  name text not null,
  value text not null,
  primary key (product, version, name),
  foreign key (product, version) references data_product
);
comment on table data_pipeline_parameters is 'Arguments of the job as the definition names them; Sluice adds its own at each run.';

create table domain_catalog (
  domain text primary key,
  revision integer not null,
  document jsonb not null
);
comment on table domain_catalog is 'What the roles of a domain know of the mesh (model/calendar/routing.ts: DomainCatalog); the same object lies in the catalog bucket.';
comment on column domain_catalog.revision is 'Rises with each apply that changed the document.';
