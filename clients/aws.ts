// The AWS clients of one role: the SDK's, with the standard settings (AWS_ENDPOINT_URL, AWS_REGION, credentials chain).
// In: the region. Out: clients. Never: an emulator's special case.
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { GlueClient } from '@aws-sdk/client-glue'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'

export interface AwsClients {
  events: EventBridgeClient
  glue: GlueClient
  /** For StartJobRun, which has no client token: the SDK's own retry would start a second run after a lost reply. */
  glueOnce: GlueClient
  s3: S3Client
  sqs: SQSClient
  close(): void
}

/** Connections that hang are given up, so that a retry can find a healthy one; receive polls 20 s and needs longer. */
const REQUEST_MS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }
const POLL_MS = { ...REQUEST_MS, requestTimeout: 30_000 }

export function openAws(region: string): AwsClients {
  const options = { region, requestHandler: REQUEST_MS }
  const clients = {
    events: new EventBridgeClient(options),
    glue: new GlueClient(options),
    glueOnce: new GlueClient({ ...options, maxAttempts: 1 }),
    s3: new S3Client(options),
    sqs: new SQSClient({ region, requestHandler: POLL_MS }),
  }
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy()
    },
  }
}
