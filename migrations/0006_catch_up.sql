-- What a product's scheduler opens of the cycles that fell due while it did not tick.

alter table data_product_schedule
  add column catch_up text constraint data_product_schedule_catch_up check (catch_up in ('all', 'latest', 'none'));
comment on column data_product_schedule.catch_up is 'Which of the cycles that fell due during an outage are opened after it; null: all.';
