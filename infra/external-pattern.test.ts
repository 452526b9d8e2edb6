import { expect, test } from 'vitest'
import { toEventPattern } from './external-pattern.ts'

test('literal fields are equal, read ones are wildcards, and an account is named where it is said', () => {
  const where = { 'detail.bucket.name': 'example-landing', 'detail.object.key': 'closes/{date}/{*}{cycle}.c*v' }
  expect(
    toEventPattern({ source: 'aws.s3', detailType: 'Object Created', account: '222222222222', where, cycle: '{date}' }),
  ).toEqual({
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    account: ['222222222222'],
    detail: { bucket: { name: ['example-landing'] }, object: { key: [{ wildcard: String.raw`closes/*/*.c\*v` }] } },
  })
})

test('without conditions source and type are all', () => {
  expect(toEventPattern({ source: 'x', detailType: 'y', where: {}, cycle: '{time}' })).toEqual({
    ...{ source: ['x'], 'detail-type': ['y'] },
  })
})

test('a field that may be a number is let through as one too, since a mapping reads it as text', () => {
  const where = { 'detail.version': '5', 'detail.day': '{yyyymmdd}', 'detail.feed': '05' }
  expect(toEventPattern({ source: 'x', detailType: 'y', where, cycle: '{date}' })).toMatchObject({
    detail: { version: ['5', 5], day: [{ wildcard: '*' }, { numeric: ['>=', -5_000_000_000] }], feed: ['05'] },
  })
})

test('a * of the text before a part that is read leaves the part open', () => {
  const where = { 'detail.name': 'a*{date}{*}' }
  expect(toEventPattern({ source: 'x', detailType: 'y', where, cycle: '{date}' })).toMatchObject({
    detail: { name: [{ wildcard: String.raw`a\**` }] },
  })
})
