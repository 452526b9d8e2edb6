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
