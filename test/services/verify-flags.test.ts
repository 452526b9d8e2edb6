// `sluice verify` itself, on real servers: two domains with one cycle each, which no worker has taken.
// What it reads, keeps, judges again without a server, and how it ends.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { insertCatalogVersion, insertDomains } from '../../catalog/rows.ts'
import { CommandFailure, EXIT } from '../../cli/failure.ts'
import { verify } from '../../cli/verify.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { openCycle } from '../../model/calendar/due.ts'
import type { Domain } from '../../model/ids.ts'
import { definitionOf, timetableOf, toKey, versionOf } from '../../model/samples.test-data.ts'
import type { Evidence } from '../../verify/evidence.ts'
import { CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'
import { CENTRAL_ACCOUNT, KEY, OWN_ACCOUNT, REGION } from './refresh-messages.ts'
import { type LentTemporal, lendTemporal } from './temporal.ts'

const HOUR_MS = 3_600_000
const DOMAINS = ['d1', 'd2'] as Domain[]
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-verify-flags-'))
const before = { ...process.env }
let temporal: LentTemporal
let database: LentDatabase
let printed = ''

beforeAll(async () => {
  ;[temporal, database] = await Promise.all([lendTemporal(), lendDatabase()])
  await applyDomains()
  for (const domain of DOMAINS) {
    const version = versionOf(definitionOf(`${domain}/ds1`))
    const settings = { checkGlueMs: 1_000, errorWaitMs: HOUR_MS, recordRetryMs: 1_000 }
    await temporal.client.workflow.start(
      CYCLE_WORKFLOW,
      toCycleStart(openCycle(timetableOf(), version, { key: toKey(KEY), openedBy: 'scheduler', settings })),
    )
  }
  const areListed = async () => (await temporal.client.workflow.count()).count === DOMAINS.length
  await vi.waitUntil(areListed, { timeout: 60_000 })
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([temporal?.stop(), database?.drop()])
})

beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  Object.assign(process.env, {
    ...{ DATABASE_URL: database.url, AWS_REGION: REGION, AWS_ACCOUNT_ID: CENTRAL_ACCOUNT },
    TEMPORAL_ADDRESS: (temporal.client.connection as unknown as { options: { address: string } }).options.address,
    TEMPORAL_NAMESPACE: temporal.client.options.namespace,
    SLUICE_CENTRAL_BUS_ARN: `arn:aws:events:${REGION}:${CENTRAL_ACCOUNT}:event-bus/sluice-central`,
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})

async function applyDomains(): Promise<void> {
  const stamp = await insertCatalogVersion(database.db, {
    ...{ actor: 'ann', reason: null, gitSha: null, before: null, after: null },
  })
  const owner = { team: 'data', email: 'data@example.com' }
  const toVersion = (domain: Domain) => ({
    version: 1,
    definition: {
      ...{ domain, account: OWN_ACCOUNT, owner, calendar: 'us-equities', timezone: 'UTC', location: null },
    },
  })
  await insertDomains(database.db, DOMAINS.map(toVersion), stamp)
}

const kept = (name: string): string => path.join(folder, name)
const readKept = (file: string): Evidence => JSON.parse(readFileSync(file, 'utf8')) as Evidence
const table = { replay: false, output: 'table' } as const

/** No server may be asked. */
function forgetServers(): void {
  for (const name of Object.keys(process.env))
    if (/^(DATABASE_URL|TEMPORAL_|AWS_|SLUICE_CENTRAL)/.test(name)) delete process.env[name]
}

async function failure(work: Promise<unknown>): Promise<CommandFailure> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CommandFailure)
  return error as CommandFailure
}

test('all domains are read unless one is named; what is kept is the evidence of these', async () => {
  const [all, one] = [kept('all.json'), kept('one.json')]
  await verify({ ...table, save: all })
  await verify({ ...table, save: one, domain: ['d2'] })
  expect(readKept(all).cycles.map(({ cycle }) => cycle)).toEqual([`d1/ds1/${KEY}`, `d2/ds1/${KEY}`])
  expect(readKept(one)).toMatchObject({ domains: ['d2'], cycles: [{ cycle: `d2/ds1/${KEY}` }] })
})

test('a domain that nobody applied is refused, with those that are there', async () => {
  const { exitCode, message } = await failure(verify({ ...table, domain: ['d9'] }))
  expect([exitCode, message]).toEqual([EXIT.failed, 'There is no domain d9. It is one of d1, d2.'])
})

test('evidence that was kept is judged the same without a server', async () => {
  const file = kept('same.json')
  const exitCode = await verify({ replay: false, output: 'json', save: file })
  const first = printed
  printed = ''
  forgetServers()
  expect(await verify({ replay: false, output: 'json', from: file })).toBe(exitCode)
  expect(JSON.parse(printed)).toEqual(JSON.parse(first))
})

test('a cycle that had just moved is named and not judged; the same at rest is a violation', async () => {
  const [moving, quiet] = [kept('moving.json'), kept('quiet.json')]
  await verify({ ...table, save: moving })
  const evidence = readKept(moving)
  const startedAtMs = Math.max(...evidence.cycles.flatMap(({ runs }) => runs.map((run) => run.startedAtMs)))
  writeFileSync(moving, JSON.stringify({ ...evidence, readFromMs: startedAtMs }))
  printed = ''
  expect(await verify({ ...table, from: moving })).toBe(0)
  expect(printed).toContain(`Still moving, so not judged: 2 cycles, 0 events (d1/ds1/${KEY}, d2/ds1/${KEY})`)
  writeFileSync(quiet, JSON.stringify({ ...evidence, readFromMs: startedAtMs + HOUR_MS }))
  printed = ''
  expect(await verify({ ...table, from: quiet })).toBe(EXIT.failed)
  expect(printed).toContain(`d1/ds1/${KEY} was opened and no worker has taken it`)
  expect(printed).not.toContain('Still moving')
})

test('of a stack without cycles it is said what was looked at, that nothing was judged, and what makes a cycle', async () => {
  const [all, empty] = [kept('full.json'), kept('empty.json')]
  await verify({ ...table, save: all })
  const nothing = { statuses: [], transitions: [], dependencies: [] }
  const evidence: Evidence = { ...readKept(all), cycles: [], mirror: nothing, ledger: { events: [], deliveries: [] } }
  const definitions = [versionOf(definitionOf('d1/ds1'))]
  writeFileSync(empty, JSON.stringify({ ...evidence, definitions }))
  printed = ''
  const refused = await failure(verify({ ...table, from: empty }))
  expect([refused.exitCode, refused.message]).toEqual([
    EXIT.failed,
    'Nothing to judge yet: no cycle and no event of d1, d2 in Temporal or PostgreSQL. ' +
      'The scheduler opens what is due; to open one now: sluice open d1/ds1/<date>',
  ])
  expect(printed).toContain('nothing lost')
  writeFileSync(empty, JSON.stringify({ ...evidence, definitions: [] }))
  const { message } = await failure(verify({ ...table, from: empty }))
  expect(message).toContain('No product of them is defined: sluice apply <folder> --reason <text>')
})

test('a file that holds no evidence, or is not there, is refused by its name', async () => {
  const file = kept('other.json')
  writeFileSync(file, '{"cycles": 3}')
  expect((await failure(verify({ ...table, from: file }))).message).toContain(`${file} holds no evidence`)
  const absent = kept('absent.json')
  expect((await failure(verify({ ...table, from: absent }))).message).toContain(
    `Could not read evidence from ${absent}`,
  )
})

test('a file that lacks a part of the evidence is refused too, and so is a place where none can be kept', async () => {
  const [whole, part] = [kept('whole.json'), kept('part.json')]
  await verify({ ...table, save: whole })
  for (const missing of ['definitions', 'domains', 'ledger', 'mirror']) {
    writeFileSync(part, JSON.stringify({ ...readKept(whole), [missing]: missing === 'ledger' ? {} : undefined }))
    expect((await failure(verify({ ...table, from: part }))).message, missing).toContain(`${part} holds no evidence`)
  }
  writeFileSync(part, 'null')
  expect((await failure(verify({ ...table, from: part }))).message).toContain(`${part} holds no evidence`)
  const nowhere = path.join(folder, 'no-such-folder', 'x.json')
  expect((await failure(verify({ ...table, save: nowhere }))).message).toContain(
    `Could not keep the evidence in ${nowhere}`,
  )
})

test('what is kept is judged whole: no domain of it can be chosen', async () => {
  const { exitCode, message } = await failure(verify({ ...table, from: kept('all.json'), domain: ['d1'] }))
  expect([exitCode, message]).toEqual([
    EXIT.notAllowed,
    `--domain chooses what is read; what ${kept('all.json')} keeps is judged whole.`,
  ])
})

test('by the login of a domain only that domain is read: the rows of others are hidden, not lost', async () => {
  const password = randomUUID()
  const username = await ensureDomainRole(database.db, 'd1' as Domain, password)
  process.env['DATABASE_URL'] = Object.assign(new URL(database.url), { username, password }).href
  const file = kept('login.json')
  await verify({ ...table, save: file })
  expect(readKept(file)).toMatchObject({ domains: ['d1'], cycles: [{ cycle: `d1/ds1/${KEY}` }] })
  expect((await failure(verify({ ...table, domain: ['d2'] }))).message).toContain('sees no row of d2')
})
