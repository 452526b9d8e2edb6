// What goes, what stays and in which order, when a template names less than before.
import { expect, test } from 'vitest'
import { type MadeResource, planLeftovers } from './leftovers.ts'

const toMade = (logicalId: string, id: string, kept: Partial<MadeResource> = {}): MadeResource => ({
  ...{ logicalId, type: 'AWS::SQS::Queue', id, isKeptWhenDropped: false, isKeptWhenReplaced: false },
  ...kept,
})
const named = (...logicalIds: string[]) => logicalIds.map((logicalId) => ({ ...toMade(logicalId, ''), properties: {} }))
const fatesOf = (...args: Parameters<typeof planLeftovers>) =>
  planLeftovers(...args).map(({ resource, fate }) => `${resource.id} ${fate}`)

test('the last made goes first', () => {
  const before = [toMade('A', 'a'), toMade('B', 'b'), toMade('C', 'c')]
  expect(fatesOf(before, [toMade('B', 'b')], named('B'))).toEqual(['c removed', 'a removed'])
})

test('what is dropped follows its deletion policy, what is replaced its replace policy', () => {
  const dropped = [toMade('A', 'a', { isKeptWhenDropped: true }), toMade('B', 'b', { isKeptWhenReplaced: true })]
  expect(fatesOf(dropped, [], [])).toEqual(['b removed', 'a retained'])
  expect(fatesOf(dropped, [], named('A', 'B'))).toEqual(['b retained', 'a removed'])
})

test('the same thing under another logical id is no leftover; one of another type by that name is', () => {
  expect(fatesOf([toMade('A', 'a')], [toMade('B', 'a')], named('B'))).toEqual([])
  const bucket = toMade('B', 'a', { type: 'AWS::S3::Bucket' })
  expect(fatesOf([toMade('A', 'a')], [bucket], named('B'))).toEqual(['a removed'])
})
