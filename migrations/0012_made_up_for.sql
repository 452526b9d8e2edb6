-- The reconciler looks each tick for corrections that cycles written lately have not heard of.
create index data_product_status_written on data_product_status (domain, updated_at);

-- A skip of which the bus lost the notice is known by the row of the cycle that skipped.
create policy skipped on data_product_status for select to sluice_any_domain
  using (visibility = 'mesh' and state = 'SKIPPED');

alter table data_product_status add column lacks_earlier boolean not null default false;
comment on column data_product_status.lacks_earlier is 'A flush of the run was lost, such as by a failover, with all that it wrote beside this row; false again once the run has written everything anew.';

-- Who takes a refresh back must know how far it got: row security shows a domain its own ledger only, and a product from
-- outside has no row of its own.
create function heard_revision(asked_product text, asked_key text) returns integer
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  -- From domain to domain over the primary key, which leads with it.
  with recursive receiver as (
    select min(domain) as domain from public.event_ledger
    union all
    select (select min(domain) from public.event_ledger where domain > receiver.domain) from receiver
    where receiver.domain is not null)
  select max(heard.revision) from receiver
  join public.event_ledger as heard on heard.domain = receiver.domain
  where receiver.domain <> split_part(asked_product, '/', 1)
    and heard.product = asked_product and heard.cycle_key = asked_key and heard.outcome <> 'refused';
end;
comment on function heard_revision(text, text) is 'The highest revision of this cycle that another domain than its own has heard of; null: none has.';
revoke execute on function heard_revision(text, text) from public;
grant execute on function heard_revision(text, text) to sluice_any_domain;
