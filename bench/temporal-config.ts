// In: ports and the database. Out: the configuration of a Temporal server with all its services in one process.
// Never: an address other than loopback. (JSON is YAML, which is what the server reads.)
import { randomInt } from 'node:crypto'
import { LOOPBACK, requireFreePort } from '../sandbox/ports.ts'

const SERVICES = ['frontend', 'history', 'matching', 'worker'] as const

export interface TemporalPorts {
  /** gRPC and membership of each service. */
  services: Record<(typeof SERVICES)[number], { grpc: number; membership: number }>
  metrics: number
}

export interface TemporalStore {
  host: string
  user: string
  password: string
  history: string
  visibility: string
}

/** Shards cannot be changed later; four is what a small installation takes. */
const SHARDS = 4

export async function choosePorts(): Promise<TemporalPorts> {
  const pair = async () => ({ grpc: await lowPort(), membership: await lowPort() })
  return {
    services: { frontend: await pair(), history: await pair(), matching: await pair(), worker: await pair() },
    metrics: await lowPort(),
  }
}

/** The server keeps its ports in columns of two bytes with a sign; what the system gives out is higher. */
async function lowPort(tries = 20): Promise<number> {
  try {
    return await requireFreePort(randomInt(20_000, 32_700), 'Temporal')
  } catch (error) {
    if (tries <= 1) throw error
    return lowPort(tries - 1)
  }
}

export function toTemporalConfig(ports: TemporalPorts, store: TemporalStore): object {
  const frontend = `${LOOPBACK}:${ports.services.frontend.grpc}`
  const off = { state: 'disabled', enableRead: false }
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      ...{ defaultStore: 'default', visibilityStore: 'visibility', numHistoryShards: SHARDS },
      datastores: { default: toSql(store, store.history), visibility: toSql(store, store.visibility) },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: LOOPBACK },
      metrics: { prometheus: { timerType: 'histogram', listenAddress: `${LOOPBACK}:${ports.metrics}` } },
    },
    services: Object.fromEntries(SERVICES.map((name) => [name, { rpc: toRpc(ports.services[name]) }])),
    clusterMetadata: {
      ...{ enableGlobalNamespace: false, failoverVersionIncrement: 10 },
      ...{ masterClusterName: 'active', currentClusterName: 'active' },
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: frontend },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: off, visibility: off },
    namespaceDefaults: { archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } } },
    publicClient: { hostPort: frontend },
  }
}

const toRpc = ({ grpc, membership }: { grpc: number; membership: number }) => ({
  ...{ grpcPort: grpc, membershipPort: membership, bindOnIP: LOOPBACK },
})

const toSql = ({ host, user, password }: TemporalStore, databaseName: string) => ({
  sql: {
    ...{ pluginName: 'postgres12', databaseName, connectAddr: host, connectProtocol: 'tcp', user, password },
    ...{ maxConns: 30, maxIdleConns: 30, maxConnLifetime: '1h' },
  },
})
