// Who calls, from header and from query; and who is refused.

import { expect, test } from 'vitest'
import { readCaller } from './caller.ts'

const scope = (key: string) => `${key}/20261124/eu-west-1/sqs/aws4_request`
const signed = (key: string) =>
  readCaller({
    url: '/',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope(key)}, SignedHeaders=host, Signature=0` },
  })

test('the access key id is the account, the scope names region and service', () => {
  const known = { kind: 'known', caller: { account: '222222222222', region: 'eu-west-1' }, service: 'sqs' }
  expect(signed('222222222222')).toEqual(known)
  const url = `/bucket/key?X-Amz-Credential=${encodeURIComponent(scope('222222222222'))}&X-Amz-Expires=60`
  expect(readCaller({ url, headers: {} })).toEqual(known)
})

test.each(['AKIAIOSFODNN7EXAMPLE', '22222222222', 'test'])('access key id %s names no account', (key) => {
  expect(signed(key)).toMatchObject({
    kind: 'refused',
    error: { code: 'UnrecognizedClientException', message: expect.stringContaining('access key id names the account') },
  })
})

test('a request without credentials is refused', () => {
  expect(readCaller({ url: '/', headers: {} })).toMatchObject({ error: { code: 'MissingAuthenticationToken' } })
})
