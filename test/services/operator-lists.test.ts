// What operators list, on a real PostgreSQL: the grid of products and dates, the commitments of a day, the audit. Each as the owner
// of the tables and as a domain's login sees it.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { domainText, type Files, productText } from '../../catalog/samples.test-data.ts'
import { audit, type AuditOptions, readAudit } from '../../cli/audit-list.ts'
import { toChange } from '../../cli/audit-words.ts'
import { readSla } from '../../cli/sla.ts'
import { deleteHold, insertHold } from '../../catalog/holds.ts'
import { createStatusReader, type StatusChoice } from '../../cli/status-view.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { recordAction } from '../../mirror/actions.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { listProducts } from '../../mirror/products.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { type Cycle, type CycleInput, openRun, type Standing } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { type CycleId, type Domain, domainOf } from '../../model/ids.ts'
import { definitionOf, inputOf, publishedOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { type CatalogSpace, openCatalogSpace } from './catalog-space.ts'
import { markHeld } from './held-rows.ts'

/** A Friday that no definition applied today is younger than. */
const [FRIDAY, SATURDAY, MONDAY] = ['2099-06-12', '2099-06-13', '2099-06-15']
const NOW_MS = Date.parse(`${FRIDAY}T12:00:00Z`)
const HOUR_MS = 3_600_000
const DOMAIN = 'lists' as Domain
const PASSWORD = 'a-password-of-the-test'

const PROMISED = 'availableBy: "12:00"\n'
const owned = (team: string): string => `owner: { team: ${team}, email: ${team}@example.com }\n`
const FILES: Files = {
  'lists.yaml': domainText('lists'),
  'raw.yaml': domainText('raw', ['222222222222', '111111111111']),
  'rd1.yaml': productText('raw/rd1', 'visibility: mesh\n', 'business-day'),
  'rd2.yaml': productText('raw/rd2', '', 'business-day'),
  'a.yaml': productText('lists/a', `dependsOn: [raw/rd1]\n${PROMISED}`, 'business-day'),
  'b.yaml': productText('lists/b', PROMISED + owned('risk'), 'business-day'),
  'c.yaml': productText('lists/c', PROMISED, 'business-day'),
  'm.yaml': productText('lists/m', '', 'month'),
}

let sandbox: Sandbox
let space: CatalogSpace
/** As the login of that domain. */
let login: Postgres
beforeAll(async () => {
  sandbox = await startSandbox()
  space = await openCatalogSpace(sandbox, 'operator-lists')
  await space.applied(FILES, { reason: 'the first', gitSha: 'abc' })
  const url = new URL(space.url)
  // Roles belong to the whole server, so the domain is this file's own.
  const username = await ensureDomainRole(space.db, DOMAIN, PASSWORD)
  login = openPostgres(Object.assign(url, { username, password: PASSWORD }).href)
  await record(opened('lists/a', FRIDAY, { availableByMs: NOW_MS - HOUR_MS }))
  await record(publishedOf(opened('lists/b', FRIDAY, { availableByMs: NOW_MS + HOUR_MS }), NOW_MS - HOUR_MS))
  await record(
    publishedOf(opened('lists/b', '2099-04-01', { availableByMs: Date.parse('2099-04-01T12:00:00Z') }), NOW_MS),
  )
  await record(opened('raw/rd2', FRIDAY))
})
afterAll(async () => {
  await login?.end()
  await space?.end()
  await sandbox?.close()
})

const opened = (product: string, key: string, change: Partial<CycleInput> = {}): Cycle =>
  openRun(
    inputOf(definitionOf(product, product === 'lists/a' ? ['raw/rd1'] : [], { visibility: 'domain' }), {
      ...{ key: toKey(key), definitionVersion: 1, openedBy: 'scheduler', ...change },
      expected: product === 'lists/a' ? [{ product: toProduct('raw/rd1'), key: toKey(key) }] : [],
    }),
    Date.parse(`${key}T01:00:00Z`),
  )
const record = (cycle: Cycle) => recordCycle(space.db, toRecord(cycle, 0))

describe('status', () => {
  const look = (db: Postgres, choice: Partial<StatusChoice> = {}) =>
    createStatusReader(db, { states: [], late: false, dates: 3, ...choice })(NOW_MS)
  const cyclesOf = async (choice: Partial<StatusChoice>) =>
    (await look(space.db, choice)).rows.map(({ cycle }) => cycle)

  test('a held product is named with who, why and how to end it, also while none of its cycles is open', async () => {
    const hold = { product: toProduct('raw/rd1'), actor: 'ann', reason: 'source is wrong', sinceMs: 0 }
    await insertHold(space.db, { ...hold, of: 'product' })
    const said =
      'raw/rd1 is held by ann since 1970-01-01T00:00:00.000Z: source is wrong. To end it: sluice release raw/rd1'
    expect((await look(space.db)).notes).toContain(said)
    expect((await look(space.db, { domain: 'lists' })).notes).not.toContain(said)
    await deleteHold(space.db, hold.product)
    expect((await look(space.db)).notes).not.toContain(said)
  })

  test('dates follow each other up to the newest that has a cycle, and a product without one has its row', async () => {
    const { rows, products, columns, notes } = await look(space.db)
    expect(columns).toEqual(['2099-06-10', '2099-06-11', FRIDAY, '2099-06'])
    expect(products.toSorted()).toEqual(['lists/a', 'lists/b', 'lists/c', 'lists/m', 'raw/rd1', 'raw/rd2'])
    expect(rows.map(({ cycle }) => cycle)).toEqual(
      ['lists/a', 'lists/b', 'raw/rd2'].map((product) => `${product}/${FRIDAY}`),
    )
    expect(notes).toEqual([])
  })

  test('where there is no cycle, the calendars of the catalogs say why', async () => {
    const { judge, columns } = await look(space.db, { date: MONDAY, dates: 4 })
    expect(columns).toEqual([FRIDAY, SATURDAY, '2099-06-14', MONDAY, '2099-06'])
    const kindOf = (product: string, key: string) => judge(toProduct(product), toKey(key)).kind
    expect([
      kindOf('lists/c', SATURDAY),
      kindOf('lists/c', MONDAY),
      kindOf('lists/m', MONDAY),
      kindOf('lists/m', '2099-06'),
    ]).toEqual(['closed', 'due', 'none', 'due'])
  })

  test.each<[Partial<StatusChoice>, string[]]>([
    [{ domain: 'raw' }, [`raw/rd2/${FRIDAY}`]],
    [{ owner: 'RISK' }, [`lists/b/${FRIDAY}`]],
    [{ product: 'lists/?' }, [`lists/a/${FRIDAY}`, `lists/b/${FRIDAY}`]],
    [{ states: ['WAITING'] }, [`lists/a/${FRIDAY}`, `raw/rd2/${FRIDAY}`]],
    [
      { states: ['WAITING', 'COMPLETED'], domain: 'lists' },
      [`lists/a/${FRIDAY}`, `lists/b/${FRIDAY}`, 'lists/b/2099-04-01'],
    ],
    [{ late: true }, [`lists/a/${FRIDAY}`, 'lists/b/2099-04-01']],
    [{ date: '2099-04-02', dates: 2 }, ['lists/b/2099-04-01']],
  ])('%o shows %o', async (choice, cycles) => {
    expect(await cyclesOf(choice)).toEqual(cycles)
  })

  test('where states are asked for, products without such a cycle, and dates without any, are left out', async () => {
    const { products, columns } = await look(space.db, { late: true })
    expect([products, columns]).toEqual([
      ['lists/a', 'lists/b'],
      [FRIDAY, '2099-04-01'],
    ])
  })

  test('a cycle of an older date that is open still stands before the last days; one of the past looked at does not', async () => {
    await record(opened('lists/c', '2099-03-02'))
    await record(opened('lists/m', '2099-02'))
    const { rows, columns, notes } = await look(space.db, { domain: 'lists' })
    expect(rows.map(({ cycle }) => cycle)).toContain('lists/c/2099-03-02')
    expect(columns).toEqual(['2099-03-02', '2099-02', '2099-06-10', '2099-06-11', FRIDAY, '2099-06'])
    expect(notes).toEqual([])
    const few = await look(space.db, { domain: 'lists', dates: 1 })
    expect([few.columns, few.notes]).toEqual([
      ['2099-03-02', FRIDAY, '2099-06'],
      ['There are open cycles of still older dates: sluice status --state WAITING PROCESSING ERROR'],
    ])
    expect((await look(space.db, { domain: 'lists', date: FRIDAY })).columns).not.toContain('2099-03-02')
    await space.db.changed(`delete from data_product_status where cycle in ('lists/c/2099-03-02', 'lists/m/2099-02')`)
  })

  test('a cycle that is held says by whom', async () => {
    const held = { actor: 'ann', reason: 'stop', sinceMs: NOW_MS, of: 'cycle' } as const
    await markHeld(space.db, `lists/a/${FRIDAY}` as CycleId, held)
    expect((await look(space.db, { product: 'lists/a' })).rows[0]?.held).toEqual(held)
  })

  test('a domain’s login sees what is its own, and says of others only when they are closed', async () => {
    const { rows, products, judge } = await look(login, { date: MONDAY, dates: 4 })
    expect(rows.map(({ cycle }) => cycle)).toEqual([`lists/a/${FRIDAY}`, `lists/b/${FRIDAY}`])
    expect(products.toSorted()).toEqual(['lists/a', 'lists/b', 'lists/c', 'lists/m', 'raw/rd1'])
    const kinds = [SATURDAY, MONDAY].map((key) => judge(toProduct('raw/rd1'), toKey(key)).kind)
    expect(kinds).toEqual(['closed', 'none'])
  })

  test('catalogs that do not answer cost the hatching alone, and it is said', async () => {
    await space.db.changed('alter table domain_catalog rename to away')
    try {
      const { rows, judge, notes } = await look(space.db)
      expect([rows.length, judge(toProduct('lists/a'), toKey(SATURDAY)).kind]).toEqual([3, 'none'])
      expect(notes).toEqual([expect.stringMatching(/^The catalogs do not answer, so closed days are not hatched: /)])
    } finally {
      await space.db.changed('alter table away rename to domain_catalog')
    }
  })

  test('an unknown name is refused before anything is read of cycles', async () => {
    await expect(look(space.db, { owner: 'rsk' })).rejects.toThrow('did you mean "risk"?')
  })
})

describe('sla', () => {
  const read = async (db: Postgres, choice: Parameters<typeof readSla>[1] = {}, date = FRIDAY) =>
    (await readSla(db, choice, { date, nowMs: NOW_MS })).rows.map(({ cycle, state, verdict, marginSeconds, owner }) => [
      cycle,
      state,
      verdict,
      marginSeconds,
      owner?.team,
    ])

  test('the commitments of a day, those that nobody has opened too, by the instant they are expected', async () => {
    // 12:00 in New York.
    expect(await read(space.db)).toEqual([
      [`lists/a/${FRIDAY}`, 'WAITING', 'late', -3_600, 'wealth-data'],
      [`lists/b/${FRIDAY}`, 'COMPLETED', 'met', 7_200, 'risk'],
      [`lists/c/${FRIDAY}`, null, 'open', 4 * 3_600, 'wealth-data'],
    ])
    expect(await read(space.db, {}, SATURDAY)).toEqual([])
    expect((await read(space.db, {}, MONDAY)).map(([cycle]) => cycle)).toEqual(
      ['a', 'b', 'c'].map((name) => `lists/${name}/${MONDAY}`),
    )
  })

  test('what was opened for another time is not promised a second time', async () => {
    await record(opened('lists/c', '2099-06-11', { availableByMs: NOW_MS + 48 * HOUR_MS }))
    expect((await read(space.db, { product: 'lists/c' }, '2099-06-11')).length).toBe(0)
    expect((await read(space.db, { product: 'lists/c' }, '2099-06-14')).length).toBe(1)
  })

  test('by owner and domain, and as a domain’s login', async () => {
    expect((await read(space.db, { owner: 'risk@example.com' })).map(([cycle]) => cycle)).toEqual([`lists/b/${FRIDAY}`])
    expect(await read(space.db, { domain: 'raw' })).toEqual([])
    expect(await read(login)).toEqual(await read(space.db, { domain: 'lists' }))
  })

  test('when a product usually is there is told once it has made a habit of it', async () => {
    for (const day of ['01', '02', '03', '04', '05']) {
      const key = `2099-06-${day}`
      await record(publishedOf(opened('lists/a', key), Date.parse(`${key}T15:00:00Z`)))
    }
    const { rows } = await readSla(space.db, { product: 'lists/a' }, { date: FRIDAY, nowMs: NOW_MS })
    expect(rows[0]?.usualAt).toBe(`${FRIDAY}T15:00:00.000Z`)
  })
})

describe('audit', () => {
  const waiting: Standing = { state: 'WAITING', step: null, revision: 0, attempt: 0, held: false }
  const at = (minute: number): string => new Date(NOW_MS + minute * 60_000).toISOString()
  const act = (subject: string, minute: number, change: object = {}) =>
    recordAction(space.db, {
      ...{ cycle: subject as CycleId, action: 'rerun', actor: 'ann', actorVerified: false, reason: 'why' },
      ...{ requestId: `request-${minute}`, refused: null, atMs: Date.parse(at(minute)), ...change },
    })
  const list = (db: Postgres, options: Partial<AuditOptions> = {}) =>
    readAudit(db, { refused: false, limit: 50, output: 'table', ...options })
  const linesOf = async (db: Postgres, options: Partial<AuditOptions> = {}) =>
    (await list(db, options)).map((entry) =>
      entry.kind === 'apply' ? `apply ${entry.catalogVersion}` : `${entry.action} ${entry.subject}`,
    )
  const A = `lists/a/${FRIDAY}`

  beforeAll(async () => {
    await act(A, 1, { action: 'hold', before: waiting, after: { ...waiting, held: true } })
    await act('raw/rd2', 2, { action: 'hold', actor: 'Bob' })
    await act(`lists/b/${FRIDAY}`, 3, { refused: 'it runs', before: waiting })
    const { 'm.yaml': _, ...rest } = FILES
    await space.applied({ ...rest, 'c.yaml': productText('lists/c', '', 'business-day') }, { actor: 'cy', prune: true })
  })

  test('actions and applies stand in one list, newest first', async () => {
    const all = ['rerun lists/b/2099-06-12', 'hold raw/rd2', 'hold lists/a/2099-06-12', 'apply 2', 'apply 1']
    expect(await linesOf(space.db)).toEqual(all)
    expect(await linesOf(space.db, { limit: 2 }), 'one more, to know that there is more').toEqual(all.slice(0, 3))
  })

  test.each<[Partial<AuditOptions>, string[]]>([
    [{ cycle: { product: toProduct('lists/a'), key: toKey(FRIDAY) } }, [`hold ${A}`]],
    [{ domain: 'raw' }, ['hold raw/rd2', 'apply 1']],
    [{ product: 'raw/*' }, ['hold raw/rd2', 'apply 1']],
    [{ product: 'lists/c' }, ['apply 2', 'apply 1']],
    [{ actor: 'bob' }, ['hold raw/rd2']],
    [{ action: ['apply'] }, ['apply 2', 'apply 1']],
    [{ action: ['hold'] }, ['hold raw/rd2', `hold ${A}`]],
    [{ refused: true }, [`rerun lists/b/${FRIDAY}`]],
    [{ since: at(2), until: at(3) }, ['hold raw/rd2']],
  ])('%o lists %o', async (options, lines) => {
    expect(await linesOf(space.db, options)).toEqual(lines)
  })

  test.each([
    ['lists/aa', FRIDAY, /^Nobody has asked anything of lists\/aa\/\S+; did you mean "lists\/a"\?$/],
    ['vendor/x', FRIDAY, /^Nobody has asked anything of vendor\/x\/\S+\.$/],
    ['lists/a', SATURDAY, /^Nobody .*, and no such cycle is known here\. Why not: sluice explain lists\/a\//],
    ['lists/b', '2099-04-01', /^Nobody .*\. What happened to it by itself: sluice explain lists\/b\//],
  ])('of the cycle %s/%s, of which there is nothing, it says why', async (product, key, why) => {
    vi.stubEnv('DATABASE_URL', space.url)
    let said = ''
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said += String(text))))
    const cycle = { product: toProduct(product), key: toKey(key) }
    expect(await audit({ cycle, refused: false, limit: 50, output: 'table' })).toBe(0)
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    expect(said.trim()).toMatch(why)
  })

  test('before and after read back as they were written', async () => {
    const [hold] = await list(space.db, { cycle: { product: toProduct('lists/a'), key: toKey(FRIDAY) } })
    expect(hold?.kind === 'action' && toChange(hold)).toBe('held')
  })

  test('an apply says which versions it made and ended, with the definitions where they are asked for', async () => {
    const [second, first] = await list(space.db, { action: ['apply'], output: 'json' })
    const changes = second?.kind === 'apply' ? second.changes : []
    expect(changes.map(({ kind, name, from, to }) => [kind, name, from, to])).toEqual([
      ['product', 'lists/c', 1, 2],
      ['product', 'lists/m', 1, null],
    ])
    expect(changes[0]).toMatchObject({ before: { availableBy: { time: '12:00' } }, after: { availableBy: null } })
    expect(first).toMatchObject({ actor: 'ann', reason: 'the first', gitSha: 'abc' })
    const kinds = first?.kind === 'apply' ? first.changes.map(({ kind, name }) => `${kind} ${name}`) : []
    expect(kinds).toContain('domain raw')
    expect(kinds).toContain('calendar weekdays')
    expect(kinds.slice(0, 2)).toEqual(['product lists/a', 'product lists/b'])
  })

  test('a product is known by its present version, and one that was removed by none', async () => {
    const versions = (await listProducts(space.db)).map(({ product, version }) => [product, version])
    expect(versions).toContainEqual(['lists/c', 2])
    expect(versions).toContainEqual(['lists/m', null])
    expect(versions).toHaveLength(6)
  })

  test('a domain’s login sees its own actions, and of applies no private product of others', async () => {
    expect(await linesOf(login)).toEqual([`rerun lists/b/${FRIDAY}`, `hold ${A}`, 'apply 2', 'apply 1'])
    const applied = (await list(login, { action: ['apply'] })).at(-1)
    const names = applied?.kind === 'apply' ? applied.changes.map(({ name }) => name) : []
    expect(names).toContain('raw/rd1')
    expect(names.filter((name) => name === 'raw/rd2' || domainOf(name as never) === ('raw' as never))).toEqual([
      'raw/rd1',
    ])
    await space.applied({
      ...FILES,
      'c.yaml': productText('lists/c', '', 'business-day'),
      'rd2.yaml': productText('raw/rd2'),
    })
    await space.applied({ ...FILES, 'c.yaml': productText('lists/c', '', 'business-day') })
    const all = await linesOf(space.db, { action: ['apply'] })
    expect(await linesOf(login, { action: ['apply'] }), 'one that only changed a private product of another').toEqual(
      all.filter((line) => line !== 'apply 4'),
    )
  })
})
