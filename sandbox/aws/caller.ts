// Who calls. In: the headers and query of a request. Out: account, region and service of its SigV4 credential scope.
// Never: verifies a signature; the sandbox is loopback only and the access key id *is* the account.

import type { IncomingMessage } from 'node:http'
import { AwsError, type Caller } from './service.ts'

export type CallerReading =
  | { kind: 'known'; caller: Caller; service: string }
  | { kind: 'refused'; service: string | undefined; error: AwsError }

/** The AWS organisation of an account, as `aws:PrincipalOrgID` tells it; undefined for an account outside. */
export type OrganizationOf = (account: string) => string | undefined

/** All accounts are of one organisation but those named. */
export function createOrganization(outsiders: readonly string[] = []): OrganizationOf {
  return (account) => (outsiders.includes(account) ? undefined : 'o-sandbox')
}

/** Reads the `Authorization` header, else the `X-Amz-Credential` of a presigned address. */
export function readCaller(request: Pick<IncomingMessage, 'headers' | 'url'>): CallerReading {
  const credential = readCredential(request)
  if (credential === undefined) {
    return refuse(undefined, 'MissingAuthenticationToken', 'The request carries no SigV4 credentials.')
  }
  const [key, date, region, service, terminator] = credential.split('/')
  if (!key || !date || !region || !service || terminator !== 'aws4_request') {
    return refuse(
      service,
      'IncompleteSignature',
      `The credential scope "${credential}" is not key/date/region/service.`,
    )
  }
  if (!/^\d{12}$/.test(key)) {
    return refuse(service, 'UnrecognizedClientException', `The access key id "${key}" is not an account.`)
  }
  return { kind: 'known', caller: { account: key, region }, service }
}

function readCredential(request: Pick<IncomingMessage, 'headers' | 'url'>): string | undefined {
  const header = /^AWS4-HMAC-SHA256\s+.*?Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')
  if (header) return header[1]
  const query = request.url?.split('?')[1]
  return new URLSearchParams(query ?? '').get('X-Amz-Credential') ?? undefined
}

function refuse(service: string | undefined, code: string, found: string): CallerReading {
  const next = 'In this sandbox the access key id names the account: use its 12 digits, with any secret.'
  return { kind: 'refused', service, error: new AwsError(code, `${found} ${next}`, 403) }
}
