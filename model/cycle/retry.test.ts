import { expect, test } from 'vitest'
import { endOf } from '../samples.test-data.ts'
import { GLUE_ENDS } from './cycle.ts'
import { decideRetry } from './retry.ts'

const run = { glue: 'd1-ds3', arguments: {}, timeoutMinutes: 60, attempts: 3, retryAfterMs: 300_000 }

test.each(GLUE_ENDS.filter((state) => state !== 'SUCCEEDED' && state !== 'STOPPED'))(
  '%s is tried again until the attempts of the definition are used',
  (state) => {
    const kinds = [1, 2, 3, 4].map((used) => decideRetry(run, used, endOf(state)).kind)
    expect(kinds).toEqual(['retry', 'retry', 'stop', 'stop'])
  },
)

test('the pause is the one of the definition', () => {
  expect(decideRetry(run, 1, endOf('FAILED'))).toEqual({ kind: 'retry', afterMs: 300_000 })
})

test('a run that a person stopped is not started again', () => {
  expect(decideRetry(run, 1, endOf('STOPPED'))).toEqual({ kind: 'stop' })
})

test('no other run is started beside one whose end nobody could learn', () => {
  expect(decideRetry(run, 1, { ...endOf('ERROR'), noticedBy: 'nobody' })).toEqual({ kind: 'stop' })
})
