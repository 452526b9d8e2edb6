import { expect, test } from 'vitest'
import { toAwsEffect, toPostgresEffect, toTemporalEffect } from './effects.ts'

test('what only reads is no effect; what is not known to read is one', () => {
  expect(toAwsEffect('GetJobRunsCommand')).toBeUndefined()
  expect(toAwsEffect('ReceiveMessageCommand')).toBe('aws ReceiveMessage')
  expect(toTemporalEffect('/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace')).toBeUndefined()
  expect(toTemporalEffect('/temporal.api.workflowservice.v1.WorkflowService/PauseActivity')).toBe(
    'temporal PauseActivity',
  )
  expect(toPostgresEffect('select 1')).toBeUndefined()
  expect(toPostgresEffect('truncate event_ledger')).toBe('postgres truncate')
})

test('a writing statement is named by its first write, also behind a with', () => {
  expect(toPostgresEffect('with ledger as (insert into event_ledger as old (a) values (1)) select 1')).toBe(
    'postgres insert event_ledger',
  )
  expect(toPostgresEffect('update data_product_status set a = 1')).toBe('postgres update data_product_status')
  expect(toPostgresEffect('insert into a (b) values (1) on conflict (b) do update set c = 1')).toBe('postgres insert a')
})
