// Search attributes on a real server: registered, listed, checked; and a login without the right to.
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureSearchAttributes } from '../../clients/search-attributes.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

/** gRPC's numbers. */
const [PERMISSION_DENIED, UNIMPLEMENTED] = ['7', '12']

let temporal: LentTemporal
beforeAll(async () => {
  temporal = await lendTemporal()
})
afterAll(() => temporal.stop())

test('what is missing is added, and listed once that has returned', async () => {
  const { client } = temporal
  await ensureSearchAttributes(client, { ...SEARCH_ATTRIBUTES, SluiceAdded: 'Keyword' })
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: client.options.namespace,
  })
  expect(customAttributes).toHaveProperty('SluiceAdded')
  await ensureSearchAttributes(client, { SluiceAdded: 'Keyword' })
})

test('one that is there with another type is named, with the next step', async () => {
  const wrong = ensureSearchAttributes(temporal.client, { SluiceDomain: 'KeywordList' })
  await expect(wrong).rejects.toThrow(
    /has search attributes of another type: SluiceDomain\. Remove them \(temporal operator/,
  )
})

test('a login without the right to is told what somebody who has it must run', async () => {
  const server = createServer().on('stream', (stream, { ':path': path }) => {
    // The SDK's own first question is old servers' to leave unanswered; whatever else is asked is not permitted.
    const status = path?.endsWith('/GetSystemInfo') ? UNIMPLEMENTED : PERMISSION_DENIED
    stream.resume()
    stream.respond({ 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const connection = Connection.lazy({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` })
  try {
    const client = new Client({ connection, namespace: 'mesh' })
    await expect(ensureSearchAttributes(client, { SluiceDomain: 'Keyword' })).rejects.toThrow(
      'temporal operator search-attribute create --namespace mesh --name SluiceDomain --type Keyword',
    )
  } finally {
    await connection.close()
    server.close()
  }
})
