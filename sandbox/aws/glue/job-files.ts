// What the two runners share: the arguments of the run, and its files in S3. In: argv and s3:// addresses.
// Out: files on disk, objects in S3; an error names the address. Never: is imported by the sandbox's own process.

import { createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

export interface S3Address {
  bucket: string
  key: string
}

/** `--name value` pairs as a map, names with their dashes. */
export function parseArguments(words: string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (let index = 0; index < words.length; index += 2) values.set(words[index] ?? '', words[index + 1] ?? '')
  return values
}

export function parseAddress(address: string): S3Address {
  const match = /^s3:\/\/([^/]+)\/(.*)$/.exec(address)
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Error(`"${address}" is not an S3 address; write s3://bucket/key.`)
  }
  return { bucket: match[1], key: match[2] }
}

export interface JobFiles {
  download(address: string, file: string): Promise<void>
  /** Every object under the address, into the folder; the files' names are numbered. */
  downloadAll(address: string, folder: string, suffix: string): Promise<string[]>
  upload(file: string, address: string): Promise<void>
}

/** The child's environment names endpoint, region and account; all requests are retried by the SDK. */
export function openJobFiles(): JobFiles {
  const client = new S3Client({ followRegionRedirects: false })

  async function get({ bucket, key }: S3Address, file: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true })
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    await pipeline(answer.Body as Readable, createWriteStream(file))
  }

  async function list({ bucket, key }: S3Address): Promise<string[]> {
    const keys: string[] = []
    let token: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: key, ContinuationToken: token }),
      )
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])))
      token = page.NextContinuationToken
    } while (token !== undefined)
    return keys
  }

  return {
    download: (address, file) => naming(`Could not read ${address}`, get(parseAddress(address), file)),
    async downloadAll(address, folder, suffix) {
      const place = parseAddress(address)
      const keys = await naming(`Could not list ${address}`, list(place))
      const wanted = keys.filter((key) => key.endsWith(suffix))
      const files = wanted.map((_, index) => join(folder, `${index}${suffix}`))
      const reads = wanted.map((key, index) => get({ bucket: place.bucket, key }, files[index] ?? ''))
      await naming(`Could not read the objects under ${address}`, Promise.all(reads))
      return files
    },
    async upload(file, address) {
      const { bucket, key } = parseAddress(address)
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: await readFile(file) })
      await naming(`Could not write ${address}`, client.send(command))
    },
  }
}

async function naming<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (cause) {
    const { name, message } = cause as Error
    throw new Error(`${what}: ${name}: ${message}`, { cause })
  }
}
