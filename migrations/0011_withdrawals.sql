-- Refreshes that their producer took back.

alter table data_product_status add column withdrawn_revision integer;
comment on column data_product_status.withdrawn_revision is 'Up to this revision its publications do not count any more: a person took them back; null: none.';

comment on table event_delivery is 'What an event meant to a cycle that waits, or waited, for it: one outcome each, fixed when first judged; early gives way once the cycle is open, late and partial where an upgrade finds use for it, and what was taken back before it was used is withdrawn.';
