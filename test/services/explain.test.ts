// `explain` on a real server: down to the root across three domains, as each login may know it, now and as of then.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { domainText, type Files, productText } from '../../catalog/samples.test-data.ts'
import { type Asking, type Explained, explainBlockers } from '../../cli/explain-blockers.ts'
import { toSentence, toTreeData, treeLines, unblockLines } from '../../cli/explain-tree.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { listProductFacts } from '../../mirror/blockers.ts'
import { listCommitted } from '../../mirror/commitments.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { readCycleRow } from '../../mirror/status.ts'
import { usualWords } from '../../model/calendar/expectation.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, type HeldAs, openRun } from '../../model/cycle/cycle.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type CycleId, type Domain, toCycleId } from '../../model/ids.ts'
import {
  arrivalOf,
  definitionOf,
  endOf,
  HOUR_MS,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toKey,
  toProduct,
} from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'
import { markHeld } from './held-rows.ts'

const MESH = 'visibility: mesh\n'
const on = (...products: string[]): string => `dependsOn: [${products.join(', ')}]\n`
const FILES: Files = {
  'raw.yaml': domainText('raw', ['222222222222', '111111111111']).replaceAll('wealth-data', 'raw-data'),
  'd1.yaml': domainText('d1'),
  'd2.yaml': domainText('d2', ['222222222222', '333333333333']),
  'rd1.yaml': productText('raw/rd1', MESH),
  'ds1.yaml': productText('d1/ds1', MESH + on('raw/rd1')),
  'secret.yaml': productText('d1/secret'),
  'ds2.yaml': productText('d1/ds2', MESH + on('d1/secret')),
  'mid.yaml': productText('d2/mid', MESH + on('d1/ds1')),
  'top.yaml': productText('d2/top', on('d2/mid')),
  'blind.yaml': productText('d2/blind', on('d1/ds2')),
}

let sandbox: Sandbox
let space: CatalogSpace
let d2: Postgres
beforeAll(async () => {
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'explain')
  await space.applied(FILES)
  const password = 'a password of d2'
  const username = await ensureDomainRole(space.db, 'd2' as Domain, password)
  d2 = openPostgres(Object.assign(new URL(space.url), { username, password }).href)
  for (const cycle of [
    failedOf(openOf('raw/rd1', []), NOON_MS + HOUR_MS),
    openOf('d1/ds1', ['raw/rd1']),
    openOf('d1/ds2', ['d1/secret']),
    openOf('d1/secret', [], { visibility: 'domain' }),
    openOf('d2/mid', ['d1/ds1']),
    openOf('d2/top', ['d2/mid'], { visibility: 'domain' }),
    openOf('d2/blind', ['d1/ds2'], { visibility: 'domain' }),
  ])
    await record(cycle)
})
afterAll(async () => {
  await d2.end()
  await space.end()
  await sandbox.close()
})

const openOf = (product: string, dependsOn: string[], change = {}): Cycle =>
  openRun(inputOf(definitionOf(product, dependsOn, change), { definitionVersion: 1 }), NOON_MS)

function failedOf(cycle: Cycle, atMs: number): Cycle {
  const facts = [
    { kind: 'begun' },
    { kind: 'run-started', runId: 'jr_1', adopted: false },
    { kind: 'run-ended', end: endOf('FAILED') },
  ] as const
  return facts.reduce((before, fact) => applyFact(before, fact, atMs), cycle)
}

const record = (cycle: Cycle) => recordCycle(space.db, toRecord(cycle, 0))

const asked = (product: string, more: Partial<Asking> = {}): Asking => ({
  parts: { product: toProduct(product), key: KEY },
  nowMs: NOON_MS + 2 * HOUR_MS,
  isPast: false,
  ...more,
})

async function explained(db: Postgres, asking: Asking): Promise<Explained> {
  const found = await explainBlockers(db, asking)
  if (!found) throw new Error('nothing was found')
  return found
}
const sentenceOf = async (db: Postgres, asking: Asking) =>
  toSentence(await explained(db, asking), asking.nowMs, asking.isPast)

const ROOT = `raw/rd1/${KEY}, 3 steps up, which is in ERROR (run) since 2026-11-20T13:00:00.000Z`

describe.each([
  [
    'a login that sees all',
    () => space.db,
    ': Glue run jr_1 ended FAILED, a failure of the job (1 of 1): no such table',
  ],
  // The text of the failure is its own domain's business.
  ['the login of the domain', () => d2, ''],
])('by %s', (_name, login, why) => {
  test('the root three steps up, in another domain, is named in one sentence', async () => {
    expect(await sentenceOf(login(), asked('d2/top'))).toBe(`It waits for ${ROOT}${why}.`)
  })

  test('the way there has each product with its owner, and what is usual is not guessed', async () => {
    const found = await explained(login(), asked('d2/top'))
    expect(treeLines(found, NOON_MS)).toEqual([
      'the way down:',
      `  d2/mid/${KEY} waits since 2026-11-20T12:00:00.000Z`,
      '    owner wealth-data <wealth-data@example.com>; no history yet (0 cycles)',
      `    d1/ds1/${KEY} waits since 2026-11-20T12:00:00.000Z`,
      '      owner wealth-data <wealth-data@example.com>; no history yet (0 cycles)',
      `      raw/rd1/${KEY} is in ERROR (run) since 2026-11-20T13:00:00.000Z${why}   <-- decides`,
      '        owner raw-data <raw-data@example.com>; no history yet (0 cycles)',
    ])
    expect(unblockLines(found)).toEqual([
      'what would unblock it:',
      `  sluice rerun raw/rd1/${KEY} --reason "…"   (with the rights of domain raw)`,
      `  sluice waive d1/ds1/${KEY} --dependency raw/rd1 --reason "…"   (with the rights of domain d1)`,
      `  sluice waive d2/top/${KEY} --dependency d2/mid --reason "…"`,
      `  sluice skip d2/top/${KEY} --reason "…"`,
    ])
    expect(toTreeData(found)).toMatchObject({
      decides: `raw/rd1/${KEY}`,
      way: [`d2/mid/${KEY}`, `d1/ds1/${KEY}`],
      roots: [{ cycle: `raw/rd1/${KEY}`, domain: 'raw', kind: 'failed' }],
    })
  })
})

test("another domain's private product is no more than that", async () => {
  expect(await sentenceOf(d2, asked('d2/blind'))).toBe(
    'It waits for a product of domain d1, 2 steps up, which this login cannot see.',
  )
  expect(await sentenceOf(space.db, asked('d2/blind'))).toContain(
    `d1/secret/${KEY}, 2 steps up, which has all it needs`,
  )
  expect(JSON.stringify(toTreeData(await explained(d2, asked('d2/blind'))))).not.toContain('secret')
})

test('a cycle of another domain that was cancelled is to be rerun only if it had its inputs', async () => {
  await record(openOf('d1/gone', []))
  await record(openOf('d2/left', ['d1/gone'], { visibility: 'domain' }))
  const rerunsAfter = async (attempts: number): Promise<string[]> => {
    await space.db.changed(
      `update data_product_status set state = 'CANCELLED', last_attempt = $1 where product = 'd1/gone'`,
      [attempts],
    )
    const { unblock } = await explained(d2, asked('d2/left'))
    return unblock.map(({ command }) => command).filter((one) => one.includes('rerun'))
  }
  expect(await rerunsAfter(0)).toEqual([])
  expect(await rerunsAfter(1)).toEqual([`sluice rerun d1/gone/${KEY} --reason "…"`])
})

test('what its workflow knows better than the mirror is taken from there', async () => {
  const live = openOf('d1/lively', ['raw/rd1', 'raw/early'])
  await record(live)
  const arrived = applyArrival(live, arrivalOf('raw/early'), NOON_MS)
  const { top, roots } = await explained(space.db, asked('d1/lively', { live: arrived }))
  expect(top.waitsFor.map(({ product }) => product)).toEqual(['raw/rd1'])
  expect(roots.decides).toMatchObject({ product: 'raw/rd1', kind: 'failed' })
  const unknown = openOf('d1/unwritten', ['raw/rd1'])
  expect(await sentenceOf(space.db, asked('d1/unwritten', { live: unknown }))).toMatch(/^It waits for raw\/rd1/)
})

test('of a cycle that nobody opened, and one that is completed, there is nothing to wait for', async () => {
  expect(await explainBlockers(space.db, asked('d1/never'))).toBeUndefined()
  await record(publishedOf(openOf('raw/done', [])))
  const found = await explained(space.db, asked('raw/done'))
  expect([toSentence(found, NOON_MS, false), treeLines(found, NOON_MS), unblockLines(found)]).toEqual([null, [], []])
})

test('three statements tell it, however long the way is', async () => {
  const { db, asked: statements } = counting(space.db)
  await explained(db, asked('d2/top'))
  expect(statements).toHaveLength(3)
})

/** Remembers each statement. */
function counting(db: Postgres): { db: Postgres; asked: string[] } {
  const statements: string[] = []
  const rows: Postgres['rows'] = (sql, params) => {
    statements.push(sql)
    return db.rows(sql, params)
  }
  return { db: { ...db, rows }, asked: statements }
}

test('cycles that wait in a circle are told once, and said to', async () => {
  await record(openOf('d1/left', ['d1/right']))
  await record(openOf('d1/right', ['d1/left']))
  const found = await explained(space.db, asked('d1/left'))
  expect(toSentence(found, NOON_MS, false)).toBe(
    `It waits for d1/left/${KEY}, 2 steps up, which waits in a circle for itself.`,
  )
})

describe('a cycle that is held', () => {
  const held = { actor: 'ann', reason: 'audit', sinceMs: NOON_MS, of: 'cycle' as const }
  const statusOf = (product: string, of: HeldAs = 'cycle') =>
    markHeld(space.db, toCycleId(toProduct(product), KEY), { ...held, of })

  test('is what the others wait for, though it has all it needs; by whom is told to its own domain', async () => {
    await record(openOf('d1/halted', []))
    await record(openOf('d2/after', ['d1/halted'], { visibility: 'domain' }))
    await statusOf('d1/halted')
    expect(await sentenceOf(space.db, asked('d2/after'))).toBe(
      `It waits for d1/halted/${KEY}, which is held by ann since 2026-11-20T12:00:00.000Z: audit.`,
    )
    const { unblock } = await explained(space.db, asked('d2/after'))
    expect(unblock[0]?.command).toBe(`sluice release d1/halted/${KEY} --reason "…"`)
  })

  test('by whom is not told to the login of another domain, also where it sees the row because it is published', async () => {
    await record(publishedOf(openOf('d1/halted-again', [])))
    await record(openOf('d2/after-again', ['d1/halted-again', 'd1/halted'], { visibility: 'domain' }))
    await space.db.changed(
      `update data_product_status set available_by = '2026-11-20T22:00:00Z', state = 'WAITING' where product = 'd1/halted-again'`,
    )
    for (const product of ['d1/halted-again', 'd1/halted']) await statusOf(product, 'product')
    const seenBy = async (db: Postgres) => {
      const { top, unblock } = await explained(db, asked('d2/after-again'))
      const day = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z', limit: 10 }
      const [row] = await listCommitted(db, { ...day, products: [toProduct('d1/halted-again')] })
      const cycle = await readCycleRow(db, `d1/halted-again/${KEY}` as CycleId)
      return {
        tree: top.waitsFor.map(({ product, kind, held, isHeld, heldAs }) => [
          product,
          kind,
          held?.actor,
          isHeld,
          heldAs,
        ]),
        rows: [row?.held?.actor, row?.isHeld, cycle?.held?.actor],
        release: unblock.map(({ command }) => command).filter((one) => one.includes('release')),
      }
    }
    const release = ['d1/halted', 'd1/halted-again'].map((product) => `sluice release ${product} --reason "…"`)
    expect(await seenBy(space.db)).toEqual({
      tree: [
        ['d1/halted-again', 'held', 'ann', true, 'product'],
        ['d1/halted', 'held', 'ann', true, 'product'],
      ],
      ...{ rows: ['ann', true, 'ann'], release: release.toReversed() },
    })
    expect(await seenBy(d2)).toEqual({
      tree: [
        ['d1/halted-again', 'held', undefined, true, 'product'],
        ['d1/halted', 'held', undefined, true, 'product'],
      ],
      ...{ rows: [undefined, true, undefined], release: release.toReversed() },
    })
  })

  test('and misses inputs waits for both', async () => {
    await record(openOf('d1/both', ['raw/rd1']))
    await statusOf('d1/both')
    expect(await sentenceOf(space.db, asked('d1/both'))).toMatch(
      /^It is held by ann since .*: audit, and waits for raw\/rd1\/2026-11-20, which is in ERROR/,
    )
  })
})

describe('what it waited for at another time', () => {
  const at = (hours: number): number => NOON_MS + hours * HOUR_MS
  beforeAll(async () => {
    const upstream = publishedOf(openOf('raw/early', []), at(2))
    const cycle = applyArrival(openOf('d1/timed', ['raw/early', 'raw/rd1']), arrivalOf('raw/early'), at(2))
    const late = applyArrival(cycle, arrivalOf('raw/rd1'), at(4))
    await record(upstream)
    await record(applyFact(late, { kind: 'begun' }, at(4)))
  })
  const past = (hours: number) => asked('d1/timed', { nowMs: at(hours), isPast: true })

  test('before it was open there is nothing', async () => {
    expect(await explainBlockers(space.db, past(-1))).toBeUndefined()
  })

  test.each([
    [0.5, 'WAITING', ['raw/early', 'raw/rd1'], 'raw/early starting'],
    [3, 'WAITING', ['raw/rd1'], 'raw/rd1 failed'],
    [5, 'PROCESSING', [], 'none'],
  ] as const)('%d hours after', async (hours, state, waits, decides) => {
    const { top, roots, unblock } = await explained(space.db, past(hours))
    expect(top.state).toBe(state)
    expect(top.waitsFor.map(({ product }) => product)).toEqual(waits)
    expect(roots.decides ? `${roots.decides.product} ${roots.decides.kind}` : 'none').toBe(decides)
    // Nobody can do anything about it any more.
    expect(unblock).toEqual([])
  })

  test('the login of another domain sees of then what it may see of now', async () => {
    const then = asked('d2/top', { nowMs: at(0.5), isPast: true })
    expect(await sentenceOf(d2, then)).toBe(
      `Then it waits for raw/rd1/${KEY}, 3 steps up, which has all it needs and is about to start.`,
    )
    expect(await sentenceOf(d2, { ...then, nowMs: at(2) })).toBe(`Then it waits for ${ROOT}.`)
  })
})

describe('when it usually arrives', () => {
  const KEYS = ['2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05', '2026-11-06', '2026-11-09']
  const completed = (key: string, clock: string) => {
    const input = inputOf(definitionOf('raw/usual', []), { key: toKey(key), businessDate: key, definitionVersion: 1 })
    // 17:00 in New York is 22:00 UTC in that week.
    return record(publishedOf(openRun(input, NOON_MS), Date.parse(`${key}T${clock}Z`)))
  }
  const factsOf = async () => (await listProductFacts(space.db, [toProduct('raw/usual')], '2026-11-20T00:00:00Z'))[0]
  const words = async () => usualWords(await factsOf(), KEY)

  test('of four cycles nothing is usual, of five their middle one, and backfills do not count', async () => {
    await space.applied({ ...FILES, 'usual.yaml': productText('raw/usual', MESH) })
    for (const key of KEYS.slice(0, 4)) await completed(key, '22:10:00')
    expect(await words()).toBe('no history yet (4 cycles)')
    await completed(KEYS[4] ?? '', '22:42:30')
    expect(await words()).toBe('usually 17:10 America/New_York (the middle of its last 5)')
    await completed(KEYS[5] ?? '', '23:59:00')
    await space.db.changed(
      `update data_product_status set opened_by = 'backfill' where product = 'raw/usual' and cycle_key < '2026-11-04'`,
    )
    expect(await words()).toBe('no history yet (4 cycles)')
  })
})
