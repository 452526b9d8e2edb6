-- A preview says whom an action concerns: of consumers that the login may not see it says at least how many there are.

create function hidden_readers(asked_product text, asked_key text) returns table (domain text, cycles integer)
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select status.domain, count(*)::integer
  from public.data_product_dependencies_events_status as dependency
  join public.data_product_status as status on status.cycle = dependency.cycle
    and (dependency.run_number, dependency.version) = (status.run_number, status.version)
  where dependency.upstream_product = asked_product and dependency.upstream_key = asked_key
    and status.domain <> split_part(asked_product, '/', 1)
    and not (status.visibility = 'mesh' and (status.revision > 0 or status.state = 'SKIPPED'))
  group by status.domain order by status.domain;
end;
comment on function hidden_readers(text, text) is 'Of each other domain, how many cycles have used this cycle or wait for it that only their own domain may see.';
revoke execute on function hidden_readers(text, text) from public;
grant execute on function hidden_readers(text, text) to sluice_any_domain;
