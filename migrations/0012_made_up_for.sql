-- The reconciler looks each tick for corrections that cycles written lately have not heard of.
create index data_product_status_written on data_product_status (domain, updated_at);

-- A skip of which the bus lost the notice is known by the row of the cycle that skipped.
create policy skipped on data_product_status for select to sluice_any_domain
  using (visibility = 'mesh' and state = 'SKIPPED');

alter table data_product_status add column lacks_earlier boolean not null default false;
comment on column data_product_status.lacks_earlier is 'A flush of the run was lost, such as by a failover, with all that it wrote beside this row; false again once the run has written everything anew.';
