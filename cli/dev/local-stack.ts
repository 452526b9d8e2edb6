// A whole local stack: servers, a mesh deployed on them, a worker and a bridge per domain as processes of their own.
// In: what it is made of. Out: a stack under `.sluice/stacks/` that other commands find, until it is stopped.
// Never: something left running, whether the start failed, the stack was stopped or its owner was killed.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { toKnownProcess } from '../../sandbox/process-identity.ts'
import { FRUGAL, plainEnvironment, type RunningProcess, startProcess } from '../../sandbox/processes.ts'
import { cleanStaleStacks, removeStack, type StackRecord, writeStack } from '../../sandbox/stacks.ts'
import { toCount } from '../output.ts'
import { CENTRAL, type StackAddresses, toEnvironment, toRecordAddresses } from '../stack-environment.ts'
import { CENTRAL_ACCOUNT, type Deployed, deployMesh, readDeployable } from './deploy-mesh.ts'
import { PARTS, type Part, type Servers, type ServersOrder, startServers } from './servers.ts'

export type Role = 'worker' | 'bridge'

export interface StackOrder extends Omit<ServersOrder, 'folder' | 'parts' | 'database' | 'namespace'> {
  /** First part of the stack's id: `demo`, `dev`. */
  name: string
  /** Where `.sluice/` lies. */
  workingFolder: string
  parts?: readonly Part[]
  namespace?: string
  /** Absent: servers only. */
  meshFolder?: string
  /** Those that get a worker and a bridge; all of the mesh unless told. */
  domains?: readonly string[]
  /** `SLUICE_*` variables of the roles. */
  settings: Record<string, string>
  actor: string
  /** Aborted: the start ends early, and stops what it had started. */
  signal?: AbortSignal
}

export interface LocalStack {
  record: StackRecord
  folder: string
  servers: Servers
  deployed?: Deployed
  /** By `worker d1`, `bridge d1`. */
  roles: Map<string, RunningProcess>
  environmentOf(who: string): Record<string, string>
  startRole(role: Role, domain: string): Promise<RunningProcess>
  /** Again and again; the first call does it. */
  stop(): Promise<void>
}

export async function startLocalStack(order: StackOrder): Promise<LocalStack> {
  if (order.meshFolder) await readDeployable(order.meshFolder)
  await cleanStaleStacks(order.workingFolder)
  const id = `${order.name}-${randomBytes(3).toString('hex')}`
  const folder = path.join(order.workingFolder, '.sluice', 'stacks', id)
  makeFolder(folder)
  const database = `sluice_${id.replaceAll('-', '_')}`
  const namespace = order.isIsolated && order.temporalAddress ? id : (order.namespace ?? 'default')
  // Before anything runs: whatever a killed start leaves behind is found by its record.
  const owner = toKnownProcess('sluice', process.pid)
  const startedAt = new Date().toISOString()
  writeStack({ id, startedAt, owner, processes: [], addresses: {} }, order.workingFolder)
  const servers = await startServers({ ...order, parts: order.parts ?? PARTS, folder, namespace, database }).catch(
    (error: unknown) => {
      removeData(path.join(folder, 'postgres'))
      removeStack(id, order.workingFolder)
      throw error
    },
  )
  const stack = toStack(order, id, folder, namespace, servers)
  try {
    order.signal?.throwIfAborted()
    if (order.meshFolder) await bringUp(stack, order, order.meshFolder)
    order.signal?.throwIfAborted()
    return stack
  } catch (error) {
    await stack.stop()
    throw error
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    const { message } = cause as Error
    throw new Error(
      `Could not make ${folder} for logs and data: ${message}. Start from a folder that may be written.`,
      {
        cause,
      },
    )
  }
}

type Stack = LocalStack & { addresses: StackAddresses; remember(): void }

function toStack(order: StackOrder, id: string, folder: string, namespace: string, servers: Servers): Stack {
  const { awsEndpoint, temporalAddress, temporalUi, databaseUrl } = servers
  const addresses: StackAddresses = {
    ...{ awsEndpoint, temporalAddress, temporalUi, databaseUrl },
    ...(temporalAddress ? { temporalNamespace: namespace } : {}),
    accounts: { [CENTRAL]: CENTRAL_ACCOUNT },
    databaseUrls: {},
    settings: order.settings,
  }
  const owner = toKnownProcess('sluice', process.pid)
  const record: StackRecord = { id, startedAt: new Date().toISOString(), owner, processes: [], addresses: {} }
  const roles = new Map<string, RunningProcess>()
  let stopping: Promise<void> | undefined
  const stack: Stack = {
    ...{ record, folder, servers, roles, addresses },
    remember() {
      const running = [...servers.processes, ...roles.values()].filter((process) => !process.exit())
      record.processes = running.map(({ name, pid }) => toKnownProcess(name, pid))
      record.addresses = toRecordAddresses(addresses)
      writeStack(record, order.workingFolder)
    },
    environmentOf: (who) => toEnvironment(record, who),
    async startRole(role, domain) {
      const started = await startRole(stack, role, domain)
      roles.set(started.name, started)
      stack.remember()
      return started
    },
    stop() {
      stopping ??= stopAll(stack, order.workingFolder)
      return stopping
    },
  }
  stack.remember()
  return stack
}

async function bringUp(stack: Stack, order: StackOrder, meshFolder: string): Promise<void> {
  const { awsEndpoint, databaseUrl } = stack.servers
  if (!awsEndpoint || !databaseUrl || !stack.servers.temporalAddress) {
    throw new Error('A mesh needs all parts of the local stack: leave out --only, or leave out the mesh.')
  }
  const bundle = path.join(stack.folder, 'workflows.js')
  const templatesCache = path.join(order.workingFolder, '.sluice', 'templates')
  const deploying = order.show('Mesh', async (say) => {
    const { actor } = order
    stack.deployed = await deployMesh({ awsEndpoint, databaseUrl, meshFolder, templatesCache, actor, say })
    const { mesh } = stack.deployed
    return `${toCount(mesh.products.length, 'product')} of ${toCount(mesh.domains.length, 'domain')} applied`
  })
  const bundling = order.show('Workflow bundle', () => buildBundle(bundle, stack.folder))
  const [deployed, bundled] = await Promise.allSettled([deploying, bundling])
  for (const result of [deployed, bundled]) if (result.status === 'rejected') throw result.reason
  const { accounts = {}, databaseUrls = {} } = stack.deployed ?? {}
  Object.assign(stack.addresses, { accounts, databaseUrls, bundle })
  stack.remember()
  order.signal?.throwIfAborted()
  const domains = order.domains ?? stack.deployed?.mesh.domains.map(({ domain }) => domain as string) ?? []
  await order.show('Roles', async () => {
    const starts = domains.flatMap((domain) =>
      (['worker', 'bridge'] as const).map((role) => stack.startRole(role, domain)),
    )
    const results = await Promise.allSettled(starts)
    for (const result of results) if (result.status === 'rejected') throw result.reason
    return `a worker and a bridge for each of ${domains.join(', ')}`
  })
}

const fileOf = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))

/** In a process of its own: the bundler's memory goes with it. */
async function buildBundle(bundle: string, folder: string): Promise<void> {
  const building = await startProcess({
    name: 'workflow bundle',
    command: process.execPath,
    args: [fileOf('workers/build-bundle.ts'), bundle],
    env: baseEnvironment(),
    logFile: path.join(folder, 'bundle.log'),
  })
  const { code } = await building.exited
  if (code !== 0)
    throw new Error(`Could not build the workflow bundle. Its log is ${building.logFile}:\n${building.lastLines()}`)
}

function startRole(stack: Stack, role: Role, domain: string): Promise<RunningProcess> {
  return startProcess({
    name: `${role} ${domain}`,
    command: process.execPath,
    args: [FRUGAL.flag, fileOf(`workers/${role}.ts`), domain],
    env: { ...baseEnvironment(), ...FRUGAL.env, ...stack.environmentOf(domain) },
    logFile: path.join(stack.folder, `${role}-${domain}.log`),
    readyWhen: /^\{"ready":/m,
    graceMs: 25_000,
  })
}

/** A profile of the user would win over the stack's credentials. */
const baseEnvironment = (): Record<string, string> => plainEnvironment('SLUICE_LOG_LEVEL')

/** Roles first, so that they can still write what they have in hand; logs stay, data goes. */
async function stopAll(stack: LocalStack, workingFolder: string): Promise<void> {
  await Promise.all([...stack.roles.values()].map((role) => role.stop()))
  await Promise.all(stack.servers.processes.map((server) => server.stop()))
  removeData(path.join(stack.folder, 'postgres'))
  removeStack(stack.record.id, workingFolder)
}
