-- Row security by domain: a login per domain sees and writes rows of its own domain, and reads what others publish.
-- The owner of the tables (who migrates) and superusers are not bound by it.

-- Roles belong to the whole server: another database of it, migrated just now, may have made this one.
do $$
begin
  if not exists (select from pg_roles where rolname = 'sluice_any_domain') then
    create role sluice_any_domain nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
end
$$;
-- Comments on roles are common to the server too, so what this role is for is said here: every role sluice_<domain>
-- is its member. The underscore keeps it apart from the role of any domain.

create function sluice_domain() returns text language sql stable parallel safe
  return case when starts_with(current_user::text, 'sluice_') then substr(current_user::text, 8) end;
comment on function sluice_domain() is 'The domain that the present role is the login of.';

grant usage on schema public to sluice_any_domain;
grant select on data_domain, data_product, data_product_dependencies, data_product_schedule, data_pipeline_config,
  data_pipeline_parameters, domain_catalog, migration to sluice_any_domain;
-- Not before and after: they hold the private definitions of every domain.
grant select (catalog_version, applied_at, actor, reason, git_sha) on catalog_version to sluice_any_domain;
grant select, insert, update on data_product_status, data_product_dependencies_events_status, event_ledger, event_delivery
  to sluice_any_domain;
grant select, insert on data_product_status_history, data_product_dependencies_events_status_history, operator_action
  to sluice_any_domain;

alter table data_product_status enable row level security;
alter table data_product_status_history enable row level security;
alter table data_product_dependencies_events_status enable row level security;
alter table data_product_dependencies_events_status_history enable row level security;
alter table event_ledger enable row level security;
alter table event_delivery enable row level security;
alter table operator_action enable row level security;

create policy own_domain on data_product_status to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on data_product_status_history to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on data_product_dependencies_events_status to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on data_product_dependencies_events_status_history to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on event_ledger to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on event_delivery to sluice_any_domain using (domain = sluice_domain());
create policy own_domain on operator_action to sluice_any_domain using (domain = sluice_domain());

create policy published on data_product_status for select to sluice_any_domain
  using (visibility = 'mesh' and revision > 0);

-- The catalog is read only, and a private definition is its own domain's business.
alter table data_product enable row level security;
alter table data_product_dependencies enable row level security;
alter table data_product_schedule enable row level security;
alter table data_pipeline_config enable row level security;
alter table data_pipeline_parameters enable row level security;
alter table domain_catalog enable row level security;

create policy visible on data_product for select to sluice_any_domain
  using (domain = sluice_domain() or visibility = 'mesh');
create policy visible on data_product_dependencies for select to sluice_any_domain
  using (exists (select from data_product as seen where (seen.product, seen.version) = (data_product_dependencies.product, data_product_dependencies.version)));
create policy visible on data_product_schedule for select to sluice_any_domain
  using (exists (select from data_product as seen where (seen.product, seen.version) = (data_product_schedule.product, data_product_schedule.version)));
create policy own_domain on data_pipeline_config for select to sluice_any_domain
  using (split_part(product, '/', 1) = sluice_domain());
create policy own_domain on data_pipeline_parameters for select to sluice_any_domain
  using (split_part(product, '/', 1) = sluice_domain());
create policy own_domain on domain_catalog for select to sluice_any_domain using (domain = sluice_domain());
