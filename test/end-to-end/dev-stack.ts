// A stack of `sluice init` and `sluice dev`, as a person starts it. In: a name for its folder. Out: its record, its mirror to wait
// by, commands on it. Never: its processes or its folder left behind, once stopped.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { type CycleRow, listCycles } from '../../mirror/status.ts'
import type { StackRecord } from '../../sandbox/stacks.ts'
import { type Ended, eventually, run, type Staying, start } from './cli-process.ts'

export interface DevStack {
  folder: string
  /** What `init` said. */
  init: Ended
  dev: Staying
  record: StackRecord
  /** Where a test waits for something; what commands say is asked for once it is there. */
  db: Postgres
  sluice(...args: string[]): Promise<Ended>
  /** What a command prints with `-o json`; that it is JSON, and alone on stdout, is part of the test. */
  json<T>(...args: string[]): Promise<T>
  untilCycle(cycle: string, isSo: (row: CycleRow) => boolean): Promise<CycleRow>
  /** Of the cycles that the scheduler opens by itself the last is over. */
  untilTodayIsOver(): Promise<CycleRow>
  stop(): Promise<void>
}

export async function startDevStack(name: string): Promise<DevStack> {
  const folder = mkdtempSync(path.join(tmpdir(), `${name}-`))
  const sluice = (...args: string[]): Promise<Ended> => run(args, folder)
  const init = await sluice('init', 'my-mesh')
  const dev = start(['dev', 'my-mesh/mesh'], folder)
  await dev.until(/ is up until Ctrl-C/)
  const record = readRecord(folder)
  const db = openPostgres(record.addresses['databaseUrl'] ?? '')
  return {
    ...{ folder, init, dev, record, db, sluice },
    json: async (...args) => JSON.parse((await sluice(...args, '-o', 'json')).out),
    untilCycle: (cycle, isSo) =>
      eventually(async () => (await listCycles(db, { limit: 100 })).find((row) => row.cycle === cycle && isSo(row))),
    untilTodayIsOver: () =>
      eventually(async () =>
        (await listCycles(db, { limit: 100 })).find(
          ({ product, state }) => product === 'shop/best-sellers' && state === 'COMPLETED',
        ),
      ),
    async stop() {
      await db.end()
      await dev.stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readRecord(folder: string): StackRecord {
  const stacks = path.join(folder, '.sluice', 'stacks')
  const [file = ''] = readdirSync(stacks).filter((name) => name.endsWith('.json'))
  return JSON.parse(readFileSync(path.join(stacks, file), 'utf8')) as StackRecord
}
