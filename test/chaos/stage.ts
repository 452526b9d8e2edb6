// The stage of the fault suite: real Temporal, PostgreSQL and sandbox AWS as direct children, a mesh deployed on them,
// bridges and workers as processes of their own. In: how many lanes. Out: a stage to play faults on.
// Never: something left running or lying about after stop().
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Client } from '@temporalio/client'
import { CATALOG_BUCKET, deployMesh } from '../../cli/dev/deploy-mesh.ts'
import { type Servers, type ServersOrder, startServers } from '../../cli/dev/servers.ts'
import { silently } from '../../cli/dev/show.ts'
import { REGION, toEnvironment, toRecordAddresses } from '../../cli/stack-environment.ts'
import { openByHand } from '../../cli/open-cycle.ts'
import { type CycleKey, domainOf, type ProductId } from '../../model/ids.ts'
import { loadCatalogs } from '../../cli/demo/feed-mesh.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { openTemporal } from '../../clients/temporal.ts'
import { readConfig } from '../../clients/config.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { buildBundle } from '../../workers/bundle.ts'
import { root } from '../steps.ts'
import { type ChaosDomain, DOMAINS, type MeshOrder, writeMesh } from './mesh.ts'
import { type RoleName, type RoleOrder, type RoleProcess, startRole } from './roles.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export interface Stage {
  folder: string
  servers: Servers
  awsEndpoint: string
  accounts: Record<string, string>
  /** Straight to the servers, past every proxy. */
  temporal: Client
  /** As superuser. */
  db: Postgres
  /** Variables of a domain's roles, without proxies. */
  environmentOf(domain: string): Record<string, string>
  /** By `worker d1`, `bridge d2`; the latest of each name. */
  roles: Map<string, RoleProcess>
  start(order: RoleOrder): Promise<RoleProcess>
  /** All four, those that run already left alone. */
  startAll(): Promise<void>
  roleOf(role: RoleName, domain: ChaosDomain): RoleProcess
  /** Opens a cycle by hand, also one too old for an arrival to open. */
  open(product: string, key: string): Promise<void>
  /** A proxy to that server; closed with the stage. */
  proxyTo(server: 'aws' | 'temporal' | 'postgres'): Promise<TcpProxy>
  stop(): Promise<void>
}

export const ROLES: { role: RoleName; domain: ChaosDomain }[] = DOMAINS.flatMap((domain) =>
  (['worker', 'bridge'] as const).map((role) => ({ role, domain })),
)

/** Short where a crash would else cost minutes; nothing else differs from production. */
const SETTINGS = {
  SLUICE_GLUE_CHECK_SECONDS: '5',
  SLUICE_GLUE_CAPACITY_SECONDS: '1',
  SLUICE_RECORD_RETRY_SECONDS: '3',
  SLUICE_CATALOG_POLL_SECONDS: '2',
  SLUICE_CHAOS_VISIBILITY: '5',
}

/** Infrastructure made for a mesh of so many lanes serves the next stage of that size. */
const TEMPLATES = path.join(root, '.sluice', 'templates')

export async function startStage(order: StageOrder = {}): Promise<Stage> {
  const { servers: own = {} } = order
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-chaos-'))
  const servers = await startServers({
    ...{ parts: ['aws', 'temporal', 'postgres'], folder, namespace: 'default', database: 'sluice_chaos' },
    ...{
      show: silently,
      ...(process.env['SLUICE_TEMPORAL_CLI'] && { temporalCli: process.env['SLUICE_TEMPORAL_CLI'] }),
      ...own,
    },
  })
  try {
    return await deploy(folder, servers, order)
  } catch (error) {
    await stopServers(folder, servers)
    throw error
  }
}

export interface StageOrder {
  lanes?: number
  /** Of every role, over those of the stage. */
  settings?: Record<string, string>
  /** That run already, and are neither started nor stopped with the stage (kept-servers.ts). */
  servers?: Pick<ServersOrder, 'temporalAddress' | 'databaseUrl'>
  mesh?: MeshOrder
}

async function deploy(
  folder: string,
  servers: Servers,
  { lanes = 2, settings = {}, mesh }: StageOrder,
): Promise<Stage> {
  const { awsEndpoint = '', databaseUrl = '', temporalAddress = '' } = servers
  const bundle = path.join(folder, 'workflows.js')
  const meshFolder = writeMesh(folder, lanes, mesh)
  const [deployed] = await Promise.all([
    deployMesh({ awsEndpoint, databaseUrl, meshFolder, templatesCache: TEMPLATES, actor: 'fault suite' }),
    buildBundle(bundle),
  ])
  const { accounts, databaseUrls } = deployed
  const addresses = toRecordAddresses({
    ...{ awsEndpoint, temporalAddress, temporalNamespace: 'default', databaseUrl, bundle },
    ...{ accounts, databaseUrls, settings: { ...SETTINGS, SLUICE_CATALOG_BUCKET: CATALOG_BUCKET, ...settings } },
  })
  const environmentOf = (domain: string) => toEnvironment({ id: 'chaos', addresses }, domain)
  const temporal = await openTemporal(readConfig(environmentOf('d1'), 'd1').temporal, 10_000)
  return toStage({ folder, servers, accounts, environmentOf, temporal, db: openPostgres(databaseUrl) })
}

type StageParts = Pick<Stage, 'folder' | 'servers' | 'accounts' | 'environmentOf' | 'temporal' | 'db'>

function toStage(parts: StageParts): Stage {
  const { folder, servers, environmentOf, temporal, db } = parts
  const roles = new Map<string, RoleProcess>()
  const all: RoleProcess[] = []
  const proxies: TcpProxy[] = []
  const stage: Stage = {
    ...parts,
    ...{ roles, awsEndpoint: servers.awsEndpoint ?? '' },
    async start(order) {
      const started = await startRole(order, environmentOf(order.domain), folder)
      roles.set(started.name, started)
      all.push(started)
      return started
    },
    async startAll() {
      const isGone = (name: string): boolean => roles.get(name)?.exit() !== undefined || !roles.has(name)
      const gone = ROLES.filter(({ role, domain }) => isGone(`${role} ${domain}`))
      await Promise.all(gone.map((order) => stage.start(order)))
    },
    roleOf(role, domain) {
      const found = roles.get(`${role} ${domain}`)
      if (!found) throw new Error(`No ${role} of ${domain} was started on this stage.`)
      return found
    },
    async open(product, key) {
      const catalogs = await loadCatalogs({ endpoint: stage.awsEndpoint, region: REGION }, [...DOMAINS])
      const id = { product: product as ProductId, key: key as CycleKey }
      const catalog = catalogs.get(domainOf(id.product))
      if (!catalog) throw new Error(`The stage has no domain of ${product}.`)
      const opened = await openByHand(temporal, catalog, id, readConfig(environmentOf('d1'), 'd1').cycle)
      if (opened.kind === 'refused') throw new Error(`Could not open ${product}/${key}: ${opened.reason}`)
    },
    async proxyTo(server) {
      const proxy = await startTcpProxy(toTarget(servers, server))
      proxies.push(proxy)
      return proxy
    },
    async stop() {
      for (const role of all) if (!role.exit()) role.thaw()
      // Nothing of a finished case is worth a graceful end, and some roles may hang in a fault.
      await Promise.all(all.map((role) => role.kill()))
      await Promise.all([temporal.connection.close(), db.end(), ...proxies.map((proxy) => proxy.close())])
      await stopServers(folder, servers)
    },
  }
  return stage
}

function toTarget(servers: Servers, server: 'aws' | 'temporal' | 'postgres'): { host: string; port: number } {
  const { awsEndpoint, temporalAddress, databaseUrl } = servers
  const url = new URL({ aws: awsEndpoint, temporal: `tcp://${temporalAddress}`, postgres: databaseUrl }[server] ?? '')
  return { host: url.hostname, port: Number(url.port) }
}

async function stopServers(folder: string, servers: Servers): Promise<void> {
  await Promise.all(servers.processes.map((server) => server.stop()))
  removeData(path.join(folder, 'postgres'))
  if (process.env['SLUICE_CHAOS_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true })
}
