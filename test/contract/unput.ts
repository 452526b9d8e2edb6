// Why a claim could not be put, which is no difference. In: the calls that set a claim's stage; the replies of its target.
// Out: the call that failed, in words. Never: changes the error, because a claim may be about that very call.

import { subscribe } from 'node:diagnostics_channel'
import { type ClientRequest, type IncomingMessage } from 'node:http'

const stages = new WeakMap<Error, string>()

/** A call that a claim needs before it can ask its question. */
export async function asStage<Answer>(call: string, answer: Promise<Answer>): Promise<Answer> {
  return await answer.catch((cause: Error) => {
    stages.set(cause, `${call} answered ${cause.name}: ${cause.message}`)
    throw cause
  })
}

/** What the stage's failing call said, if that is what the error comes from. */
export const readStage = (cause: unknown): string | undefined =>
  cause instanceof Error ? stages.get(cause) : undefined

/**
 * Replies since the last asking that are none of AWS: web pages of a server that has no such operation, or broke down.
 * The claims of a file are put one after the other, so what is seen is of one claim.
 */
export function watchForeignReplies(): () => string[] {
  let seen: string[] = []
  // Node's own notice of every reply: the clients are made in the claims, and no middleware is forgotten so.
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    if (!response.headers['content-type']?.startsWith('text/html') || (response.statusCode ?? 0) < 400) return
    const operation = String(request.getHeader('x-amz-target') ?? `${request.method} ${request.path.split('?')[0]}`)
    seen.push(`${operation.split('.').at(-1)} answered ${response.statusCode} with a web page`)
  })
  return () => {
    const found = seen
    seen = []
    return found
  }
}
