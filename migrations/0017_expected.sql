-- What sla asks beyond 0014: what is expected on a day.

-- Closed cycles too: the list of a day has those that came in time.
create index data_product_status_expected on data_product_status (available_by) where available_by is not null;
