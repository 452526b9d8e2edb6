-- Retries by whose failure it was, and waits for Glue's limits as flags beside the state.

alter table data_pipeline_config add column retry jsonb;
comment on column data_pipeline_config.retry is 'What the definition says of single kinds of failure: attempts, first pause and its cap (model/definition.ts: RetryDefinition); null: nothing.';
comment on column data_pipeline_config.attempts is 'Glue runs that one start of a cycle may use while the job itself fails.';

alter table data_product_status add column flags text[] not null default '{}';
comment on column data_product_status.flags is 'What shows beside the state, by the words of docs/states.md; late and retrying follow from available_by and retry_at.';
