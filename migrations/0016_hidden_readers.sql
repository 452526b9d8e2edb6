-- A preview says whom an action concerns: of consumers that the login may not see it says at least how many there are.

-- Their inputs are their own domain's business, but which revision of its product they used is for its owner to know.
create view mesh_reader with (security_barrier) as
  select dependency.cycle, dependency.upstream_product, dependency.upstream_key, dependency.state, dependency.revision
  from data_product_dependencies_events_status as dependency
  join data_product_status as status on status.cycle = dependency.cycle
    and (dependency.run_number, dependency.version) = (status.run_number, status.version)
  where split_part(dependency.upstream_product, '/', 1) = sluice_domain() and status.domain <> sluice_domain()
    and status.visibility = 'mesh' and (status.revision > 0 or status.state = 'SKIPPED');
comment on view mesh_reader is 'Which cycles of other domains, of those that every login sees, have used a product of the domain of this login, or wait for it: this input alone.';
grant select on mesh_reader to sluice_any_domain;

create function hidden_readers(asked_product text, asked_key text, asking_domain text) returns table (domain text, cycles integer)
  language sql stable strict security definer set search_path = pg_catalog, pg_temp
begin atomic
  select status.domain, count(distinct status.cycle)::integer
  from public.data_product_dependencies_events_status as dependency
  join public.data_product_status as status on status.cycle = dependency.cycle
    and (dependency.run_number, dependency.version) = (status.run_number, status.version)
  where dependency.upstream_product = asked_product and dependency.upstream_key = asked_key
    and status.domain <> asking_domain
    and not (asking_domain = split_part(asked_product, '/', 1)
      and status.visibility = 'mesh' and (status.revision > 0 or status.state = 'SKIPPED'))
  group by status.domain order by status.domain;
end;
comment on function hidden_readers(text, text, text) is 'Of each other domain, how many cycles have used this cycle or wait for it that neither mesh_reader nor their own rows show to the asking domain; of null, which is the owner of the tables, none.';
revoke execute on function hidden_readers(text, text, text) from public;
grant execute on function hidden_readers(text, text, text) to sluice_any_domain;
