// The roles of the stage as processes. In: which, for what domain, and what is between it and the servers.
// Out: a role that is ready and can be killed, stopped in its tracks, let go on. Never: one that outlives the test.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { plainEnvironment, type RunningProcess, startProcess } from '../../sandbox/processes.ts'
import { root } from '../steps.ts'
import type { ChaosDomain } from './mesh.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export type RoleName = 'worker' | 'bridge'

export interface RoleOrder {
  role: RoleName
  domain: ChaosDomain
  /** Added to the stage's settings. */
  env?: Record<string, string>
  /** Leads the role's connections to that server through a proxy. */
  through?: Partial<Record<'aws' | 'temporal' | 'postgres', TcpProxy>>
  /** Of the old space; for a worker that shall run out of it. */
  heapMb?: number
  /** Preloads cycle-cache.ts into a worker. */
  cache?: { record: string; parts?: number; ballastMb?: number }
}

export interface RoleProcess extends RunningProcess {
  /** SIGSTOP: it stands still, its connections stay. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
}

/** Resolves when the role says that it is ready, or when it ended before: a crash point may lie in its start. */
export async function startRole(
  order: RoleOrder,
  environment: Record<string, string>,
  folder: string,
): Promise<RoleProcess> {
  const { role, domain, heapMb } = order
  const preloads = ['edges.ts', ...(order.cache ? ['cycle-cache.ts'] : [])].flatMap((file) => [
    ...['--import', pathToFileURL(path.join(root, 'test', 'chaos', file)).href],
  ])
  const running = await startProcess({
    name: `${role} ${domain}`,
    command: process.execPath,
    args: [
      ...['--disable-warning=ExperimentalWarning', ...(heapMb ? [`--max-old-space-size=${heapMb}`] : [])],
      ...[...preloads, path.join(root, 'workers', `${role}.ts`), domain],
    ],
    env: {
      ...{ ...plainEnvironment(), ...toEnvironment(order, environment) },
      ...{ SLUICE_CHAOS_UNLISTED: toUnlistedFile(folder, role), ...order.env },
    },
    logFile: path.join(folder, `${role}-${domain}.log`),
    graceMs: 25_000,
  })
  await becomeReady(running)
  return {
    ...running,
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    thaw: () => void process.kill(running.pid, 'SIGCONT'),
  }
}

/** Effects of such a role that effect-list.ts does not have; no file: none. */
export const toUnlistedFile = (folder: string, role: RoleName): string => path.join(folder, `unlisted-${role}.txt`)

const READY_WITHIN_MS = 120_000

async function becomeReady(running: RunningProcess): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS
  while (!running.exit() && !/^\{"ready":/m.test(running.lastLines(Number.POSITIVE_INFINITY))) {
    if (performance.now() > untilMs) throw new Error(`${running.name} was not ready in time: ${running.lastLines()}`)
    await Promise.race([running.exited, new Promise((resolve) => setTimeout(resolve, 50))])
  }
}

function toEnvironment(
  { through = {}, cache }: RoleOrder,
  environment: Record<string, string>,
): Record<string, string> {
  const { aws, temporal, postgres } = through
  const url = new URL(environment['DATABASE_URL'] ?? '')
  if (postgres) Object.assign(url, { hostname: postgres.host, port: String(postgres.port) })
  return {
    ...environment,
    DATABASE_URL: url.href,
    ...(temporal ? { TEMPORAL_ADDRESS: `${temporal.host}:${temporal.port}` } : {}),
    ...(aws ? { AWS_ENDPOINT_URL: `http://${aws.host}:${aws.port}` } : {}),
    ...(cache ? toCacheSettings(cache) : {}),
  }
}

const toCacheSettings = ({ record, parts = 1, ballastMb = 0 }: NonNullable<RoleOrder['cache']>) => ({
  SLUICE_CHAOS_CACHE_RECORD: record,
  SLUICE_CHAOS_CACHE_PARTS: String(parts),
  SLUICE_CHAOS_CACHE_BALLAST_MB: String(ballastMb),
})
