// The stage of a run: the product's own local stack (sandbox AWS, one worker and one bridge as processes) on the ground's
// servers. In: the shape of a mesh. Out: everything a scenario needs, until it ends. Never: a process or folder left.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Client } from '@temporalio/client'
import { type LocalStack, startLocalStack } from '../cli/dev/local-stack.ts'
import { silently } from '../cli/dev/show.ts'
import { namesOf } from '../clients/config.ts'
import { openPostgres, type Postgres } from '../clients/postgres.ts'
import { openTemporal } from '../clients/temporal.ts'
import type { Endpoint } from '../sandbox/cloudformation/account.ts'
import { setInstantGlue, silenceRaw } from './aws-setting.ts'
import { type Feed, openFeed } from './feed.ts'
import { type Ground, openGround, type Say } from './ground.ts'
import { DOMAIN, type Shape, writeMesh } from './mesh-folder.ts'
import type { Finding } from './result.ts'
import { openWitness, type Witness } from './witness.ts'

export interface RunOptions {
  /** How much of whatever the scenario repeats; its own default unless told. */
  n: number | undefined
  isQuick: boolean
  seed: number
  say: Say
}

export interface Measured extends Finding {
  servers: { temporal: string; postgres: string }
}

export interface Stage {
  ground: Ground
  stack: LocalStack
  endpoint: Endpoint
  environment: Record<string, string>
  temporal: Client
  db: Postgres
  witness: Witness
  feed: Feed
}

export interface StageOrder {
  shape: Shape
  extraRaw?: readonly string[]
  /** How long a Glue run takes; 0: it has ended when its start is answered. */
  glueMs?: number
}

export async function withStage(
  options: RunOptions,
  order: StageOrder,
  work: (stage: Stage) => Promise<Finding>,
): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    const ground = await openGround(folder, options.say)
    closers.push(ground.stop)
    const stack = await openStack(folder, ground, order)
    closers.push(stack.stop)
    const stage = await openStage(ground, stack, order, closers)
    options.say(`stage ready: ${ground.temporalWords}`)
    const servers = { temporal: ground.temporalWords, postgres: ground.postgres().version }
    return { ...(await work(stage)), servers }
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

async function openStack(folder: string, ground: Ground, { shape, extraRaw }: StageOrder): Promise<LocalStack> {
  const meshFolder = path.join(folder, 'mesh')
  writeMesh(meshFolder, shape, extraRaw)
  return startLocalStack({
    ...{ name: 'bench', workingFolder: folder, meshFolder, actor: 'bench', show: silently, isIsolated: true },
    // A worker of the raw domain would open its products' cycles, and start them.
    domains: [DOMAIN],
    ...{ temporalAddress: ground.temporalAddress, databaseUrl: ground.postgres().url },
    settings: { SLUICE_LOG_LEVEL: 'warn' },
  })
}

async function openStage(
  ground: Ground,
  stack: LocalStack,
  { glueMs = 0 }: StageOrder,
  closers: (() => unknown)[],
): Promise<Stage> {
  const environment = stack.environmentOf(DOMAIN)
  const region = environment['AWS_REGION'] ?? ''
  const endpoint = { endpoint: environment['AWS_ENDPOINT_URL'] ?? '', region }
  await silenceRaw(endpoint)
  await setInstantGlue(endpoint, glueMs)
  const namespace = environment['TEMPORAL_NAMESPACE'] ?? ''
  const settings = { address: ground.temporalAddress, namespace, tls: false }
  const temporal = await openTemporal({ ...settings, ...NO_CREDENTIALS }, 10_000)
  const db = openPostgres(stack.servers.databaseUrl ?? '', { applicationName: 'sluice bench' })
  await db.rows('create extension if not exists pg_stat_statements')
  const queueArn = `arn:aws:sqs:${region}:${environment['AWS_ACCOUNT_ID']}:${namesOf(DOMAIN).queueName}`
  const witness = openWitness(path.join(stack.folder, 'aws-ledger.jsonl'), queueArn)
  const feed = openFeed(endpoint, environment['SLUICE_CENTRAL_BUS_ARN'] ?? '')
  closers.push(() => temporal.connection.close(), db.end, witness.close, feed.close)
  return { ground, stack, endpoint, environment, temporal, db, witness, feed }
}

/** PostgreSQL serves Temporal and the mirror; the sandbox AWS stands for AWS and is no cost of ours. */
export const processesOf = ({ stack, ground }: Stage): { name: string; pid: number }[] => [
  ...['worker', 'bridge'].map((name) => ({ name, pid: stack.roles.get(`${name} ${DOMAIN}`)?.pid ?? 0 })),
  { name: 'Temporal', pid: ground.temporal().pid },
  { name: 'PostgreSQL', pid: ground.postgres().pid },
]

const NO_CREDENTIALS = {
  ...{ apiKey: undefined, clientCertPath: undefined, clientKeyPath: undefined },
  ...{ serverCaPath: undefined, serverName: undefined },
}
