// The real stack for scenarios: Temporal, PostgreSQL, one worker with the real workflows; bridge, scheduler, mirror and
// publishing as they are. Not real: SQS and EventBridge between them (a message is handed on), and Glue (runs end at once, as the scenario says).
// In: the ring's server. Out: a place for each scenario. Never: two scenarios in one domain.

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { Context } from '@temporalio/activity'
import { Client, type WorkflowClientInterceptor } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createPublishing } from '../../activities/publishing.ts'
import { createRecalling } from '../../activities/recalling.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { migrate } from '../../mirror/migrate.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import type { GlueRunEnd } from '../../model/cycle/attempt.ts'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import { domainOf, type ProductId } from '../../model/ids.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'
import type { CycleActivities, GlueOrder } from '../../workflows/contract.ts'
import { connect } from './connect.ts'
import type { Ground } from './ground.ts'

/** What EventBridge would carry. */
export interface Entry {
  Source?: string | undefined
  DetailType?: string | undefined
  Detail?: string | undefined
}

/** What one scenario does with what its cycles ask for. */
export interface Place {
  /** Instants of the scenario become instants of this machine. */
  toReal(input: CycleInput): CycleInput
  opened(workflowId: string): void
  carry(entry: Entry): Promise<void>
  started(order: GlueOrder): void
  /** How the run of the present attempt ends. */
  endOf(workflowId: string): Pick<GlueRunEnd, 'state' | 'error'>
}

export interface ScenarioStage {
  client: Client
  db: Postgres
  /** By domain. */
  places: Map<string, Place>
  close(): Promise<void>
}

const QUEUE = 'scenarios'
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

export async function openScenarioStage({ address, namespace, bundlePath }: Ground): Promise<ScenarioStage> {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  const places = new Map<string, Place>()
  const postgres = await openDatabase()
  const connection = await connect(address)
  const client = new Client({ connection, namespace, interceptors: { workflow: [redirecting(places)] } })
  const native = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    ...{ connection: native, namespace, taskQueue: QUEUE, activities: toActivities(client, postgres.db, places) },
    workflowBundle: { code: await readFile(bundlePath, 'utf8') },
  })
  const ended = worker.run()
  return {
    ...{ client, places, db: postgres.db },
    async close() {
      worker.shutdown()
      await ended
      await Promise.all([native.close(), connection.close()])
      await postgres.stop()
    },
  }
}

async function openDatabase(): Promise<{ db: Postgres; stop(): Promise<void> }> {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-scenarios-'))
  const folder = path.join(root, 'postgres')
  const server = await startPostgres({ folder, logFile: path.join(root, 'postgres.log') })
  const db = openPostgres(await server.createDatabase('scenarios'), { applicationName: 'test' })
  await migrate(db, MIGRATIONS)
  return {
    db,
    async stop() {
      await db.end()
      await server.stop()
      removeData(folder)
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export function requirePlace(places: Map<string, Place>, product: string): Place {
  const place = places.get(domainOf(product as ProductId))
  if (!place) throw new Error(`No scenario has ${product}`)
  return place
}

/** Whoever starts a cycle: it comes onto the one worker, with the instants of this machine. */
function redirecting(places: Map<string, Place>): WorkflowClientInterceptor {
  const redirect = <Options extends { args: unknown[]; taskQueue: string; workflowId: string }>(options: Options) => {
    const [input] = options.args as [CycleInput]
    const place = requirePlace(places, input.product)
    place.opened(options.workflowId)
    return { ...options, args: [place.toReal(input)], taskQueue: QUEUE }
  }
  return {
    startWithDetails: (input, next) => next({ ...input, options: redirect(input.options) }),
    signalWithStart: (input, next) => next({ ...input, options: redirect(input.options) }),
  }
}

function toActivities(temporal: Client, db: Postgres, places: Map<string, Place>): CycleActivities {
  const cycleOf = () => Context.current().info.workflowExecution?.workflowId ?? ''
  const place = () => requirePlace(places, cycleOf())
  const carry = async ({ input }: PutEventsCommand) => {
    for (const entry of input.Entries ?? []) await place().carry(entry)
    return { Entries: [{}] }
  }
  const publishing = createPublishing({
    events: { send: carry } as unknown as EventBridgeClient,
    sqs: { send: async () => ({ QueueUrl: 'notices' }) } as unknown as SQSClient,
    ...{ account: '222222222222', region: 'us-east-1', centralBusArn: 'central', domainBusName: 'own' },
    ...{ notificationQueueName: 'notices', softwareVersion: '0', nowMs: Date.now },
  })
  return {
    ...publishing,
    async startGlueJob(order) {
      place().started(order)
      return { runId: `run-${order.attempt}`, adopted: false }
    },
    awaitGlueJob: async ({ runId }) => ({
      ...{ runId, executionSeconds: 0, noticedBy: 'event' as const },
      ...place().endOf(cycleOf()),
    }),
    stopGlueJob: async () => undefined,
    recordCycle: (record) => recordCycle(db, record),
    ...createRecalling({ temporal, db }),
  }
}
