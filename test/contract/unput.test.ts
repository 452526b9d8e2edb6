// When a claim counts as not put: by the call of its stage, or by a reply that is none of AWS.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { expect, test } from 'vitest'
import { asStage, readStage, watchForeignReplies } from './unput.ts'

test('the error of a call that sets the stage is known by it, and stays what it was', async () => {
  const refusal = Object.assign(new Error('no room'), { name: 'OverLimit' })
  const cause: unknown = await asStage('CreateQueue', Promise.reject(refusal)).catch((error: unknown) => error)
  expect(cause).toBe(refusal)
  expect(readStage(cause)).toBe('CreateQueue answered OverLimit: no room')
  expect(readStage(new Error('of the claim itself'))).toBeUndefined()
})

test('a web page instead of an answer is named by its operation, once', async () => {
  const take = watchForeignReplies()
  const server = createServer((_request, response) => {
    response.writeHead(500, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: '111111111111', secretAccessKey: 'x' }
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  await expect(sqs.send(new ListQueuesCommand({}))).rejects.toThrow()
  sqs.destroy()
  server.close()
  expect(take()).toEqual(['ListQueues answered 500 with a web page'])
  expect(take()).toEqual([])
})
