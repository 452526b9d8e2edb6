// The checksum of message attributes, against values that AWS gave, and what SQS refuses.

import { expect, test } from 'vitest'
import { chooseAttributes, md5OfAttributes, parseMessageAttributes } from './message-attributes.ts'

test.each([
  ['timestamp', '1493147359900', '235c5c510d26fb653d073faed50ae77c'],
  ['timestamp', '1493147359901', '994258b45346a2cc3f9cbb611aa7af30'],
  ['SOME_Valid.attribute-Name', '1493147359900', '36655e7e9d7c0e8479fa3f3f42247ae7'],
])('number attribute %s=%s has the checksum that AWS gives', (name, StringValue, checksum) => {
  expect(md5OfAttributes({ [name]: { DataType: 'Number', StringValue } })).toBe(checksum)
})

test('the order of attributes does not change the checksum; the kind of value does', () => {
  const [a, b] = [
    { DataType: 'String', StringValue: 'x' },
    { DataType: 'Binary', BinaryValue: 'eA==' },
  ] as const
  expect(md5OfAttributes({ a, b })).toBe(md5OfAttributes({ b, a }))
  expect(md5OfAttributes({ a })).not.toBe(md5OfAttributes({ a: { DataType: 'String', BinaryValue: 'eA==' } }))
  expect(md5OfAttributes({})).toBeUndefined()
})

test.each([
  ['a reserved name', { 'AWS.x': { DataType: 'String', StringValue: 'x' } }],
  ['an unknown type', { x: { DataType: 'Text', StringValue: 'x' } }],
  ['no value', { x: { DataType: 'String' } }],
  ['a value of the other kind', { x: { DataType: 'Binary', StringValue: 'x' } }],
  ['a number that is none', { x: { DataType: 'Number', StringValue: 'x' } }],
])('an attribute with %s is refused', (_title, attributes) => {
  expect(() => parseMessageAttributes(attributes)).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }))
})

test('attributes are chosen by name, by prefix, or all', () => {
  const attribute = { DataType: 'String', StringValue: 'x' }
  const all = { 'trace.a': attribute, 'trace.b': attribute, other: attribute }
  expect(Object.keys(chooseAttributes(all, ['trace.*']))).toEqual(['trace.a', 'trace.b'])
  expect(Object.keys(chooseAttributes(all, ['other', 'absent']))).toEqual(['other'])
  expect(Object.keys(chooseAttributes(all, ['All']))).toHaveLength(3)
  expect(chooseAttributes(all, [])).toEqual({})
})
