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

-- Of a private product of another domain it is not even told that somebody uses it. A view, as those of 0014: it knows who asks,
-- where a function with the rights of its owner would have to take somebody's word for it.
create view hidden_reader with (security_barrier) as
  select dependency.upstream_product, dependency.upstream_key, status.domain, count(distinct status.cycle)::integer as cycles
  from data_product_dependencies_events_status as dependency
  join data_product_status as status on status.cycle = dependency.cycle
    and (dependency.run_number, dependency.version) = (status.run_number, status.version)
  where status.domain <> sluice_domain()
    and case when split_part(dependency.upstream_product, '/', 1) = sluice_domain()
      then not (status.visibility = 'mesh' and (status.revision > 0 or status.state = 'SKIPPED'))
      else exists (select from data_product_status as used
          where (used.product, used.cycle_key, used.visibility) = (dependency.upstream_product, dependency.upstream_key, 'mesh'))
        or exists (select from data_product as seen
          where seen.product = dependency.upstream_product and seen.superseded_at is null and seen.visibility = 'mesh') end
  group by dependency.upstream_product, dependency.upstream_key, status.domain;
comment on view hidden_reader is 'Of each other domain, how many cycles have used this cycle or wait for it that neither mesh_reader nor their own rows show to this login; to the owner of the tables, who sees all by name, none.';
grant select on hidden_reader to sluice_any_domain;
