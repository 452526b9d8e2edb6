// What one S3 call is. In: the request line. Out: bucket, key and query, decoded once.

import type { IncomingHttpHeaders } from 'node:http'
import { AwsError, type Caller } from '../service.ts'
import type { Checksum } from './checksums.ts'

export interface Target {
  path: string
  bucket: string | undefined
  key: string | undefined
  query: URLSearchParams
}

export interface S3Request extends Target {
  method: string
  headers: IncomingHttpHeaders
  /** The payload after aws-chunked decoding; every checksum sent with it was verified. */
  body: Buffer
  checksum: Checksum | undefined
  caller: Caller
  requestId: string
  sourceIp: string
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string | Buffer
  errorCode?: string
  /** For the ledger. */
  facts?: Record<string, unknown>
}

export type S3Operation = (request: S3Request) => Answer

/** Splits `/bucket/key?query`; the key may hold slashes, also at its ends. */
export function parseTarget(url: string): Target {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const slash = path.indexOf('/', 1)
  const bucket = decodePath(slash < 0 ? path.slice(1) : path.slice(1, slash))
  const key = slash < 0 ? '' : decodePath(path.slice(slash + 1))
  return { path, bucket: bucket === '' ? undefined : bucket, key: key === '' ? undefined : key, query }
}

/** Percent-decodes a path; `+` stays a plus there. */
export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new AwsError('InvalidURI', `Couldn't parse the specified URI: ${text}`)
  }
}

/** A header as one text; S3 knows no repeated ones. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** The key of an object request; routing has seen to it that there is one. */
export function requireKey(request: S3Request): string {
  if (request.key === undefined) throw new AwsError('InvalidURI', `The request ${request.path} names no key.`)
  if (Buffer.byteLength(request.key) > 1024) throw new AwsError('KeyTooLongError', 'Your key is too long.')
  return request.key
}
