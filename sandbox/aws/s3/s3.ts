// S3 over REST-XML, path style. In: HTTP requests of an account. Out: answers as S3 gives them, one ledger row each.
// Buckets are one global namespace. The sandbox evaluates no bucket policies, so any account may read and write
// objects of any bucket; the objects belong to the bucket's account, and only that account configures the bucket.
// Never: leaves a request unanswered, unless a fault switch says so.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sufferFault } from '../faults.ts'
import { hangUpSignal } from '../http.ts'
import { AwsError, type Caller, type FaultAction, type RestService, type Surroundings } from '../service.ts'
import { readPayload } from './body.ts'
import { bucketOperations } from './buckets.ts'
import { listingOperations } from './listing.ts'
import { multipartOperations } from './multipart.ts'
import { createNotifier } from './notify.ts'
import { objectOperations } from './objects.ts'
import { type Answer, parseTarget, type S3Operation, type S3Request } from './request.ts'
import { nameOperation } from './route.ts'
import { createStore } from './store.ts'
import { toXml } from './xml.ts'

/** S3 as a service of the sandbox. */
export function createS3(surroundings: Surroundings): RestService {
  const { clock, faults, ledger } = surroundings
  const store = createStore(clock)
  const notifier = createNotifier(surroundings)
  const operations: Record<string, S3Operation> = {
    ...bucketOperations(store, notifier),
    ...objectOperations(store, notifier),
    ...listingOperations(store),
    ...multipartOperations(store, notifier),
  }
  const closing = new AbortController()

  async function execute(request: S3Request, operation: string, fault: FaultAction | undefined, signal: AbortSignal) {
    if (fault?.kind === 'throttle') throw new AwsError('SlowDown', 'Please reduce your request rate.', 503)
    await sufferFault(fault, clock, signal)
    const run = operations[operation]
    if (run === undefined) {
      const message = `The sandbox's S3 does not implement ${operation} (${request.method} ${request.path}).`
      throw new AwsError('NotImplemented', message, 501)
    }
    return run(request)
  }

  return {
    name: 's3',
    async handle(incoming, response, caller) {
      const requestId = randomBytes(8).toString('hex').toUpperCase()
      const signal = AbortSignal.any([closing.signal, hangUpSignal(response)])
      const target = {
        operation: 'Unknown',
        bucket: undefined as string | undefined,
        key: undefined as string | undefined,
      }
      let answer: Answer
      let fault: FaultAction | undefined
      try {
        Object.assign(target, parseTarget(incoming.url ?? '/'), { operation: nameOperation(incoming) })
        const request = await readRequest(incoming, caller, requestId)
        const input = { Bucket: target.bucket, Key: target.key }
        fault = faults.take({ service: 's3', operation: target.operation, caller, input })
        answer = await execute(request, target.operation, fault, signal)
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        answer = toErrorAnswer(error, target, requestId)
      }
      ledger.add({
        kind: 'call',
        service: 's3',
        ...caller,
        operation: target.operation,
        outcome: answer.errorCode ?? 'ok',
        facts: { requestId, bucket: target.bucket, key: target.key, ...answer.facts },
      })
      if (fault?.kind === 'lose-reply') response.destroy()
      else send(incoming, response, answer, requestId)
    },
    close: () => {
      notifier.close()
      closing.abort()
    },
  }
}

async function readRequest(incoming: IncomingMessage, caller: Caller, requestId: string): Promise<S3Request> {
  const { bucket, key, path, query } = parseTarget(incoming.url ?? '/')
  const { body, checksum } = await readPayload(incoming)
  const method = incoming.method ?? 'GET'
  const sourceIp = incoming.socket.remoteAddress ?? '127.0.0.1'
  return { method, path, bucket, key, query, headers: incoming.headers, body, checksum, caller, requestId, sourceIp }
}

function toErrorAnswer(error: AwsError, target: { bucket?: string; key?: string }, requestId: string): Answer {
  const { headers, ...fields } = error.fields
  const resource = `/${[target.bucket, target.key].filter((part) => part !== undefined).join('/')}`
  return {
    status: error.status,
    errorCode: error.code,
    headers: (headers ?? {}) as Record<string, string>,
    body: toXml(
      'Error',
      {
        Code: error.code,
        Message: error.message,
        ...fields,
        Resource: resource,
        RequestId: requestId,
        HostId: 'sandbox',
      },
      { namespace: false },
    ),
  }
}

function send(incoming: IncomingMessage, response: ServerResponse, answer: Answer, requestId: string): void {
  if (response.destroyed) return
  const hasBody = incoming.method !== 'HEAD' && answer.status !== 204 && answer.status !== 304
  const body = answer.body ?? ''
  response.writeHead(answer.status, {
    ...(typeof body === 'string' && body !== '' && { 'content-type': 'application/xml' }),
    ...(answer.status !== 204 && answer.status !== 304 && { 'content-length': String(Buffer.byteLength(body)) }),
    ...answer.headers,
    server: 'AmazonS3',
    'x-amz-request-id': requestId,
    'x-amz-id-2': 'sandbox',
  })
  response.end(hasBody ? body : undefined)
}
