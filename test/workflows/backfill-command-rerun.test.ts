// `sluice backfill --rerun` itself, on a real Temporal, a real PostgreSQL and the sandbox's catalog bucket.
import { expect, test, vi } from 'vitest'
import { backfill, type BackfillOptions } from '../../cli/backfill.ts'
import { EXIT } from '../../cli/failure.ts'
import { rerun } from '../../cli/rerun.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { listActions } from '../../mirror/status.ts'
import { type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type ProductId, toCycleId } from '../../model/ids.ts'
import {
  arrivalOf,
  catalogOf,
  definitionOf,
  endOf,
  inputOf,
  NOON_MS,
  publishedOf,
  toKey,
  toProduct,
  versionOf,
} from '../../model/samples.test-data.ts'
import { CYCLE_QUERY, CYCLE_WORKFLOW, toCycleStart } from '../../workflows/contract.ts'
import { type BackfillStage, putBackfill, RANGE } from './backfill-stage.ts'
import { useCommandStage } from './command-stage.ts'
import { eventually } from './eventually.ts'
import type { Stage } from './stage.ts'

const DOMAIN = 'backfill-rerun'
const named = (name: string): ProductId => toProduct(`${DOMAIN}/${name}`)
const HELD = { actor: 'bob', reason: 'an audit', sinceMs: NOON_MS, of: 'product' } as const

const DEFINED = ['mixed', 'held', 'foretold', 'away', 'anew', 'other', 'after', 'refused', 'lost'].map((name) =>
  versionOf(definitionOf(named(name))),
)

let db: Postgres
let stage: Stage
const said = useCommandStage(
  DOMAIN,
  { ...catalogOf(DEFINED), holds: { [named('held')]: HELD } },
  (lent) => ({ db, stage } = lent),
)

const OPTIONS: BackfillOptions = {
  ...{ ...RANGE, reason: 'a bug in the job', actor: 'ann', parallel: 5, stopAfter: 10 },
  ...{ dryRun: false, wait: true, stop: false, output: 'table' },
}
const run = (product: ProductId, change: Partial<BackfillOptions> = {}) => backfill(product, { ...OPTIONS, ...change })
const askedOf = (product: ProductId) =>
  db.rows<{ outcome: string; asked: object }>(
    `select outcome, asked from operator_action where cycle = $1 order by at`,
    [product],
  )
const write = (cycle: Cycle) => recordCycle(db, toRecord(cycle, 0))
const opened = (product: ProductId, key: string, dependsOn: string[] = []) =>
  openRun(inputOf(definitionOf(product, dependsOn), { key: toKey(key), expected: [] }), NOON_MS)
const failedOf = (cycle: Cycle): Cycle =>
  [
    { kind: 'begun' } as const,
    { kind: 'run-started', runId: 'jr_1', adopted: false } as const,
    { kind: 'run-ended', end: endOf('FAILED') } as const,
  ].reduce((before, fact) => applyFact(before, fact, NOON_MS), cycle)

const LATER = new Date(NOON_MS + 1).toISOString()

test('a dry run says which revision each publishes next, over what, and how many have used it; and does nothing', async () => {
  const product = named('mixed')
  await write(publishedOf(opened(product, '2026-11-09')))
  await write(failedOf(opened(product, '2026-11-10')))
  await write(opened(product, '2026-11-11'))
  const key = toKey('2026-11-09')
  const reader = openRun(
    inputOf(definitionOf(`${DOMAIN}/reader`, [product]), { key, expected: [{ product, key }] }),
    NOON_MS,
  )
  await write(applyFact(applyArrival(reader, arrivalOf(product, { key }), NOON_MS), { kind: 'begun' }, NOON_MS))

  const asked = { rerun: 'all', madeBefore: LATER, dryRun: true, reason: undefined } as const
  expect(await run(product, { ...asked, output: 'json' })).toBe(0)
  const overwrites = 's3://example-d1-products/ds3/2026-11-09/'
  expect(JSON.parse(said.out)).toMatchObject({
    asked: { rerun: 'all', madeBefore: LATER },
    cycles: [
      { key, does: 'rerun', state: 'COMPLETED', step: null, overwrites, revision: 2, usedBy: 1, hidden: 0 },
      { key: '2026-11-10', does: 'rerun', state: 'ERROR', step: 'run', overwrites: null, revision: 1, usedBy: 0 },
      { key: '2026-11-11', does: 'nothing', state: 'WAITING' },
      { key: '2026-11-12', does: 'open' },
      { key: '2026-11-13', does: 'open' },
    ],
  })
  said.out = ''
  expect(await run(product, asked)).toBe(0)
  expect(said.out).toContain('5 cycles: 2 to open, 2 to rerun, 1 left alone.')
  expect(said.out).toMatch(
    /mixed\/2026-11-09 +reruns +COMPLETED: overwrites s3:\S+ \(revision 1\), publishes revision 2; 1 cycle has used it/,
  )
  expect(said.out).toMatch(/mixed\/2026-11-10 +reruns +ERROR \(run\): publishes revision 1/)
  said.out = ''
  expect(await run(product, { ...asked, madeBefore: new Date(NOON_MS).toISOString() })).toBe(0)
  expect(said.out).toContain('5 cycles: 2 to open, 0 to rerun, 3 left alone.')
  expect((await stage.client.workflow.count(`SluiceProduct = "${product}"`)).count).toBe(0)
  expect(await askedOf(product)).toEqual([])
})

test('a dry run of a product that is held lists the reruns as refused', async () => {
  await write(publishedOf(opened(named('held'), '2026-11-09')))
  expect(await run(named('held'), { rerun: 'completed', dryRun: true })).toBe(0)
  expect(said.out).toContain('5 cycles: 4 to open, 0 to rerun, 0 left alone, 1 refused.')
  expect(said.out).toMatch(/held\/2026-11-09 +refused +there already: COMPLETED, and it is held by bob/)
  expect(said.out).toContain('its cycles wait until it is released; reruns are refused.')
})

test('it foretells what is only published, what starts by itself, and which hold a next run does not have', async () => {
  const product = named('foretold')
  const [publishing, missing, gone] = ['2026-11-09', '2026-11-10', '2026-11-11'] as const
  await write({ ...publishedOf(opened(product, publishing)), state: 'ERROR', step: 'publish' })
  await write({ ...opened(product, missing), state: 'ERROR', step: 'wait' })
  const held = { ...HELD, of: 'cycle' as const }
  await write({ ...failedOf(opened(product, gone)), held })
  await write({ ...failedOf(opened(product, '2026-11-12')), held })
  const ended = `update data_product_status set run_ended_as = 'failed' where cycle = $1`
  await db.changed(ended, [toCycleId(product, toKey(gone))])

  const asked = { rerun: 'failed', madeBefore: LATER, dryRun: true } as const
  expect(await run(product, { ...asked, output: 'json' })).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({
    cycles: [
      { key: publishing, does: 'rerun', step: 'publish', overwrites: null },
      { key: missing, does: 'refused', reason: 'it starts by itself when its inputs are there' },
      { key: gone, does: 'rerun', step: 'run' },
      { key: '2026-11-12', does: 'refused', reason: 'it is held by bob' },
      { does: 'open' },
    ],
  })
  said.out = ''
  expect(await run(product, asked)).toBe(0)
  expect(said.out).toMatch(/foretold\/2026-11-09 +reruns +ERROR \(publish\): only publishes revision \d/)
})

test('while PostgreSQL is away nothing is planned to be made anew, nor opened in its place', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  for (const dryRun of [true, false])
    await expect(run(named('away'), { rerun: 'all', dryRun })).rejects.toThrow('ask again once it is back')
  expect((await stage.client.workflow.count(`SluiceProduct = "${named('away')}"`)).count).toBe(0)
})

/** All five have run once, as said. */
async function haveRun(staged: BackfillStage, product: ProductId, state: 'SUCCEEDED' | 'FAILED') {
  for (const key of staged.keys) await stage.client.workflow.start(CYCLE_WORKFLOW, toCycleStart(staged.input(key)))
  await staged.endRuns(staged.keys, state)
  const ended = state === 'SUCCEEDED' ? 'COMPLETED' : 'ERROR'
  const read = () => db.rows<{ state: string }>('select state from data_product_status where product = $1', [product])
  await eventually(`all are ${ended}`, read, (rows) => rows.filter((row) => row.state === ended).length === 5)
  const handles = staged.keys.map((key) => stage.client.workflow.getHandle(toCycleId(product, key)))
  if (state === 'SUCCEEDED') await Promise.all(handles.map((handle) => handle.result()))
  staged.renew(staged.keys)
}

const GO_ON = /To go on: (sluice backfill \S+ --from \S+ --to \S+ --rerun all --made-before (\S+)) --reason <text>/

test('it makes all anew; ended early it prints the very command that goes on, which reruns only what is left', async () => {
  const product = named('anew')
  const staged = putBackfill(stage, db, product)
  await haveRun(staged, product, 'SUCCEEDED')
  const failing = staged.endRuns(staged.keys.slice(0, 2), 'FAILED')
  expect(await run(product, { rerun: 'all', parallel: 1, stopAfter: 2 })).toBe(EXIT.failed)
  await failing
  expect(said.err).toContain('5 cycles: 0 to open, 5 to rerun, 0 left alone')
  expect(said.out).toContain('0 of 5 completed, 2 rerun, 2 failed, 3 to rerun.')
  const [, command, madeBefore = ''] = GO_ON.exec(said.out) ?? []
  expect(command).toContain(`sluice backfill ${product} --from ${RANGE.from} --to ${RANGE.to}`)

  said.forget()
  const left = staged.endRuns(staged.keys.slice(2))
  expect(await run(product, { rerun: 'all', madeBefore, output: 'json' })).toBe(EXIT.failed)
  await left
  expect(said.err).toContain('5 cycles: 0 to open, 3 to rerun, 2 left alone')
  expect(JSON.parse(said.out)).toMatchObject({ madeBefore, rerun: 3, toRerun: 0, existing: 2, completed: 3 })
  expect(staged.seen.started).toHaveLength(10)

  expect(await askedOf(product)).toMatchObject([
    { outcome: 'accepted', asked: { rerun: 'all', madeBefore, cycles: 5 } },
    { outcome: 'accepted', asked: { rerun: 'all', madeBefore } },
  ])
  const [key] = staged.keys
  const reruns = await listActions(db, toCycleId(product, key ?? toKey('none')))
  expect(reruns).toMatchObject([{ action: 'rerun', actor: 'ann', reason: 'a bug in the job', outcome: 'accepted' }])
  expect(reruns[0]?.requestId).toMatch(/\/2026-11-09$/)
})

test('who asks for cycles to be made anew does not follow a backfill that leaves them alone; for the same, one follows', async () => {
  const product = named('other')
  const staged = putBackfill(stage, db, product)
  expect(await run(product, { wait: false })).toBe(0)
  await staged.untilAtWork(5)
  await expect(run(product, { rerun: 'all' })).rejects.toMatchObject({
    exitCode: EXIT.notAllowed,
    message: expect.stringMatching(
      /^Such a backfill runs since .* Wait for its end, or stop it first: sluice backfill/,
    ),
  })
  await staged.endRuns()
  await staged.result()
  const untilClosed = staged.keys.map((key) => stage.client.workflow.getHandle(toCycleId(product, key)).result())
  await Promise.all(untilClosed)
  staged.renew(staged.keys)

  said.out = ''
  expect(await run(product, { rerun: 'completed', wait: false })).toBe(0)
  const [, madeBefore = ''] = /--rerun completed --made-before (\S+) --reason/.exec(said.out) ?? []
  await staged.untilAtWork(5)
  await expect(run(product, { rerun: 'failed' })).rejects.toMatchObject({ exitCode: EXIT.notAllowed })
  said.out = ''
  expect(await run(product, { rerun: 'completed', wait: false })).toBe(0)
  expect(said.out).toContain(`--made-before ${madeBefore} --reason`)
  await staged.endRuns()
  expect(await staged.result()).toMatchObject({ rerun: 5, completed: 5 })
  expect(staged.seen.started).toHaveLength(10)
  expect((await askedOf(product)).map(({ outcome }) => outcome).toSorted()).toEqual([
    ...['accepted', 'accepted', 'refused', 'refused', 'refused'],
  ])
})

test('what was ended from outside before its row was written is not brought back, and the reason is not that it never was', async () => {
  const product = named('lost')
  const key = toKey('2026-11-10')
  const start = toCycleStart(inputOf(definitionOf(product), { key }))
  const handle = await stage.client.workflow.start(CYCLE_WORKFLOW, { ...start, taskQueue: 'nobody-polls-this' })
  await handle.terminate()
  const asked = { reason: 'it hangs', actor: 'bob', dryRun: true, publish: true, output: 'json' } as const
  const why = `The run of ${handle.workflowId} was ended from outside (TERMINATED), and its row is not written`
  await expect(rerun({ product, key }, asked)).rejects.toMatchObject({
    exitCode: EXIT.notAllowed,
    message: expect.stringContaining(why),
  })
})

test("what a person reruns afterwards is a person's again, by the definition in force and as the next revision", async () => {
  const product = named('after')
  const staged = putBackfill(stage, db, product)
  await haveRun(staged, product, 'SUCCEEDED')
  const [key = toKey('none')] = staged.keys
  const handle = stage.client.workflow.getHandle(toCycleId(product, key))
  const [code] = await Promise.all([run(product, { rerun: 'all' }), staged.endRuns()])
  expect(code).toBe(0)
  await handle.result()

  const asked = { reason: 'the vendor resent it', actor: 'bob', dryRun: false, publish: true, output: 'json' } as const
  staged.renew([key])
  said.out = ''
  expect(await rerun({ product, key }, asked)).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({
    run: 'reopened',
    attempt: 3,
    after: { state: 'PROCESSING', revision: 2 },
  })
  await staged.endRuns([key])
  expect(await handle.result()).toMatchObject({ runNumber: 3, revision: 3, state: 'COMPLETED' })
  expect((await handle.query<Cycle>(CYCLE_QUERY)).input.openedBy).toBe('rerun')
})

test.each([
  [{ madeBefore: LATER }, '--made-before says which cycles are made anew: --rerun <failed|completed|all>'],
  [{ rerun: 'all', madeBefore: 'yesterday' }, '--made-before "yesterday" is no instant'],
  [{ rerun: 'all', madeBefore: '2026-11-20 12:00' }, 'is no instant'],
  [{ rerun: 'all', madeBefore: '2099-01-01T00:00:00Z' }, 'is still to come'],
  [{ stop: true, rerun: 'all' }, 'leave --rerun and --made-before out'],
  [{ stop: true, madeBefore: LATER }, 'leave --rerun and --made-before out'],
] as const)('%j: refused', async (change, why) => {
  const refused = { exitCode: EXIT.notAllowed, message: expect.stringContaining(why) }
  await expect(run(named('refused'), change)).rejects.toMatchObject(refused)
  expect((await askedOf(named('refused'))).at(-1)).toMatchObject({ outcome: 'refused', asked: change })
})
