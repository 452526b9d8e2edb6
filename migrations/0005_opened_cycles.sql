-- Whether a cycle was ever opened: row security shows other domains the published ones only, and one that is under way
-- must not be taken for one that never was.

create function opened_cycles(products text[], keys text[]) returns table (product text, cycle_key text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select status.product, status.cycle_key
  from public.data_product_status as status
  join unnest(products, keys) as asked (product, cycle_key) using (product, cycle_key)
  where status.visibility = 'mesh';
end;
comment on function opened_cycles(text[], text[]) is 'Which of these cycles of products of the whole mesh were ever opened, by anybody.';
revoke execute on function opened_cycles(text[], text[]) from public;
grant execute on function opened_cycles(text[], text[]) to sluice_any_domain;

comment on column data_calendar.definition is 'Its decided dates; of one from files also its document, as file, from which it is built again when its base changes.';

comment on column data_product.first_applied_at is 'When its cycles of this kind (days, months) began: its first version, the first after it was removed, or the first with another kind; no older cycle is opened by itself.';
