// A domain with upstreams outside the mesh, deployed: its bucket tells of its objects, and rules bring what mappings mean.
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EXAMPLE } from '../../infra/example.ts'
import { readPlan } from '../../infra/read-plan.ts'
import { synthesise } from '../../infra/synthesise.ts'
import { until } from './bridge-stage.ts'
import { type DeployStage, openDeployStage } from './deploy-stage.ts'

const ACCOUNT = '222222222222'
const MESH = `domain: d1
sluice: 1
account: "${ACCOUNT}"
owner: { team: t, email: t@example.com }
calendar: weekdays
timezone: UTC
location: s3://example-d1-landing/
---
external: d1/file
every: day
from:
  - s3: { bucket: example-d1-landing, key: "in/{date}.csv" }
  - event: { source: vendor.feed, detailType: File Ready, where: { detail.version: "5" }, cycle: "{detail.day}" }
  - glue: { job: legacy }
---
product: d1/loaded
every: day
dependsOn: [d1/file]
run: { glue: d1-loaded }
`

let stage: DeployStage
let folder = ''
beforeEach(async () => {
  stage = await openDeployStage()
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-externals-'))
  writeFileSync(path.join(folder, 'mesh.yaml'), MESH)
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await stage.close()
})

test('objects and events that a mapping means come to the queue, others do not; again nothing changes', async () => {
  const stacks = await synthesise(await readPlan(folder, EXAMPLE))
  await stage.deploy(stacks)
  const { s3, events, sqs } = stage.clientsOf(ACCOUNT)
  for (const Key of ['out/2026-11-20.csv', 'in/2026-11-20.csv']) {
    await s3.send(new PutObjectCommand({ Bucket: 'example-d1-landing', Key, Body: 'x' }))
  }
  const ready = (version: unknown) => ({
    Source: 'vendor.feed',
    DetailType: 'File Ready',
    Detail: JSON.stringify({ version }),
  })
  await events.send(new PutEventsCommand({ Entries: [ready(4), ready(5), ready('5')] }))
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'sluice-d1-events' }))
  const details: unknown[] = []
  await until(async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
    details.push(...Messages.map(({ Body = '{}' }) => (JSON.parse(Body) as { detail: unknown }).detail))
    expect(details).toHaveLength(3)
  })
  expect(details).toContainEqual(
    expect.objectContaining({ object: expect.objectContaining({ key: 'in/2026-11-20.csv' }) }),
  )
  expect(details).toContainEqual({ version: 5 })
  expect(details).toContainEqual({ version: '5' })
  expect(await stage.deploy(stacks)).toEqual([])
})
