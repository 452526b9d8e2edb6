-- The reconciler looks each tick for corrections that cycles written lately have not heard of.
create index data_product_status_written on data_product_status (domain, updated_at);
