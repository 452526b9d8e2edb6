-- Refreshes that their producer took back.

alter table data_product_status add column withdrawn_revision integer;
comment on column data_product_status.withdrawn_revision is 'Up to this revision its publications do not count any more: a person took them back; null: none.';
