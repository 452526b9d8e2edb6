// A request's payload. In: the raw stream, aws-chunked or plain. Out: the bytes the client meant, every digest verified.
// Never: checks signatures (the sandbox takes the account from the access key and trusts it); keeps a partial body.

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { AwsError } from '../service.ts'
import { type Checksum, checksumAlgorithms, computeChecksum } from './checksums.ts'
import { headerOf } from './request.ts'

/** Objects live in memory, so one request may hold that much; S3 itself allows 5 GiB. */
const maxBodyBytes = 1024 ** 3

export interface Payload {
  body: Buffer
  /** The checksum that came with the payload, to be kept with the object. */
  checksum: Checksum | undefined
}

/** Reads, decodes and verifies the whole payload. */
export async function readPayload(incoming: IncomingMessage): Promise<Payload> {
  const raw = await readAll(incoming)
  const isChunked = headerOf(incoming.headers, 'x-amz-content-sha256')?.startsWith('STREAMING-') ?? false
  const { body, trailers } = isChunked ? decodeChunks(raw) : { body: raw, trailers: new Map<string, string>() }
  if (isChunked) requireDecodedLength(incoming.headers, body)
  verifyDigests(incoming.headers, body)
  return { body, checksum: verifyChecksum(incoming.headers, trailers, body) }
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxBodyBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  if (bytes > maxBodyBytes) {
    throw new AwsError('EntityTooLarge', `The upload of ${bytes} bytes exceeds the sandbox's ${maxBodyBytes} bytes.`)
  }
  return Buffer.concat(chunks)
}

/** `<hex size>[;chunk-signature=…]\r\n<data>\r\n` … `0\r\n<trailers>\r\n\r\n`. */
function decodeChunks(raw: Buffer): { body: Buffer; trailers: Map<string, string> } {
  const chunks: Buffer[] = []
  let offset = 0
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', offset)
    const size = lineEnd < 0 ? Number.NaN : parseSize(raw.toString('latin1', offset, lineEnd))
    if (Number.isNaN(size)) throw incomplete(`no chunk header at byte ${offset} of ${raw.length}`)
    const start = lineEnd + 2
    if (size === 0) return { body: Buffer.concat(chunks), trailers: parseTrailers(raw.toString('latin1', start)) }
    const isWhole = raw.toString('latin1', start + size, start + size + 2) === '\r\n'
    if (!isWhole) throw incomplete(`the chunk at byte ${offset} does not hold ${size} bytes`)
    chunks.push(raw.subarray(start, start + size))
    offset = start + size + 2
  }
}

function parseSize(line: string): number {
  const size = line.split(';')[0] ?? ''
  return /^[0-9a-f]+$/i.test(size) ? Number.parseInt(size, 16) : Number.NaN
}

function parseTrailers(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
}

function incomplete(what: string): AwsError {
  return new AwsError(
    'IncompleteBody',
    `The request body terminated unexpectedly or is not valid aws-chunked data: ${what}.`,
  )
}

function requireDecodedLength(headers: IncomingHttpHeaders, body: Buffer): void {
  const declared = headerOf(headers, 'x-amz-decoded-content-length')
  if (declared === undefined) {
    throw new AwsError('MissingContentLength', 'You must provide the x-amz-decoded-content-length HTTP header.', 411)
  }
  if (Number(declared) !== body.length) throw incomplete(`${declared} bytes were declared, ${body.length} came`)
}

function verifyDigests(headers: IncomingHttpHeaders, body: Buffer): void {
  const md5 = headerOf(headers, 'content-md5')
  if (md5 !== undefined) {
    if (Buffer.from(md5, 'base64').length !== 16) {
      throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.')
    }
    if (createHash('md5').update(body).digest('base64') !== md5) {
      throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.')
    }
  }
  const sha256 = headerOf(headers, 'x-amz-content-sha256')
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256)) {
    if (createHash('sha256').update(body).digest('hex') !== sha256) {
      const message = "The provided 'x-amz-content-sha256' header does not match what was computed."
      throw new AwsError('XAmzContentSHA256Mismatch', message)
    }
  }
}

function verifyChecksum(
  headers: IncomingHttpHeaders,
  trailers: Map<string, string>,
  body: Buffer,
): Checksum | undefined {
  // CompleteMultipartUpload says the whole object's checksum there, not the one of its own body.
  if (headerOf(headers, 'x-amz-checksum-type') !== undefined) return undefined
  for (const algorithm of checksumAlgorithms) {
    const name = `x-amz-checksum-${algorithm}`
    const base64 = trailers.get(name) ?? headerOf(headers, name)
    if (base64 === undefined) continue
    if (computeChecksum(algorithm, body) !== base64) {
      const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`
      throw new AwsError('BadDigest', message)
    }
    return { algorithm, base64 }
  }
  const announced = headerOf(headers, 'x-amz-trailer')
  if (announced !== undefined && !trailers.has(announced.toLowerCase())) {
    throw new AwsError('MalformedTrailerError', `The request announced the trailer ${announced} but did not send it.`)
  }
  return undefined
}
