-- What explain and sla ask beyond 0014: what a person could do about a cycle of another domain, and what is expected on a day.

create function mesh_acting(asked_product text, asked_key text) returns table (held_as text, last_attempt integer)
  language sql stable strict security definer set search_path = pg_catalog, pg_temp
begin atomic
  select status.held ->> 'of', status.last_attempt
  from public.data_product_status as status
  where (status.product, status.cycle_key, status.visibility) = (asked_product, asked_key, 'mesh');
end;
comment on function mesh_acting(text, text) is 'Of a cycle of a product of the whole mesh: whether it is held by itself (cycle) or with its product, null: it is not; and its last attempt, 0: it never had its inputs.';
revoke execute on function mesh_acting(text, text) from public;
grant execute on function mesh_acting(text, text) to sluice_any_domain;

-- Closed cycles too: the list of a day has those that came in time.
create index data_product_status_expected on data_product_status (available_by) where available_by is not null;
