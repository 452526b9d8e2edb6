// `sluice upgrade` itself: of many cycles one that cannot be upgraded says why, and keeps no other from it; each refusal is
// audited, and nothing is that was only tried.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import { EXIT } from '../../cli/failure.ts'
import { upgrade, upgradeEach } from '../../cli/upgrade.ts'
import { type CycleParts, toCycleId } from '../../model/ids.ts'
import {
  arrivalOf,
  catalogOf,
  definitionOf,
  inputOf,
  timetableOf,
  toKey,
  toProduct,
  versionOf,
} from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { listActions } from '../../mirror/status.ts'
import { CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { openDatabase } from './database.ts'
import { SOON_MS } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

const [ACCOUNT, REGION, BUCKET] = ['222222222222', 'us-east-1', 'catalog'] as const
const DOMAIN = 'upgrade-command'
const PRODUCT = toProduct(`${DOMAIN}/ds`)
const version = versionOf(definitionOf(PRODUCT, ['raw/a', 'raw/c']), 8)
const command = { actor: 'ann', reason: 'raw/b is not delivered any more' }
/** Of a run that cannot be asked, or of a key that the newer definition does not know. */
const AS_IT_WAS = { to: 8, added: [], dropped: [] }

let stage: Stage
beforeAll(async () => {
  stage = await openStage(inject('ground'), DOMAIN)
})
afterAll(() => stage.close())
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** It carries version 7 and waits for raw/a and raw/b of its own day. */
function cycleOn(day: string): StagedCycle {
  const key = toKey(day)
  return stage.cycle('ds', {
    input: { key, expected: ['raw/a', 'raw/b'].map((one) => ({ product: toProduct(one), key })) },
  })
}

const changesOn = (day: string) => ({ from: 7, to: 8, added: [`raw/c/${day}`], dropped: [`raw/b/${day}`] })

async function opened(key: string): Promise<StagedCycle> {
  const cycle = cycleOn(key)
  await cycle.start()
  await cycle.untilState('WAITING')
  return cycle
}

const versionNow = async (cycle: StagedCycle): Promise<number> => (await cycle.now()).input.definitionVersion

test('a run that is not open and a key that is not due by the newer definition are refused; the others go on', async () => {
  const [first, saturday, cancelled, last] = await Promise.all([
    opened('2026-11-16'),
    opened('2026-11-21'),
    opened('2026-11-18'),
    opened('2026-11-19'),
  ])
  await cancelled.cancel()
  await expect(cancelled.result()).rejects.toThrow('cancelled')
  const unknown = cycleOn('2026-11-17')
  const cycles = [first, unknown, saturday, cancelled, last].map(({ id }) => id)
  const present = { temporal: stage.client, timetable: timetableOf(), version, answerMs: 15_000 }
  const audited: object[] = []
  const audit = async (refused: object): Promise<void> => void audited.push(refused)
  const whole = { ...command, requestId: 'request-1' }
  for (const isDry of [true, false])
    expect(await upgradeEach(present, cycles, { command: whole, isDry, audit })).toEqual([
      { cycle: first.id, ...changesOn('2026-11-16'), refused: null },
      { cycle: unknown.id, from: null, ...AS_IT_WAS, refused: expect.stringMatching(/^It is not open\. .*explain /) },
      {
        ...{ cycle: saturday.id, from: 7, ...AS_IT_WAS },
        refused: expect.stringMatching(/^By its present definition .* no cycle 2026-11-21.* goes on as it is\.$/),
      },
      {
        ...{ cycle: cancelled.id, ...changesOn('2026-11-18') },
        refused: isDry ? expect.stringContaining('its wait is over (CANCELLED)') : 'It has closed meanwhile.',
      },
      { cycle: last.id, ...changesOn('2026-11-19'), refused: null },
    ])
  expect(await Promise.all([first, saturday, last].map(versionNow))).toEqual([8, 7, 8])
  const versions = { from: 7, to: 8 }
  expect(audited).toEqual([
    { cycle: unknown.id, refused: expect.stringMatching(/^It is not open\. /) },
    { cycle: saturday.id, versions, refused: expect.stringMatching(/ has no cycle 2026-11-21/) },
    { cycle: cancelled.id, versions, refused: 'It has closed meanwhile.' },
  ])
})

test('of one cycle that is named the refusal is the answer: exit code 4, in a sentence or as JSON, and in the audit', async () => {
  const sandbox = await startSandbox()
  const database = await openDatabase()
  const printed = await onStack(sandbox, database.url)
  const never: CycleParts = { product: PRODUCT, key: toKey('2026-11-24') }
  for (const dryRun of [true, false])
    expect(await upgrade(never, { ...command, dryRun, output: 'table' })).toBe(EXIT.notAllowed)
  expect(printed()).toMatch(/^upgrade-command\/ds\/2026-11-24: not upgraded\. It is not open\. /)
  const saturday: CycleParts = { product: PRODUCT, key: toKey('2026-11-28') }
  await opened(saturday.key)
  printed()
  expect(await upgrade(saturday, { ...command, dryRun: false, output: 'json' })).toBe(EXIT.notAllowed)
  expect(JSON.parse(printed())).toMatchObject([{ from: 7, to: 8, refused: expect.stringContaining('has no cycle') }])
  const monday: CycleParts = { product: PRODUCT, key: toKey('2026-11-23') }
  const running = await opened(monday.key)
  await running.arrive(...['raw/a', 'raw/b'].map((product) => arrivalOf(product, { key: monday.key })))
  await running.untilGlueRuns(1)
  expect(await upgrade(monday, { ...command, dryRun: false, output: 'table' })).toBe(EXIT.notAllowed)
  await running.glueEnds(1)
  const gone: CycleParts = { product: toProduct(`${DOMAIN}/gone`), key: monday.key }
  await expect(upgrade(gone, { ...command, dryRun: false, output: 'table' })).rejects.toThrow('is applied any more')
  const audit = async ({ product, key }: CycleParts) => listActions(database.db, toCycleId(product, key))
  const refused = { ...command, action: 'upgrade', outcome: 'refused', actorVerified: false }
  const versions = { fromVersion: 7, toVersion: 8 }
  const unversioned = { fromVersion: null, toVersion: null }
  expect(await audit(never)).toMatchObject([
    { ...refused, ...unversioned, refusedBecause: expect.stringContaining('It is not open.') },
  ])
  expect(await audit(saturday)).toMatchObject([
    { ...refused, ...versions, refusedBecause: expect.stringContaining('has no cycle 2026-11-28') },
  ])
  expect(await audit(monday)).toMatchObject([
    { ...refused, ...versions, refusedBecause: expect.stringContaining('an attempt has begun') },
  ])
  expect(await audit(gone)).toMatchObject([
    { ...refused, ...unversioned, refusedBecause: expect.stringContaining('is applied any more') },
  ])
  await Promise.all([database.close(), sandbox.close()])
})

test('a refusal that cannot be written to the audit is said, and is the answer all the same', async () => {
  const sandbox = await startSandbox()
  const printed = await onStack(sandbox, 'postgres://nobody@127.0.0.1:1/none')
  const never: CycleParts = { product: PRODUCT, key: toKey('2026-11-25') }
  expect(await upgrade(never, { ...command, dryRun: false, output: 'table' })).toBe(EXIT.notAllowed)
  expect(printed()).toMatch(/could not be written to the audit: .*not upgraded\. It is not open\. /s)
  await sandbox.close()
})

/** As the environment of a command on a stack whose catalog has version 8. What it prints and says, each word once. */
async function onStack(sandbox: Sandbox, databaseUrl: string): Promise<() => string> {
  const s3 = new S3Client(clientOptions({ endpoint: sandbox.endpoint, region: REGION }, ACCOUNT))
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await putDomainCatalog({ s3, bucket: BUCKET }, catalogOf([version]))
  s3.destroy()
  const { address, namespace } = inject('ground')
  const environment = {
    ...{ AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: REGION, SLUICE_CATALOG_BUCKET: BUCKET },
    ...{ AWS_ACCESS_KEY_ID: ACCOUNT, AWS_SECRET_ACCESS_KEY: 'sandbox', AWS_ACCOUNT_ID: ACCOUNT },
    ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, DATABASE_URL: databaseUrl },
    SLUICE_CENTRAL_BUS_ARN: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/sluice-central`,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  let printed = ''
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
  return () => {
    const all = printed
    printed = ''
    return all
  }
}

test('one whose worker is away says so and keeps no other from it; where none answers the command fails', async () => {
  const before = await opened('2026-11-09')
  const alone = cycleOn('2026-11-10')
  const input = inputOf(definitionOf(PRODUCT), { key: toKey('2026-11-10') })
  const start = { ...toCycleStart(input), taskQueue: 'nobody-polls-this' }
  await stage.client.workflow.start(CYCLE_WORKFLOW, start)
  const present = { temporal: stage.client, timetable: timetableOf(), version, answerMs: SOON_MS }
  const audited: object[] = []
  const audit = async (refused: object): Promise<void> => void audited.push(refused)
  const wish = { command: { ...command, requestId: 'request-2' }, isDry: false, audit }
  expect(await upgradeEach(present, [alone.id, before.id], wish)).toEqual([
    {
      ...{ cycle: alone.id, from: null, ...AS_IT_WAS, isUnanswered: true },
      refused: expect.stringMatching(/^It gave no answer: .* It may still take it.*sluice doctor$/),
    },
    { cycle: before.id, ...changesOn('2026-11-09'), refused: null },
  ])
  // It may still take it.
  expect(audited).toEqual([])
  await expect(upgradeEach(present, [alone.id], wish)).rejects.toThrow(`${alone.id}: It gave no answer: `)
  await stage.client.workflow.getHandle(alone.id).terminate('the end of the test')
})
