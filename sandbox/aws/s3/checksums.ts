// Checksums that S3 clients send. In: bytes. Out: base64 digests. The tables of CRC32C and CRC64NVME are built on first use.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

export interface Checksum {
  algorithm: ChecksumAlgorithm
  base64: string
}

/** The digest as S3 puts it in headers: big-endian bytes in base64. */
export function computeChecksum(algorithm: ChecksumAlgorithm, bytes: Buffer): string {
  switch (algorithm) {
    case 'crc32':
      return toBase64(crc32(bytes))
    case 'crc32c':
      return toBase64(crc32c(bytes))
    case 'crc64nvme':
      return crc64nvme(bytes).toString('base64')
    case 'sha1':
    case 'sha256':
      return createHash(algorithm).update(bytes).digest('base64')
  }
}

function toBase64(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}

let table32: Uint32Array | undefined

/** CRC-32/ISCSI: reflected polynomial 0x82F63B78. */
function crc32c(bytes: Buffer): number {
  table32 ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
    return value >>> 0
  })
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table32[(crc ^ byte) & 0xff] ?? 0)
  return ~crc
}

let halves64: { highs: Uint32Array; lows: Uint32Array } | undefined

/** CRC-64/NVME: reflected polynomial 0x9A6C9329AC4BC9B5; worked in 32-bit halves, since BigInt is slow per byte. */
function crc64nvme(bytes: Buffer): Buffer {
  halves64 ??= buildHalves()
  const { highs, lows } = halves64
  let high = 0xffffffff
  let low = 0xffffffff
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)
    high = (high >>> 8) ^ (highs[index] ?? 0)
  }
  const digest = Buffer.alloc(8)
  digest.writeUInt32BE(~high >>> 0, 0)
  digest.writeUInt32BE(~low >>> 0, 4)
  return digest
}

function buildHalves() {
  const values = Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n
    return value
  })
  return {
    highs: Uint32Array.from(values, (value) => Number(value >> 32n)),
    lows: Uint32Array.from(values, (value) => Number(value & 0xffffffffn)),
  }
}
