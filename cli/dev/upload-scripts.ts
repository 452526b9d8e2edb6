// Job scripts of a mesh. In: script files by job. Out: each where the deployed job says that its script is.
// Never: a second opinion on where that is.
import { readFile } from 'node:fs/promises'
import { GetJobCommand, GlueClient } from '@aws-sdk/client-glue'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { clientOptions, type Endpoint } from '../../sandbox/cloudformation/account.ts'

export interface JobScript {
  account: string
  /** Name of the Glue job. */
  job: string
  /** A `.sql` or `.ts` file of this machine. */
  file: string
}

export async function uploadScripts(endpoint: Endpoint, scripts: JobScript[]): Promise<void> {
  for (const { account, job, file } of scripts) {
    const glue = new GlueClient(clientOptions(endpoint, account))
    const s3 = new S3Client(clientOptions(endpoint, account))
    const { Job } = await glue.send(new GetJobCommand({ JobName: job }))
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(Job?.Command?.ScriptLocation ?? '') ?? []
    if (!Bucket || !Key) throw new Error(`Glue job "${job}" of account ${account} does not say where its script is.`)
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(file) }))
    glue.destroy()
    s3.destroy()
  }
}
