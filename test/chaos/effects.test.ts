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

test('one operation for two purposes is two effects', () => {
  const signal = '/temporal.api.workflowservice.v1.WorkflowService/SignalWorkflowExecution'
  expect(toTemporalEffect(signal, { signalName: 'held-up' })).toBe('temporal SignalWorkflowExecution held-up')
  expect(toTemporalEffect(signal, { signalName: 'a signal of tomorrow' })).toBe(
    'temporal SignalWorkflowExecution a signal of tomorrow',
  )
  const start = '/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution'
  expect(toTemporalEffect(start, { workflowType: { name: 'scheduler' } })).toBe(
    'temporal StartWorkflowExecution scheduler',
  )
  expect(toAwsEffect('PutEventsCommand', { Entries: [{ DetailType: 'Data Product Refreshed' }] })).toBe(
    'aws PutEvents Data Product Refreshed',
  )
  expect(toAwsEffect('SendMessageCommand', { QueueUrl: 'http://127.0.0.1/222222222222/sluice-d1-events-dlq' })).toBe(
    'aws SendMessage events-dlq',
  )
})

test('a writing statement is named by its first write, also behind a with', () => {
  expect(toPostgresEffect('with ledger as (insert into event_ledger as old (a) values (1)) select 1')).toBe(
    'postgres insert event_ledger',
  )
  expect(toPostgresEffect('update data_product_status set a = 1')).toBe('postgres update data_product_status')
  expect(toPostgresEffect('insert into a (b) values (1) on conflict (b) do update set c = 1')).toBe('postgres insert a')
})
