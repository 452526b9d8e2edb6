// `sluice upgrade` itself: of many cycles one that cannot be upgraded says why, and keeps no other from it.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import { EXIT } from '../../cli/failure.ts'
import { upgrade, upgradeEach } from '../../cli/upgrade.ts'
import type { CycleParts } from '../../model/ids.ts'
import { catalogOf, definitionOf, timetableOf, toKey, toProduct, versionOf } from '../../model/samples.test-data.ts'
import { startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
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
  const present = { temporal: stage.client, timetable: timetableOf(), version }
  for (const isDry of [true, false])
    expect(await upgradeEach(present, cycles, { command, isDry })).toEqual([
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
})

test('of one cycle that is named the refusal is the answer: exit code 4, in a sentence or as JSON', async () => {
  const sandbox = await startSandbox()
  const s3 = new S3Client(clientOptions({ endpoint: sandbox.endpoint, region: REGION }, ACCOUNT))
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await putDomainCatalog({ s3, bucket: BUCKET }, catalogOf([version]))
  s3.destroy()
  const { address, namespace } = inject('ground')
  const environment = {
    ...{ AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: REGION, SLUICE_CATALOG_BUCKET: BUCKET },
    ...{ AWS_ACCESS_KEY_ID: ACCOUNT, AWS_SECRET_ACCESS_KEY: 'sandbox', AWS_ACCOUNT_ID: ACCOUNT },
    ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    SLUICE_CENTRAL_BUS_ARN: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/sluice-central`,
    // Not needed for a cycle that is named.
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const never: CycleParts = { product: PRODUCT, key: toKey('2026-11-24') }
  expect(await upgrade(never, { ...command, dryRun: false, output: 'table' })).toBe(EXIT.notAllowed)
  expect(printed).toMatch(/^upgrade-command\/ds\/2026-11-24: not upgraded\. It is not open\. /)
  printed = ''
  const saturday: CycleParts = { product: PRODUCT, key: toKey('2026-11-28') }
  await opened(saturday.key)
  expect(await upgrade(saturday, { ...command, dryRun: false, output: 'json' })).toBe(EXIT.notAllowed)
  expect(JSON.parse(printed)).toMatchObject([{ from: 7, to: 8, refused: expect.stringContaining('has no cycle') }])
  await sandbox.close()
})
