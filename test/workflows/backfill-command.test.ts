// `sluice backfill` itself, on a real Temporal, a real PostgreSQL and the sandbox's catalog bucket.
import { expect, test, vi } from 'vitest'
import { backfill, type BackfillOptions } from '../../cli/backfill.ts'
import { MOST_CYCLES } from '../../cli/backfill-plan.ts'
import { EXIT } from '../../cli/failure.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { listActions } from '../../mirror/status.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type CycleId, type ProductId } from '../../model/ids.ts'
import {
  catalogOf,
  definitionOf,
  inputOf,
  NOON_MS,
  publishedOf,
  toKey,
  toProduct,
  versionOf,
} from '../../model/samples.test-data.ts'
import { putBackfill, RANGE } from './backfill-stage.ts'
import { useCommandStage } from './command-stage.ts'
import { eventually } from './eventually.ts'
import type { Stage } from './stage.ts'

const DOMAIN = 'backfill-command'
const named = (name: string): ProductId => toProduct(`${DOMAIN}/${name}`)
const DEFINED = [
  ...['mixed', 'done', 'failing', 'left', 'stopped', 'kept', 'twice', 'idle', 'undated', 'away'].map((name) =>
    definitionOf(named(name)),
  ),
  definitionOf(named('waits'), ['raw/a']),
  definitionOf(named('monthly'), [], { every: 'month' }),
]

let db: Postgres
let stage: Stage
const said = useCommandStage(DOMAIN, catalogOf(DEFINED.map((one) => versionOf(one))), (lent) => ({ db, stage } = lent))

const OPTIONS: BackfillOptions = {
  ...{ ...RANGE, reason: 'a new column', actor: 'ann', parallel: 2, stopAfter: 10 },
  ...{ dryRun: false, wait: true, stop: false, output: 'table' },
}
const run = (product: ProductId, change: Partial<BackfillOptions> = {}) => backfill(product, { ...OPTIONS, ...change })
const auditOf = (product: ProductId) => listActions(db, product as string as CycleId)

test('a dry run says of each cycle and each date what would happen, and does nothing', async () => {
  const product = named('mixed')
  const written = (key: string) => openRun(inputOf(definitionOf(product), { key: toKey(key) }), NOON_MS)
  const completed = publishedOf(written('2026-11-09'))
  for (const cycle of [completed, written('2026-11-10')]) await recordCycle(db, toRecord(cycle, 0))
  const asked = { to: '2026-11-14', dryRun: true, reason: undefined }

  expect(await run(product, { ...asked, output: 'json' })).toBe(0)
  expect(JSON.parse(said.out)).toEqual({
    ...{ product, from: '2026-11-09', to: '2026-11-14', definitionVersion: 1, heldBy: null },
    ...{ parallel: 2, stopAfter: 10, isDryRun: true },
    cycles: [
      { key: '2026-11-09', does: 'nothing', state: 'COMPLETED' },
      { key: '2026-11-10', does: 'nothing', state: 'WAITING' },
      { key: '2026-11-11', does: 'open', waitsFor: [] },
      { key: '2026-11-12', does: 'open', waitsFor: [] },
      { key: '2026-11-13', does: 'open', waitsFor: [] },
      { key: '2026-11-14', does: 'none', reason: expect.stringContaining('not a business day of weekdays') },
    ],
  })
  said.out = ''
  expect(await run(product, asked)).toBe(0)
  expect(said.out).toContain('5 cycles: 3 to open, 2 there already; 1 not scheduled.')
  expect(said.out).toMatch(/mixed\/2026-11-09 +nothing +there already: COMPLETED/)
  expect(said.out).toMatch(/mixed\/2026-11-14 +nothing +not scheduled: not a business day of weekdays/)
  const query = `SluiceProduct = "${product}"`
  expect((await stage.client.workflow.count(query)).count).toBe(0)
  expect(await auditOf(product)).toEqual([])
})

test('a dry run names the upstreams that are not there, and how to bring them', async () => {
  const input = inputOf(definitionOf('raw/a'), { key: toKey('2026-11-09') })
  const there = publishedOf(openRun(input, NOON_MS))
  await recordCycle(db, toRecord(there, 0))
  expect(await run(named('waits'), { to: '2026-11-10', dryRun: true })).toBe(0)
  expect(said.out).toMatch(/waits\/2026-11-09 +opens *\n/)
  expect(said.out).toMatch(/waits\/2026-11-10 +opens +then waits for raw\/a/)
  expect(said.out).toContain('1 would wait for raw/a. What of it is not there: sluice backfill raw/a --from 2026-11-09')
})

test('it is followed to its end: exit code 0 and what became of it, progress apart', async () => {
  const staged = putBackfill(stage, db, named('done'))
  const isFollowed = eventually(
    'it is followed',
    () => said.err,
    (text) => text.includes('2 at work'),
  )
  const [code] = await Promise.all([run(named('done'), { output: 'json' }), isFollowed.then(() => staged.endRuns())])
  expect(code).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({ backfill: staged.id, how: 'done', total: 5, completed: 5, failed: [] })
  expect(said.err).toContain('5 cycles: 5 to open, 0 there already')
  expect(said.err).toMatch(/of 5 completed, 2 at work/)
  expect(await auditOf(named('done'))).toMatchObject([{ action: 'backfill', actor: 'ann', outcome: 'accepted' }])
})

test('when some failed the exit code is 1, and the same command again goes on with what is left', async () => {
  const staged = putBackfill(stage, db, named('failing'))
  const ends = staged.endRuns(staged.keys.slice(0, 2), 'FAILED')
  expect(await run(named('failing'), { parallel: 1, stopAfter: 2 })).toBe(EXIT.failed)
  await ends
  expect(said.out).toContain('0 of 5 completed, 2 failed, 3 to open.')
  expect(said.out).toContain('the same command again goes on with what is left')
  expect(said.out).toContain('See: sluice explain backfill-command/failing/2026-11-09')

  said.out = ''
  const [again] = await Promise.all([run(named('failing')), staged.endRuns(staged.keys.slice(2))])
  expect(again).toBe(EXIT.failed)
  expect(said.out).toContain('3 of 5 completed, 2 failed.')
})

const WHO_WAS_FIRST =
  /^Such a backfill runs since 20\S+Z, .* Asked for by ann: a new column\. Nothing else was begun\.$/

test('one that is not waited for goes on; the same command follows it, which the audit has too, and Ctrl-C leaves it', async () => {
  const staged = putBackfill(stage, db, named('left'))
  expect(await run(named('left'), { wait: false, output: 'json' })).toBe(0)
  expect(JSON.parse(said.out)).toEqual({ backfill: staged.id, started: true })
  await staged.untilAtWork(2)

  const following = run(named('left'), { reason: 'another one' })
  await eventually(
    'it is followed',
    () => said.err,
    (text) => text.includes('2 at work'),
  )
  expect(said.err).toMatch(/such a backfill runs since 20\S+Z, with its own settings. Asked for by ann: a new column/)
  // Only to the command: the workers of this process would stop too.
  process.listeners('SIGINT').at(-1)?.('SIGINT')
  expect(await following).toBe(EXIT.interrupted)
  expect(said.err).toContain('No longer followed; it goes on.')

  await staged.endRuns()
  expect(await staged.result()).toMatchObject({ completed: 5 })
  const audited = await auditOf(named('left'))
  expect(audited).toHaveLength(2)
  const [refusedBecause, refused] = [expect.stringMatching(WHO_WAS_FIRST), { outcome: 'refused', actor: 'ann' }]
  expect(audited).toContainEqual(expect.objectContaining({ outcome: 'accepted', reason: 'a new column' }))
  expect(audited).toContainEqual(expect.objectContaining({ ...refused, reason: 'another one', refusedBecause }))
})

test('it is stopped by name of its product alone; where none runs, that is said', async () => {
  const staged = putBackfill(stage, db, named('stopped'))
  await run(named('stopped'), { wait: false })
  await staged.untilAtWork(2)
  const wish = { stop: true, from: undefined, to: undefined, reason: 'the vendor resends' }
  const listed = () =>
    stage.client.workflow.count(`WorkflowType = "backfill" AND SluiceProduct = "${named('stopped')}"`)
  await eventually('it is listed', listed, ({ count }) => count === 1)
  said.out = ''
  expect(await run(named('stopped'), wish)).toBe(0)
  expect(said.out).toMatch(
    /^backfill\/backfill-command\/stopped\/2026-11-09\.\.2026-11-13: stopped\. .*; what is open goes on/,
  )
  const again = /runs: there is nothing to stop\. The last one was stopped by ann, at 20\S+Z: the vendor resends\.$/
  for (const second of [wish, { ...wish, ...RANGE }, { ...wish, dryRun: true }])
    await expect(run(named('stopped'), second)).rejects.toMatchObject({
      ...{ exitCode: EXIT.notAllowed, message: expect.stringMatching(again) },
    })
  await expect(run(named('done'), wish)).rejects.toThrow(
    `No backfill of ${named('done')} runs: there is nothing to stop.`,
  )
  await staged.endRuns(staged.keys.slice(0, 2))
})

test('a dry run of a stop says what it would stop, and stops nothing', async () => {
  const staged = putBackfill(stage, db, named('kept'))
  await run(named('kept'), { wait: false })
  await staged.untilAtWork(2)
  await staged.untilProgress('both are known to be at work', ({ busy }) => busy.length === 2)
  said.out = ''
  const wish = { stop: true, dryRun: true, reason: undefined }
  expect(await run(named('kept'), wish)).toBe(0)
  expect(said.out).toMatch(
    /kept\/2026-11-09\.\.2026-11-13 would be stopped: 0 of 5 completed, 2 at work, 3 to open; what is open would go on\.\n/,
  )
  expect(said.out).toContain('Nothing was done: this was a dry run.')
  said.out = ''
  expect(await run(named('kept'), { ...wish, output: 'json' })).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({ backfill: staged.id, isDryRun: true, unopened: 3, stoppedBy: null })
  await expect(run(named('idle'), wish)).rejects.toThrow('runs: there is nothing to stop.')
  expect(await auditOf(named('idle'))).toEqual([])

  await staged.endRuns()
  expect(await staged.result()).toMatchObject({ how: 'done', completed: 5, stoppedBy: null })
  expect((await auditOf(named('kept'))).map(({ outcome }) => outcome)).toEqual(['accepted'])
})

test('of two who stop it at once the second is told who was first, and both are in the audit', async () => {
  const staged = putBackfill(stage, db, named('twice'))
  await run(named('twice'), { wait: false })
  await staged.untilAtWork(2)
  const stops = ['ann', 'bob'].map((actor) => run(named('twice'), { stop: true, actor, reason: 'the vendor resends' }))
  const ends = await Promise.allSettled(stops)
  expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const audited = (await auditOf(named('twice'))).filter(({ reason }) => reason === 'the vendor resends')
  expect(audited.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', 'refused'])
  expect(new Set(audited.map(({ actor }) => actor)).size).toBe(2)
  await staged.endRuns(staged.keys.slice(0, 2))
})

test('a stop that finds nothing to stop is in the audit as refused, with what was asked', async () => {
  const wish = { stop: true, reason: 'the vendor resends' }
  const why = 'there is nothing to stop.'
  await expect(run(named('idle'), wish)).rejects.toThrow(why)
  await expect(run(named('idle'), { ...wish, from: undefined, to: undefined })).rejects.toThrow(why)
  const refused = { action: 'backfill', actor: 'ann', reason: wish.reason, outcome: 'refused' }
  const refusedBecause = expect.stringContaining(why)
  expect(await auditOf(named('idle'))).toMatchObject([refused, refused].map((row) => ({ ...row, refusedBecause })))
  const asked = await db.rows(`select asked from operator_action where cycle = $1 order by at`, [named('idle')])
  expect(asked).toEqual([{ asked: { ...RANGE, stop: true } }, { asked: { stop: true } }])
})

test('one without dates is in the audit as refused; without a reason there is nothing to write', async () => {
  await expect(run(named('undated'), { to: undefined })).rejects.toThrow('needs a range of dates')
  await expect(run(named('undated'), { reason: ' ' })).rejects.toThrow('that say something')
  const row = { outcome: 'refused', actor: 'ann', reason: 'a new column' }
  const refusedBecause = expect.stringContaining('needs a range of dates')
  expect(await auditOf(named('undated'))).toMatchObject([{ ...row, refusedBecause }])
})

const tomorrowNextYear = new Date(Date.now() + 366 * 86_400_000).toISOString().slice(0, 10)

test.each([
  ['mixed', { from: '2026-11-10', to: '2026-11-09' }, '--from 2026-11-10 is after --to 2026-11-09.'],
  ['mixed', { from: undefined }, 'A backfill needs a range of dates: --from <date> --to <date>'],
  ['mixed', { reason: ' ' }, 'A backfill needs an actor and a reason that say something'],
  ['mixed', { reason: undefined, stop: true }, 'A backfill needs an actor and a reason'],
  ['mixd', {}, 'No definition of backfill-command/mixd is applied; did you mean "backfill-command/mixed"?'],
  ['mixed', { from: '2026-11-14', to: '2026-11-15' }, /has no cycle from 2026-11-14 to 2026-11-15: 2026-11-14: not a/],
  ['monthly', { from: '2026-11-01', to: '2026-11-20' }, 'has no cycle from 2026-11-01 to 2026-11-20.'],
  ['mixed', { from: '2010-01-01' }, new RegExp(`has 4\\d{3} cycles .*; at most ${MOST_CYCLES} at once`)],
  ['mixed', { from: '1900-01-01' }, /is 46\d{3} days; at most 20000 at once/],
  [
    'mixed',
    { to: tomorrowNextYear },
    /is due at 20\S+Z and opens by itself then, as do \d+ after it\. Let --to end before/,
  ],
] as const)('of %s with %j: refused', async (name, change, why) => {
  await expect(run(named(name), change)).rejects.toMatchObject({
    ...{
      exitCode: EXIT.notAllowed,
      message: typeof why === 'string' ? expect.stringContaining(why) : expect.stringMatching(why),
    },
  })
})

test('what is refused is in the audit with what was asked, but for a dry run', async () => {
  const asked = { from: '2026-11-14', to: '2026-11-15' }
  await expect(run(named('away'), { ...asked, dryRun: true })).rejects.toThrow('has no cycle')
  expect(await auditOf(named('away'))).toEqual([])
  await expect(run(named('away'), asked)).rejects.toThrow('has no cycle')
  const refused = { outcome: 'refused', refusedBecause: expect.stringContaining('has no cycle') }
  expect(await auditOf(named('away'))).toMatchObject([{ action: 'backfill', actor: 'ann', ...refused }])
  const row = await db.one(`select asked from operator_action where cycle = $1`, [named('away')])
  expect(row).toEqual({ asked: { ...asked, parallel: 2 } })
})

test('while PostgreSQL is away a dry run says what it does not know', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  expect(await run(named('away'), { dryRun: true })).toBe(0)
  expect(said.err).toContain('PostgreSQL does not answer, so which of them are there already is not known.')
  expect(said.out).toContain('5 cycles: 5 to open')
})
