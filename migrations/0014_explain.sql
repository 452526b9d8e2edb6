-- Why a cycle waits, across domains: row security hides what other domains have not published, and just that is waited for.
-- Of products of the whole mesh a consumer may know how a cycle stands and which cycles it waits for; a private product among
-- those is no more than its domain. Of now by views, which a statement joins like tables: a call for each cycle of a large tree
-- took most of its time. Of an instant by functions, so that the histories cannot be listed.

create view mesh_cycle with (security_barrier) as
  select product, cycle_key, state, step, state_since, held is not null as is_held, held ->> 'of' as held_as, run_ended_as, not_before,
    revision, last_attempt
  from data_product_status where visibility = 'mesh';
comment on view mesh_cycle is 'How the cycles of products of the whole mesh stand, and what a person could do about them: held_as says whether one is held by itself (cycle) or with its product, last_attempt 0 that it never had its inputs.';

create view mesh_wait with (security_barrier) as
  select status.product, status.cycle_key, seen.product as upstream_product, dependency.upstream_key,
    split_part(dependency.upstream_product, '/', 1) as upstream_domain
  from data_product_status as status
  join data_product_dependencies_events_status as dependency on dependency.cycle = status.cycle
    and (dependency.run_number, dependency.version) = (status.run_number, status.version)
  left join data_product as seen
    on seen.product = dependency.upstream_product and seen.superseded_at is null and seen.visibility = 'mesh'
  where status.visibility = 'mesh' and (status.state = 'WAITING' or status.state = 'ERROR' and status.step = 'wait')
    and dependency.state = 'WAITING' and dependency.upstream_product = any (status.waiting_for);
comment on view mesh_wait is 'Which cycles the cycles of products of the whole mesh wait for. The upstream product is null where it is private or an external: then only its domain is told.';

grant select on mesh_cycle, mesh_wait to sluice_any_domain;

create function mesh_cycle_at(asked_product text, asked_key text, asked_at timestamptz)
  returns table (state text, step text, state_since timestamptz, not_before timestamptz, revision integer)
  language sql stable strict rows 1 security definer set search_path = pg_catalog, pg_temp
begin atomic
  select moved.to_state, moved.step, moved.at, status.not_before, status.revision
  from public.data_product_status as status join public.data_product_status_history as moved on moved.cycle = status.cycle
  where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh') and moved.at <= asked_at
  order by moved.run_number desc, moved.version desc limit 1;
end;
comment on function mesh_cycle_at(text, text, timestamptz) is 'How a cycle of a product of the whole mesh stood at that time. Holds, and ends of runs, of then are not known.';

create function mesh_wait_at(asked_product text, asked_key text, asked_at timestamptz)
  returns table (upstream_product text, upstream_key text, upstream_domain text)
  language sql stable strict rows 10 security definer set search_path = pg_catalog, pg_temp
begin atomic
  select seen.product, began.upstream_key, split_part(began.upstream_product, '/', 1)
  from public.data_product_status as status
  join public.data_product_dependencies_events_status_history as began on began.cycle = status.cycle
  left join public.data_product as seen
    on seen.product = began.upstream_product and seen.superseded_at is null and seen.visibility = 'mesh'
  where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh')
    and began.event_id = '' and began.at <= asked_at
    and not exists (select from public.data_product_dependencies_events_status_history as came
      where (came.cycle, came.upstream_product, came.upstream_key) = (began.cycle, began.upstream_product, began.upstream_key)
        and came.state = 'ARRIVED' and came.at <= asked_at)
    and exists (select from (
        select moved.to_state, moved.step from public.data_product_status_history as moved
        where moved.cycle = began.cycle and moved.at <= asked_at
        order by moved.run_number desc, moved.version desc limit 1) as last_move
      where last_move.to_state = 'WAITING' or last_move.to_state = 'ERROR' and last_move.step = 'wait');
end;
comment on function mesh_wait_at(text, text, timestamptz) is 'Which cycles a cycle of a product of the whole mesh waited for at that time; of them as much as mesh_wait says.';

revoke execute on function mesh_cycle_at(text, text, timestamptz) from public;
revoke execute on function mesh_wait_at(text, text, timestamptz) from public;
grant execute on function mesh_cycle_at(text, text, timestamptz) to sluice_any_domain;
grant execute on function mesh_wait_at(text, text, timestamptz) to sluice_any_domain;
