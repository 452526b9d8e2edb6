-- Why a cycle waits, across domains: row security hides what other domains have not published, and just that is waited for.
-- Of products of the whole mesh a consumer may know how a cycle stands and which cycles it waits for; a private product among
-- those is no more than its domain.

create function mesh_standing(asked_product text, asked_key text, asked_at timestamptz)
  returns table (state text, step text, state_since timestamptz, is_held boolean, run_ended_as text, not_before timestamptz, revision integer)
  language sql stable strict security definer set search_path = pg_catalog, pg_temp
begin atomic
  select status.state, status.step, status.state_since, status.held is not null, status.run_ended_as, status.not_before, status.revision
  from public.data_product_status as status
  where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh') and asked_at = 'infinity'
  union all
  (select moved.to_state, moved.step, moved.at, false, null, status.not_before, status.revision
   from public.data_product_status as status join public.data_product_status_history as moved on moved.cycle = status.cycle
   where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh') and moved.at <= asked_at and asked_at < 'infinity'
   order by moved.run_number desc, moved.version desc limit 1);
end;
comment on function mesh_standing(text, text, timestamptz) is 'How a cycle of a product of the whole mesh stands, or stood at that time; infinity: now. Holds, and ends of runs, of then are not known.';

create function mesh_waits(asked_product text, asked_key text, asked_at timestamptz)
  returns table (upstream_product text, upstream_key text, domain text)
  language sql stable strict security definer set search_path = pg_catalog, pg_temp
begin atomic
  with waited as (
    select dependency.upstream_product as product, dependency.upstream_key as key
    from public.data_product_status as status
    join public.data_product_dependencies_events_status as dependency on dependency.cycle = status.cycle
      and (dependency.run_number, dependency.version) = (status.run_number, status.version)
    where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh') and asked_at = 'infinity'
      and (status.state = 'WAITING' or status.state = 'ERROR' and status.step = 'wait')
      and dependency.state = 'WAITING' and dependency.upstream_product = any (status.waiting_for)
    union all
    select began.upstream_product, began.upstream_key
    from public.data_product_status as status
    join public.data_product_dependencies_events_status_history as began on began.cycle = status.cycle
    where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh')
      and began.event_id = '' and began.at <= asked_at and asked_at < 'infinity'
      and not exists (select from public.data_product_dependencies_events_status_history as came
        where (came.cycle, came.upstream_product, came.upstream_key) = (began.cycle, began.upstream_product, began.upstream_key)
          and came.state = 'ARRIVED' and came.at <= asked_at)
      and exists (select from (
          select moved.to_state, moved.step from public.data_product_status_history as moved
          where moved.cycle = began.cycle and moved.at <= asked_at
          order by moved.run_number desc, moved.version desc limit 1) as last_move
        where last_move.to_state = 'WAITING' or last_move.to_state = 'ERROR' and last_move.step = 'wait'))
  select seen.product, waited.key, split_part(waited.product, '/', 1)
  from waited left join public.data_product as seen
    on seen.product = waited.product and seen.superseded_at is null and seen.visibility = 'mesh';
end;
comment on function mesh_waits(text, text, timestamptz) is 'Which cycles a cycle of a product of the whole mesh waits for, or waited for at that time; infinity: now. The product is null where it is private or an external: then only its domain is told.';

revoke execute on function mesh_standing(text, text, timestamptz) from public;
revoke execute on function mesh_waits(text, text, timestamptz) from public;
grant execute on function mesh_standing(text, text, timestamptz) to sluice_any_domain;
grant execute on function mesh_waits(text, text, timestamptz) to sluice_any_domain;
