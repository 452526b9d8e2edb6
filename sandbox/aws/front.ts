// The HTTP front. In: any request. Out: the answer of the service it is for, of the admin endpoint, or AWS's error.
// Never: lets one request's failure reach another; answers for a service that is not here.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { serveAdmin } from './admin.ts'
import { readCaller } from './caller.ts'
import { sendAnswer, toXmlError } from './http.ts'
import { serveJson, toJsonError, unknownOperation } from './json-front.ts'
import { AwsError, type Surroundings } from './service.ts'
import type { Services } from './services.ts'

export interface FrontParts extends Pick<Surroundings, 'clock' | 'ledger' | 'faults'> {
  services: Services
  closing: AbortSignal
}

export function createFront(parts: FrontParts): RequestListener {
  return (request, response) => {
    const requestId = randomUUID()
    response.on('error', () => response.destroy())
    serve(request, response, requestId, parts).catch((cause: unknown) => {
      const message = cause instanceof Error ? cause.message : String(cause)
      refuse(request, response, requestId, new AwsError('InternalFailure', `A defect of the sandbox: ${message}`, 500))
    })
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, requestId: string, parts: FrontParts) {
  if (request.url?.startsWith('/_sandbox/'))
    return serveAdmin(request, response, { ...parts, glueLog: parts.services.glueLog })
  const reading = readCaller(request)
  if (reading.kind === 'refused') return refuse(request, response, requestId, reading.error)
  const [prefix = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.')
  const service = parts.services.json.find((candidate) => candidate.targetPrefix === prefix)
  if (service) {
    const call = { requestId, signal: hangUpSignal(response, parts.closing), facts: {} }
    return serveJson(request, response, { service, operation, caller: reading.caller, call }, parts)
  }
  const rest = parts.services.rest.find((candidate) => candidate.name === reading.service)
  if (prefix === '' && rest) return rest.handle(request, response, reading.caller)
  const name = operation === '' ? `${request.method} ${request.url?.split('?')[0]}` : operation
  return refuse(request, response, requestId, unknownOperation(name, prefix || reading.service))
}

/** Aborts when the caller hangs up or the sandbox closes. */
function hangUpSignal(response: ServerResponse, closing: AbortSignal): AbortSignal {
  const hangUp = new AbortController()
  const stop = () => hangUp.abort()
  closing.addEventListener('abort', stop, { once: true })
  response.once('close', () => {
    closing.removeEventListener('abort', stop)
    stop()
  })
  return hangUp.signal
}

function refuse(request: IncomingMessage, response: ServerResponse, requestId: string, error: AwsError): void {
  request.resume()
  const isJson = request.headers['x-amz-target'] !== undefined
  sendAnswer(response, requestId, isJson ? toJsonError(error) : toXmlError(error, requestId))
}
