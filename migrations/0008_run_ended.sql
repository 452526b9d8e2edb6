-- A row says that its cycle is open, and no run is behind it any more: who looks at it must see that.

alter table data_product_status
  add column run_ended_as text constraint data_product_status_run_ended_as check (run_ended_as in ('completed', 'failed', 'cancelled', 'terminated', 'timed-out', 'forgotten')),
  add column run_ended_at timestamptz;
comment on column data_product_status.run_ended_as is 'How the run behind an open state ended, as the reconciler found it: failed is an ERROR that nobody mended in time, terminated and timed-out came from outside, forgotten is a run that Temporal no longer knows. Null: it is open, or nobody has looked yet; the next write of the cycle clears it.';
comment on column data_product_status.run_ended_at is 'When Temporal closed that run; null also when it is forgotten.';

-- What the reconciler compares, oldest first, and what it found before.
create index data_product_status_uncompared on data_product_status (domain, updated_at)
  where state in ('WAITING', 'PROCESSING', 'ERROR') and run_ended_as is null;
create index data_product_status_without_run on data_product_status (domain, cycle)
  where state in ('WAITING', 'PROCESSING', 'ERROR') and run_ended_as in ('terminated', 'timed-out', 'forgotten');
