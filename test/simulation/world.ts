// One simulated mesh. In: a seed. Out: everything that may be looked at once it has healed and come to rest.
// Real: bridge, workflows, activities, model, mirror modules. Fake: AWS, the Temporal server, PostgreSQL, time.
import { openDueCycles as tick } from '../../workflows/scheduler.ts'
import { dataProductCycle } from '../../workflows/data-product-cycle.ts'
import { SCHEDULER_WORKFLOW, CYCLE_WORKFLOW, toTaskQueue } from '../../workflows/contract.ts'
import type { Domain } from '../../model/ids.ts'
import { type AwsLedger, createAwsLedger } from './aws-ledger.ts'
import { createGlue, type Glue, type Run } from './glue.ts'
import { createHostility, type Hostility, type Life } from './hostility.ts'
import { createMesh, type Mesh } from './mesh.ts'
import { createTables, type Tables } from './tables.ts'
import { createOperator } from './operator.ts'
import { createCentralBus, type CentralBus } from './central-bus.ts'
import { createQueues, type Queues } from './queues.ts'
import { createRandom } from './random.ts'
import { bootBridge, bootWorker } from './roles.ts'
import { createTemporalServer, type TemporalServer } from './temporal-server.ts'
import { createVirtualTime, inVirtualTime, type VirtualTime } from './virtual-time.ts'

export interface World {
  seed: number
  time: VirtualTime
  hostility: Hostility
  mesh: Mesh
  server: TemporalServer
  queues: Queues
  ledger: AwsLedger
  bus: CentralBus
  glues: Map<Domain, Glue>
  tables: Tables
  isAtRest: boolean
  /** What happens in it was said beforehand: nobody reruns what had completed. */
  isPlanned: boolean
  errorWaitMs: number
}

/** A world of which the mesh and the events from outside are said; its troubles are the seed's. */
export interface Plan {
  mesh: Mesh
  /** Called once, as the world begins. */
  publish(world: World): void
  /** Acts of hostility that are not done, because by rule they change the outcome. */
  without: ReadonlySet<string>
}

const HOUR_MS = 3_600_000
const START_MS = Date.parse('2026-11-17T20:00:00Z')
const TICK_MS = 3 * HOUR_MS
const QUIET_PATIENCE_MS = 96 * HOUR_MS

export const toQueue = (domain: Domain): string => `sluice-${domain}`

export async function simulate(seed: number, keepsSchedule: boolean, plan?: Plan): Promise<World> {
  const random = createRandom(seed)
  const time = createVirtualTime(START_MS, keepsSchedule)
  const world = createWorld(seed, time, { hostility: createHostility(time, random, plan?.without), plan })
  return inVirtualTime(time, random, async () => {
    for (const domain of world.mesh.domains) {
      keepAlive(world, domain, 'bridge', (life) => bootBridge(world, domain, life))
      keepAlive(world, domain, 'worker', (life) => bootWorker(world, domain, life))
      keepTicking(world, domain, 1)
    }
    if (plan) plan.publish(world)
    else world.bus.publishRaw(world.mesh)
    scatterOutages(world)
    const operator = createOperator(world)
    await time.run(Date.parse(`${world.mesh.keys.at(-1)}T20:00:00Z`))
    world.hostility.isHealed = true
    time.note('healed')
    operator.mend()
    let quietSinceMs: number | null = null
    await time.run(time.nowMs() + QUIET_PATIENCE_MS, () => {
      const isQuiet = isIdle(world) && operator.isDone()
      quietSinceMs = isQuiet ? (quietSinceMs ?? time.nowMs()) : null
      // Two ticks of the scheduler must have found nothing to repair.
      world.isAtRest = quietSinceMs !== null && time.nowMs() > quietSinceMs + 2.1 * TICK_MS
      return world.isAtRest
    })
    return world
  })
}

function createWorld(
  seed: number,
  time: VirtualTime,
  { hostility, plan }: { hostility: Hostility; plan: Plan | undefined },
): World {
  const mesh = plan?.mesh ?? createMesh(hostility.random)
  const ledger = createAwsLedger(time)
  const queues = createQueues(time, hostility, ledger)
  const bus = createCentralBus({ time, hostility, queues, ledger, mesh })
  const server = createTemporalServer(time, hostility, {
    [CYCLE_WORKFLOW]: dataProductCycle,
    [SCHEDULER_WORKFLOW]: tick,
  })
  const cancelAtWork = ({ arguments: { '--sluice_workflow_id': id = '' } }: Run): void => {
    if (!hostility.strikes('a cycle cancelled at work', 0.01)) return
    time.after(hostility.random.between(0, 60_000), `${id} is cancelled`, () => {
      if (server.runsOf.get(id)?.at(-1)?.isOpen) server.cancel(id)
    })
  }
  return {
    ...{ seed, time, hostility, mesh, queues, ledger, bus, tables: createTables(mesh), isAtRest: false },
    isPlanned: plan !== undefined,
    server,
    glues: new Map(
      mesh.domains.map((domain) => {
        const tell = (run: Run): void => bus.tellGlueEnd(domain, run)
        return [domain, createGlue({ time, hostility, ledger, name: domain, begun: cancelAtWork, tell })]
      }),
    ),
    errorWaitMs: hostility.random.pick([2 * HOUR_MS, 240 * HOUR_MS]),
  }
}

/** A dead process is replaced after a while. */
function keepAlive(world: World, domain: Domain, role: string, boot: (life: Life) => void): void {
  const { time, hostility } = world
  let count = 0
  const spawn = (): void => {
    count += 1
    const life: Life = {
      ...{ name: `${role} ${domain} #${count}`, isAlive: true },
      die() {
        if (!life.isAlive) return
        life.isAlive = false
        time.after(hostility.random.between(500, 90_000), `${role} ${domain} boots`, spawn)
      },
    }
    boot(life)
  }
  spawn()
}

/** What the Temporal Schedule does; each three hours here, so that idle time costs little. */
function keepTicking(world: World, domain: Domain, count: number): void {
  const { time, server } = world
  time.after(TICK_MS, `tick ${count} of ${domain}`, () => {
    server.start({
      ...{ workflowId: `tick-${domain}-${count}`, taskQueue: toTaskQueue(domain), type: SCHEDULER_WORKFLOW },
      ...{ input: domain, conflictPolicy: 'FAIL', reusePolicy: 'REJECT_DUPLICATE' },
    })
    keepTicking(world, domain, count + 1)
  })
}

function scatterOutages({ time, hostility, mesh }: World): void {
  const { random } = hostility
  for (let left = random.between(0, 5); left > 0; left -= 1) {
    const service = random.pick(['postgres', 'postgres', 'temporal', 'sqs', 'glue', 'events', 's3'])
    const lastsMs = random.between(60_000, 3 * HOUR_MS)
    const isForbidden = random.chance(0.3) && ['sqs', 'glue', 'events'].includes(service)
    const what = isForbidden ? `${service} forbids all` : `${service} goes away`
    time.after(random.between(HOUR_MS, mesh.keys.length * 24 * HOUR_MS), what, () => {
      hostility.awayUntilMs.set(service, time.nowMs() + lastsMs)
      if (isForbidden) hostility.forbidding.add(service)
      else hostility.forbidding.delete(service)
    })
  }
}

const isIdle = ({ server, queues, mesh, glues }: World): boolean =>
  server.isIdle() &&
  mesh.domains.every((domain) => queues.depth(toQueue(domain)) === 0) &&
  [...glues.values()].every(({ runs }) => runs.every(({ state }) => state !== 'RUNNING'))
