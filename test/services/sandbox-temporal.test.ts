// The development server on the real executable: it is found, serves, keeps its file, and says what is wrong.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from '@temporalio/client'
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { LOOPBACK } from '../../sandbox/ports.ts'
import { commandLineOf } from '../../sandbox/process-identity.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { type RunningTemporal, startTemporal, type TemporalOptions } from '../../sandbox/temporal/server.ts'
import { connect } from '../workflows/connect.ts'

const root = mkdtempSync(path.join(tmpdir(), 'sluice-temporal-'))
const running: RunningTemporal[] = []
let executable: string

beforeAll(async () => {
  const explicit = process.env.SLUICE_TEMPORAL_CLI
  const found = await findTemporal({ explicit, cacheFolder: cacheFolder(), onProgress: (line) => console.log(line) })
  executable = found.path
})
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()))
  rmSync(root, { recursive: true, force: true })
})

async function start(overrides: Partial<TemporalOptions> = {}): Promise<RunningTemporal> {
  const server = await startTemporal({
    executable,
    namespace: 'mesh',
    logFile: path.join(root, 'temporal.log'),
    searchAttributes: { SluiceDomain: 'Keyword' },
    headless: true,
    ...overrides,
  })
  running.push(server)
  return server
}

test('it serves the namespace, the attributes and the UI when it says it is up; after the stop nothing is left', async () => {
  const server = await start({ headless: false })
  await withClient(server, async (client) => {
    await client.workflow.start('none', { taskQueue: 'none', workflowId: 'd1/ds1', ...inDomain('d1') })
    const described = await client.workflow.getHandle('d1/ds1').describe()
    expect(described.typedSearchAttributes.get(domain)).toBe('d1')
  })
  expect((await fetch(String(server.uiUrl))).status).toBe(200)

  await server.stop()

  expect(commandLineOf(server.pid)).toBeUndefined()
})

test('with a file it keeps its workflows and their attributes over a kill -9', async () => {
  const dbFile = path.join(root, 'kept.db')
  const first = await start({ dbFile })
  await withClient(first, async (client) => {
    await client.workflow.start('none', { taskQueue: 'none', workflowId: 'kept', ...inDomain('raw') })
  })
  await first.kill()

  const second = await start({ dbFile })

  await withClient(second, async (client) => {
    const kept = await client.workflow.getHandle('kept').describe()
    expect(kept.status.name).toBe('RUNNING')
    expect(kept.typedSearchAttributes.get(domain)).toBe('raw')
  })
})

test('two start at once on ports of their own', async () => {
  const [one, two] = await Promise.all([start(), start()])
  expect(one.address).not.toBe(two.address)
})

test('a taken port is one clear sentence', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, LOOPBACK, resolve))
  const { port } = taken.address() as { port: number }
  await expect(start({ port })).rejects.toThrow(`Port ${port} for Temporal is taken by another program`)
  taken.close()
})

test('a server that dies says its last lines', async () => {
  const broken = path.join(root, 'broken')
  writeFileSync(broken, '#!/bin/sh\necho "database is locked" >&2\nexit 4\n')
  chmodSync(broken, 0o755)
  await expect(start({ executable: broken })).rejects.toThrow(/ended before it was ready \(exit code 4\)[^]*is locked/)
})

const domain = defineSearchAttributeKey('SluiceDomain', 'KEYWORD')
const inDomain = (name: string) => ({
  typedSearchAttributes: new TypedSearchAttributes([{ key: domain, value: name }]),
})

async function withClient(server: RunningTemporal, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await connect(server.address)
  try {
    await use(new Client({ connection, namespace: 'mesh' }))
  } finally {
    await connection.close()
  }
}
