// In: the ring's server and bundle, a domain of one's own. Out: its worker at work, and cycles to put on it.
// Never: a task queue shared by two stages; a worker or a connection left open.
import { readFile } from 'node:fs/promises'
import { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import type { ProductDefinition } from '../../model/definition.ts'
import { definitionOf, inputOf } from '../../model/samples.test-data.ts'
import { toTaskQueue } from '../../workflows/contract.ts'
import { connect } from './connect.ts'
import type { Ground } from './ground.ts'
import { type Activities, createOutside, type Outside } from './outside.ts'
import { putCycle, type StagedCycle } from './staged-cycle.ts'

export interface CycleWish {
  dependsOn?: string[]
  definition?: Partial<ProductDefinition>
  run?: Partial<ProductDefinition['run']>
  input?: Partial<CycleInput>
  /** How its activities answer, where not all goes well. */
  script?: Partial<Activities>
}

/** With no workflow cached, each task replays its cycle from the start. */
export type WorkflowLimits = Pick<WorkerOptions, 'maxCachedWorkflows'>

export interface Stage {
  client: Client
  outside: Outside
  /** A cycle of the product `<domain>/<name>`, not started yet; it waits for raw/a and raw/b if nothing else is said. */
  cycle(name: string, wish?: CycleWish): StagedCycle
  /** Until they are resumed, activities that are asked for find nobody. */
  restActivities(): Promise<void>
  resumeActivities(): Promise<void>
  /** All workers away, and others in their place. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Instead of process and host, which would stand in recorded histories. */
export const IDENTITY = 'stage'

/** Waits of the tests are whole seconds: the server's timers have that grain. */
const SETTINGS = { checkGlueMs: 60_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }

export async function openStage(ground: Ground, domain: string, limits: WorkflowLimits = {}): Promise<Stage> {
  quieten()
  const { address, namespace } = ground
  const [connection, native] = await Promise.all([connect(address), NativeConnection.connect({ address })])
  const client = new Client({ connection, namespace, identity: IDENTITY })
  const outside = createOutside()
  const place = { connection: native, identity: IDENTITY, namespace, taskQueue: toTaskQueue(domain) }
  const run = (worker: Worker) => ({ worker, ended: worker.run() })
  const openActivities = async () => run(await Worker.create({ ...place, activities: outside.activities }))
  const workflowBundle = { code: await readFile(ground.bundlePath, 'utf8') }
  // Two workers, so that one kind of task can be left waiting.
  const openWorkflows = async () => run(await Worker.create({ ...place, ...limits, workflowBundle }))
  let workflows = await openWorkflows()
  let activities: Awaited<ReturnType<typeof openActivities>> | undefined = await openActivities()
  const restActivities = async (): Promise<void> => {
    activities?.worker.shutdown()
    await activities?.ended
    activities = undefined
  }
  const resumeActivities = async (): Promise<void> => {
    activities ??= await openActivities()
  }
  const rest = async (): Promise<void> => {
    workflows.worker.shutdown()
    await Promise.all([workflows.ended, restActivities()])
  }
  return {
    client,
    outside,
    cycle(name, { dependsOn = ['raw/a', 'raw/b'], definition, run, input, script = {} } = {}) {
      const whole = definitionOf(`${domain}/${name}`, dependsOn, definition)
      const ours = { ...whole, run: { ...whole.run, retryAfterMs: 0, ...run } }
      return putCycle(client, outside, inputOf(ours, { settings: SETTINGS, ...input }), script)
    },
    restActivities,
    resumeActivities,
    async restart() {
      await rest()
      workflows = await openWorkflows()
      await resumeActivities()
    },
    async close() {
      await rest()
      await Promise.all([native.close(), connection.close()])
    },
  }
}

/** The SDK tells each failed activity; here they fail on purpose. */
function quieten(): void {
  const logger = new DefaultLogger('ERROR')
  Runtime.install({ logger })
}
