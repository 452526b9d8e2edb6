// The demo itself: real Temporal, PostgreSQL, processes and AWS calls, judged by the laws.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_SETTINGS, type DemoResult, runDemo } from '../../cli/demo/run-demo.ts'
import { type LocalStack, startLocalStack } from '../../cli/dev/local-stack.ts'
import { silently } from '../../cli/dev/show.ts'
import { startPostgres } from '../../sandbox/postgres/server.ts'
import { run } from './cli-process.ts'
import { expectLaws } from './laws.ts'
import { publishedIds, startedRuns, untilLedger } from './sandbox-ledger.ts'
import type { SandboxRow } from '../../verify/evidence.ts'

const MESH = fileURLToPath(new URL('../../examples/mesh', import.meta.url))
const MINUTE_MS = 60_000

let workingFolder: string
let stack: LocalStack
const ending = new AbortController()

async function startStack(more: { forwardedAccount?: 'origin' | 'bus' } = {}): Promise<LocalStack> {
  const settings = DEMO_SETTINGS
  return startLocalStack({
    name: 'test',
    workingFolder,
    meshFolder: MESH,
    settings,
    actor: 'test',
    show: silently,
    ...more,
  })
}

const runOn = (stack: LocalStack): Promise<DemoResult> =>
  runDemo({ stack, nowMs: Date.now(), say: () => undefined, signal: ending.signal })

const until = (isThere: (rows: SandboxRow[]) => boolean): Promise<SandboxRow[]> =>
  untilLedger(stack.servers.awsEndpoint ?? '', isThere, ending.signal)

beforeAll(() => {
  workingFolder = mkdtempSync(path.join(tmpdir(), 'sluice-end-to-end-'))
})

afterAll(() => {
  ending.abort()
  rmSync(workingFolder, { recursive: true, force: true })
})

describe('five dates of the example mesh', () => {
  test(
    'an event may keep its account when forwarded, or take that of the bus',
    async () => {
      for (const forwardedAccount of ['bus', 'origin'] as const) {
        stack = await startStack({ forwardedAccount })
        try {
          await expectLaws(stack, await runOn(stack))
        } finally {
          await stack.stop()
        }
      }
    },
    8 * MINUTE_MS,
  )

  test('a bridge and a worker killed in the middle change nothing of it', async () => {
    stack = await startStack()
    try {
      const running = runOn(stack)
      running.catch(() => undefined)
      await until((rows) => startedRuns(rows).some(({ cycle }) => cycle.startsWith('d1/ds1/')))
      await Promise.all(['bridge d1', 'worker d1', 'worker raw'].map(kill))
      const killedAt = (await until(() => true)).length
      // Events pile up for the dead bridge, and Glue runs end that nobody hears of.
      await until((rows) => rows.slice(killedAt).some(isForD1))
      await Promise.all([
        stack.startRole('bridge', 'd1'),
        stack.startRole('worker', 'd1'),
        stack.startRole('worker', 'raw'),
      ])
      await expectLaws(stack, await running)
    } finally {
      await stack.stop()
    }
  })

  test('with PostgreSQL away pipelines go on, roles start, and the mirror converges', async () => {
    stack = await startStack()
    const postgres = stack.servers.processes.find(({ name }) => name === 'PostgreSQL')
    const port = Number(new URL(stack.servers.databaseUrl ?? '').port)
    let again: Awaited<ReturnType<typeof startPostgres>> | undefined
    try {
      const running = runOn(stack)
      running.catch(() => undefined)
      await until((rows) => startedRuns(rows).some(({ cycle }) => cycle.startsWith('raw/')))
      await postgres?.kill()
      await Promise.all(['bridge d1', 'worker d1'].map(kill))
      await Promise.all([stack.startRole('bridge', 'd1'), stack.startRole('worker', 'd1')])
      await until((rows) => publishedIds(rows).some(({ id }) => id.startsWith('d1/ds4/')))
      await expectOutageTold()
      again = await startPostgres({
        folder: path.join(stack.folder, 'postgres'),
        logFile: path.join(stack.folder, 'postgres-again.log'),
        port,
      })
      await expectLaws(stack, await running)
    } finally {
      await stack.stop()
      await again?.stop()
    }
  })
})

/** What a person is told while PostgreSQL is away: since when, what goes on, what comes by itself. */
async function expectOutageTold(): Promise<void> {
  const { code, out } = await run(['doctor', '-o', 'json'], workingFolder)
  expect(code).toBe(1)
  const findings = JSON.parse(out) as { check: string; since?: string; works?: string; catchesUp?: string }[]
  expect(findings.find(({ check }) => check === 'PostgreSQL')).toMatchObject({
    since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z: \d+ cycles? of the \d+ looked at cannot write their status$/),
    works: expect.stringContaining('refresh and publish'),
    catchesUp: expect.stringContaining('writes its whole status'),
  })
}

const kill = async (name: string): Promise<void> => void (await stack.roles.get(name)?.kill())

const isForD1 = ({ kind, facts }: SandboxRow): boolean =>
  kind === 'message-visible' && String(facts['queueArn']).endsWith(':sluice-d1-events')

test('nothing of a stack is left when it was stopped', () => {
  expect(stack.servers.processes.every((process) => process.exit())).toBe(true)
  expect([...stack.roles.values()].every((process) => process.exit())).toBe(true)
})
