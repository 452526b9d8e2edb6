// Conditional requests. In: precondition headers and the object found. Out: nothing, or S3's refusal.

import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from '../service.ts'
import { headerOf } from './request.ts'
import type { StoredObject } from './store.ts'

/** For reads: throws 412 or 304 as If-Match, If-None-Match, If-(Un)Modified-Since say; `prefix` for copy sources. */
export function requireReadConditions(headers: IncomingHttpHeaders, found: StoredObject, prefix = ''): void {
  const ifMatch = headerOf(headers, `${prefix}if-match`)
  const ifNoneMatch = headerOf(headers, `${prefix}if-none-match`)
  const modifiedSince = parseDate(headerOf(headers, `${prefix}if-modified-since`))
  const unmodifiedSince = parseDate(headerOf(headers, `${prefix}if-unmodified-since`))
  // HTTP dates know seconds only.
  const modifiedMs = Math.floor(found.modifiedMs / 1000) * 1000
  if (ifMatch !== undefined && !isEtag(ifMatch, found.etag)) throw failed('If-Match')
  if (ifMatch === undefined && unmodifiedSince !== undefined && modifiedMs > unmodifiedSince) {
    throw failed('If-Unmodified-Since')
  }
  const isUnchanged =
    ifNoneMatch === undefined
      ? modifiedSince !== undefined && modifiedMs <= modifiedSince
      : isEtag(ifNoneMatch, found.etag)
  if (!isUnchanged) return
  if (prefix !== '') throw failed('If-None-Match')
  throw new AwsError('NotModified', 'Not Modified', 304, { headers: { etag: `"${found.etag}"` } })
}

/** For writes: If-None-Match: * wants no object there, If-Match this one. */
export function requireWriteConditions(headers: IncomingHttpHeaders, existing: StoredObject | undefined): void {
  const ifMatch = headerOf(headers, 'if-match')
  const ifNoneMatch = headerOf(headers, 'if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    const message = 'A header you provided implies functionality that is not implemented: If-None-Match takes * only.'
    throw new AwsError('NotImplemented', message, 501)
  }
  if (ifNoneMatch === '*' && existing) throw failed('If-None-Match')
  if (ifMatch === undefined) return
  if (existing === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404)
  if (!isEtag(ifMatch, existing.etag)) throw failed('If-Match')
}

function isEtag(header: string, etag: string): boolean {
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replaceAll('"', '') === etag)
}

function parseDate(text: string | undefined): number | undefined {
  const dateMs = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : dateMs
}

function failed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold'
  return new AwsError('PreconditionFailed', message, 412, { Condition: condition })
}
