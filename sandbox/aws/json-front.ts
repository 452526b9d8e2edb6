// AWS JSON 1.0 and 1.1 over HTTP. In: one request for a JSON service. Out: its answer and one `call` ledger row.
// Never: answers a call whose reply a fault switch loses; leaves a call without its row.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { sufferFault } from './faults.ts'
import { type Answer, readBody, sendAnswer, sendHalf } from './http.ts'
import { AwsError, type Call, type Caller, type JsonService, type Surroundings } from './service.ts'

interface JsonCall {
  service: JsonService
  operation: string
  caller: Caller
  call: Call
}

/** Serves one JSON call from body to answer. */
export async function serveJson(
  request: IncomingMessage,
  response: ServerResponse,
  { service, operation, caller, call }: JsonCall,
  surroundings: Pick<Surroundings, 'clock' | 'faults' | 'ledger'>,
): Promise<void> {
  let answer: Answer
  let outcome = 'ok'
  try {
    const input = parseInput(await readBody(request))
    Object.assign(call.facts, toFacts(input))
    call.fault = surroundings.faults.take({ service: service.name, operation, caller, input })
    await sufferFault(call.fault, surroundings.clock, call.signal)
    const run = Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined
    if (run === undefined) throw unknownOperation(operation, service.name)
    const output = (await run(input as never, caller, call)) ?? {}
    answer = { status: 200, contentType: service.contentType, headers: {}, body: JSON.stringify(output) }
  } catch (cause) {
    const error = toAwsError(cause)
    if (!(cause instanceof AwsError)) call.facts['defect'] = cause instanceof Error ? cause.stack : String(cause)
    outcome = error.code
    answer = toJsonError(error, service)
  }
  const isReplyLost = call.fault?.kind === 'lose-reply'
  const isReplyHalf = call.fault?.kind === 'half-body'
  if (isReplyLost || isReplyHalf) call.facts['replyLost'] = true
  surroundings.ledger.add({ kind: 'call', service: service.name, ...caller, operation, outcome, facts: call.facts })
  if (isReplyLost) response.destroy()
  else if (isReplyHalf) sendHalf(response, call.requestId, answer)
  else sendAnswer(response, call.requestId, answer)
}

/** AWS's answer to an operation that it does not know, naming operation and service. */
export function unknownOperation(operation: string, service: string): AwsError {
  return new AwsError('UnknownOperationException', `The sandbox has no operation "${operation}" in "${service}".`)
}

/** An error in AWS JSON; without a service (unknown, or nobody identified) in plain JSON 1.1. */
export function toJsonError(error: AwsError, service?: JsonService): Answer {
  const wire = service?.toWireError?.(error) ?? { type: error.code, headers: {} }
  return {
    status: error.status,
    contentType: service?.contentType ?? 'application/x-amz-json-1.1',
    headers: { 'x-amzn-errortype': error.code, ...wire.headers },
    body: JSON.stringify({ __type: wire.type, message: error.message, ...error.fields }),
  }
}

function parseInput(body: Buffer): Record<string, unknown> {
  let input: unknown
  try {
    input = body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not JSON: ${(cause as Error).message}`)
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new AwsError('SerializationException', 'The body is not a JSON object.')
  }
  return input as Record<string, unknown>
}

/** Scalars only and short: enough to find a call by queue, rule or job, and never a message body in full. */
function toFacts(input: Record<string, unknown>): Record<string, unknown> {
  const facts: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(input)) {
    if (typeof value === 'string') facts[name] = value.length > 200 ? `${value.slice(0, 200)}…` : value
    if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value
  }
  return facts
}

function toAwsError(cause: unknown): AwsError {
  if (cause instanceof AwsError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new AwsError('InternalFailure', `A defect of the sandbox, see its ledger: ${message}`, 500)
}
