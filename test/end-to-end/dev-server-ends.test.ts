// A server of a local stack that ends by itself: what `sluice dev` says, what stops, what stays.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { isStillRunning } from '../../sandbox/process-identity.ts'
import type { StackRecord } from '../../sandbox/stacks.ts'
import { start } from './cli-process.ts'

function readRecord(stacks: string): StackRecord {
  const [file = ''] = readdirSync(stacks).filter((name) => name.endsWith('.json'))
  return JSON.parse(readFileSync(path.join(stacks, file), 'utf8')) as StackRecord
}

test('a killed PostgreSQL ends the stack: it is said what died, what is kept and gone, and how to run it again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-dev-ends-'))
  const stacks = path.join(folder, '.sluice', 'stacks')
  const dev = start(['dev', '--only', 'aws,postgres'], folder)
  try {
    await dev.until(/ is up until Ctrl-C/)
    const { id, processes } = readRecord(stacks)
    const server = processes.find(({ name }) => name === 'PostgreSQL')
    expect(server).toBeDefined()
    process.kill(server?.pid ?? 0, 'SIGKILL')
    const { code, err } = await dev.ended
    expect(code).toBe(1)
    const kept = path.join(stacks, id)
    expect(err).toMatch(/^PostgreSQL has ended, and the stack does not go on without it\. Its last lines, of .*:\n/m)
    expect(err).toContain(`Kept: the logs, and the ledger of the AWS sandbox, in ${kept}.`)
    expect(err).toContain('Gone with the stack: its database; the queues, buckets and Glue runs of the AWS sandbox.')
    expect(err).toMatch(/^To run it again, from the beginning: .*sluice\S* dev --only aws,postgres$/m)
    expect(readdirSync(kept)).toEqual(expect.arrayContaining(['aws-ledger.jsonl', 'postgres.log']))
    expect(existsSync(path.join(kept, 'postgres'))).toBe(false)
    expect(processes.filter(isStillRunning)).toEqual([])
  } finally {
    await dev.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a killed sandbox ends its stack too; the server of another that it used keeps what it has', async () => {
  const [theirs, ours] = [0, 1].map(() => mkdtempSync(path.join(tmpdir(), 'sluice-dev-ends-'))) as [string, string]
  const other = start(['dev', '--only', 'temporal'], theirs)
  const devs = [other]
  try {
    await other.until(/ is up until Ctrl-C/)
    const { addresses, processes: servers } = readRecord(path.join(theirs, '.sluice', 'stacks'))
    const address = addresses['temporalAddress'] ?? ''
    const dev = start(['dev', '--only', 'aws,temporal', '--temporal-address', address], ours)
    devs.push(dev)
    await dev.until(/ is up until Ctrl-C/)
    const { processes } = readRecord(path.join(ours, '.sluice', 'stacks'))
    process.kill(processes.find(({ name }) => name === 'AWS sandbox')?.pid ?? 0, 'SIGKILL')
    const { code, err } = await dev.ended
    expect(code).toBe(1)
    expect(err).toMatch(/^Gone with the stack: the queues.*\. Servers that it did not start keep what they have\.$/m)
    expect(servers.filter(({ name }) => name === 'Temporal').map(isStillRunning)).toEqual([true])
  } finally {
    for (const dev of devs) await dev.stop('SIGTERM')
    for (const folder of [theirs, ours]) rmSync(folder, { recursive: true, force: true })
  }
})
