// Buckets and Glue jobs of a mesh. In: bucket names by account, script files by job. Out: all exist, scripts uploaded.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { CreateJobCommand, GlueClient, UpdateJobCommand } from '@aws-sdk/client-glue'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { clientOptions, type Endpoint } from './account.ts'

export interface JobScript {
  account: string
  /** Name of the Glue job. */
  job: string
  /** A `.sql` or `.ts` file of this machine. */
  file: string
  bucket: string
}

/** Runs of one job at a time; the demo's five dates may all be due together. */
const MAX_CONCURRENT_RUNS = 8

export async function createBuckets(endpoint: Endpoint, buckets: { account: string; bucket: string }[]): Promise<void> {
  for (const { account, bucket } of buckets) {
    const s3 = new S3Client(clientOptions(endpoint, account))
    await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch(unless('BucketAlreadyOwnedByYou'))
    s3.destroy()
  }
}

export async function deployJobs(endpoint: Endpoint, scripts: JobScript[]): Promise<void> {
  for (const script of scripts) await deployJob(endpoint, script)
}

async function deployJob(endpoint: Endpoint, { account, job, file, bucket }: JobScript): Promise<void> {
  const options = clientOptions(endpoint, account)
  const s3 = new S3Client(options)
  const glue = new GlueClient(options)
  const key = `scripts/${path.basename(file)}`
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: await readFile(file) }))
  const JobUpdate = {
    Role: `arn:aws:iam::${account}:role/sluice-glue-jobs`,
    Command: { Name: 'glueetl', ScriptLocation: `s3://${bucket}/${key}`, PythonVersion: '3' },
    ExecutionProperty: { MaxConcurrentRuns: MAX_CONCURRENT_RUNS },
  }
  // An idempotent create answers AlreadyExists when the job differs: then it is updated.
  await glue.send(new CreateJobCommand({ Name: job, ...JobUpdate })).catch(async (error: unknown) => {
    unless('AlreadyExistsException', 'IdempotentParameterMismatchException')(error)
    await glue.send(new UpdateJobCommand({ JobName: job, JobUpdate }))
  })
  s3.destroy()
  glue.destroy()
}

const unless =
  (...names: string[]) =>
  (error: unknown): void => {
    if (!(error instanceof Error && names.includes(error.name))) throw error
  }
