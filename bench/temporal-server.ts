// In: a PostgreSQL and the programs. Out: a Temporal server over it, a direct child, serving; the same again after a kill.
// Never: the schema set up twice; reachable from another machine.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { Connection } from '@temporalio/client'
import { LOOPBACK } from '../sandbox/ports.ts'
import type { RunningPostgres } from '../sandbox/postgres/server.ts'
import { type RunningProcess, startProcess, waitUntilReady } from '../sandbox/processes.ts'
import type { TemporalBinaries } from './temporal-binaries.ts'
import { choosePorts, type TemporalStore, toTemporalConfig } from './temporal-config.ts'

export interface TemporalOverPostgres {
  address: string
  /** Prometheus text. */
  metricsUrl: string
  process(): RunningProcess
  /** After its end: the same server on the same ports. */
  startAgain(): Promise<void>
}

const START_MS = 120_000
const DATABASES = { history: 'temporal', visibility: 'temporal_visibility' } as const

export async function startTemporalOverPostgres(
  binaries: TemporalBinaries,
  postgres: RunningPostgres,
  folder: string,
): Promise<TemporalOverPostgres> {
  await setUpSchemas(binaries.sql, postgres)
  const ports = await choosePorts()
  const configFile = path.join(folder, 'temporal.yaml')
  writeFileSync(configFile, JSON.stringify(toTemporalConfig(ports, toStore(postgres))), { mode: 0o600 })
  const address = `${LOOPBACK}:${ports.services.frontend.grpc}`
  const start = () => serve(binaries.server, configFile, path.join(folder, 'temporal.log'), address)
  let running = await start()
  return {
    address,
    metricsUrl: `http://${LOOPBACK}:${ports.metrics}/metrics`,
    process: () => running,
    async startAgain() {
      running = await start()
    },
  }
}

async function setUpSchemas(sql: string, postgres: RunningPostgres): Promise<void> {
  const { username, password } = new URL(postgres.url)
  for (const [part, database] of Object.entries(DATABASES)) {
    await postgres.createDatabase(database)
    const server = ['--plugin', 'postgres12', '--endpoint', LOOPBACK, '--port', String(postgres.port)]
    const login = ['--user', username, '--password', password, '--database', database]
    const schema = part === 'history' ? 'postgresql/v12/temporal' : 'postgresql/v12/visibility'
    await promisify(execFile)(sql, [...server, ...login, 'setup-schema', '-v', '0.0'])
    await promisify(execFile)(sql, [...server, ...login, 'update-schema', '--schema-name', schema])
  }
}

const toStore = (postgres: RunningPostgres): TemporalStore => {
  const { username: user, password, host } = new URL(postgres.url)
  return { host, user, password, ...DATABASES }
}

async function serve(command: string, configFile: string, logFile: string, address: string): Promise<RunningProcess> {
  const args = ['--config-file', configFile, '--allow-no-auth', 'start']
  const server = await startProcess({ name: 'Temporal', command, args, logFile, graceMs: 20_000 })
  await waitUntilReady(server, () => answers(address), START_MS)
  return server
}

/** Its own namespace is there once all services work. */
async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '2 seconds' })
    try {
      await connection.workflowService.describeNamespace({ namespace: 'temporal-system' })
      return true
    } finally {
      await connection.close()
    }
  } catch {
    return false
  }
}
