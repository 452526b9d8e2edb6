// Bodies in and answers out. In: Node's request and response. Out: a bounded body; a written answer.
// Never: holds more than the limit in memory; writes to a response that is gone.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError } from './service.ts'

/** Above every JSON operation's own limit (1 MiB of text may double when escaped). */
const bodyLimitBytes = 8 * 1024 * 1024

export interface Answer {
  status: number
  contentType: string
  headers: Record<string, string>
  body: string
}

/** The whole body; beyond the limit the rest is read and thrown away, so that the caller still gets the answer. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size <= bodyLimitBytes) chunks.push(chunk as Buffer)
  }
  if (size > bodyLimitBytes) {
    throw new AwsError('RequestEntityTooLarge', `The body has ${size} bytes; the limit is ${bodyLimitBytes}.`, 413)
  }
  return Buffer.concat(chunks)
}

/** Writes the answer with its request id. */
export function sendAnswer(response: ServerResponse, requestId: string, answer: Answer): void {
  if (response.destroyed || response.headersSent) return
  writeHead(response, requestId, answer)
  response.end(answer.body)
}

/** Promises the whole body, writes half of it, and cuts the connection. */
export function sendHalf(response: ServerResponse, requestId: string, answer: Answer): void {
  if (response.destroyed || response.headersSent) return
  writeHead(response, requestId, answer)
  response.flushHeaders()
  const body = Buffer.from(answer.body)
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy())
}

function writeHead(response: ServerResponse, requestId: string, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'x-amzn-requestid': requestId,
    ...answer.headers,
  })
}

/** Aborts when the caller hangs up. */
export function hangUpSignal(response: ServerResponse): AbortSignal {
  const hangUp = new AbortController()
  response.once('close', () => hangUp.abort())
  return hangUp.signal
}

/** For callers that speak REST-XML or the query protocol; S3's and the query protocol's readers both find the code. */
export function toXmlError(error: AwsError, requestId: string): Answer {
  const text = error.message.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  const code = error.code === 'UnrecognizedClientException' ? 'InvalidClientTokenId' : error.code
  const body = `<ErrorResponse><Error><Code>${code}</Code><Message>${text}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  return { status: error.status, contentType: 'application/xml', headers: { 'x-amzn-errortype': code }, body }
}
