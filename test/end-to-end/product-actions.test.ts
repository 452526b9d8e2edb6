// What operators ask of whole products, what cannot be meant, and what a command says while a server is away; on a stack of
// `sluice dev`. The tests go on from one another, as a person does; each has business dates of its own, long ago.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acting, actOn, expectEnd, isIn, NOT_ALLOWED } from './acting.ts'
import { type Ended, run } from './cli-process.ts'
import { type DevStack, startDevStack } from './dev-stack.ts'

let stack: DevStack
let acting: Acting
beforeAll(async () => {
  stack = await startDevStack('sluice-product-actions')
  acting = actOn(stack)
  // Else it would be held as well.
  await stack.untilTodayIsOver()
})
afterAll(() => stack?.stop())

const give: Acting['give'] = (...args) => acting.give(...args)
const refuse: Acting['refuse'] = (...args) => acting.refuse(...args)

describe('a product', () => {
  const PRODUCT = 'shop/revenue'
  const [FIRST, SECOND, THIRD] = [11, 12, 13].map((day) => `${PRODUCT}/2020-03-${day}`) as [string, string, string]

  test('is held with its open cycles, and with those that open later', async () => {
    await acting.open(FIRST, SECOND)
    for (const cycle of [FIRST, SECOND]) await stack.untilCycle(cycle, isIn('WAITING'))
    const done = await give(PRODUCT, ['hold'], {
      says: /^2 open cycles of shop\/revenue would be held: .*\nCycles that open from then on would be held too\.$/m,
      audited: { asked: { of: 'product' }, before: { held: false }, after: { held: true } },
    })
    expect(done).toMatchObject({
      ...{ product: PRODUCT, action: 'hold', before: null, kept: [] },
      cycles: [FIRST, SECOND].map((cycle) => ({ cycle, refused: null })),
    })
    await acting.open(THIRD)
    for (const cycle of [FIRST, SECOND, THIRD]) await stack.untilCycle(cycle, ({ held }) => held?.of === 'product')
    for (const day of [11, 12, 13]) await acting.open(`shop/orders/2020-03-${day}`)
    for (const cycle of [FIRST, SECOND, THIRD])
      await stack.untilCycle(cycle, ({ waitingFor, lastAttempt }) => waitingFor.length === 0 && lastAttempt === 0)
  })

  test('that is held already says by whom, and holds nothing twice; a cycle of it is released with it alone', async () => {
    const again = await stack.sluice('hold', PRODUCT, '--reason', 'me too', '--actor', 'ben')
    expect(again).toMatchObject({
      code: NOT_ALLOWED,
      out: expect.stringMatching(/^shop\/revenue was held already, by operator \d+ since/),
    })
    const [entry] = await acting.auditOf(PRODUCT)
    expect(entry).toMatchObject({
      actor: 'ben',
      outcome: 'refused',
      refusedBecause: expect.stringMatching(/already/),
    })
    await refuse(FIRST, ['release'], /Its product is held, by operator \d+ .*: sluice release shop\/revenue/)
    await refuse(FIRST, ['rerun'], /It is held by operator \d+: .*: sluice release shop\/revenue/)
  })

  test('is released with the latest cycle; the others stay held one by one', async () => {
    const which = await stack.sluice('release', PRODUCT, '--reason', 'right again')
    expect(which).toMatchObject({ code: NOT_ALLOWED, out: '', err: expect.stringContaining('--run latest') })
    const done = await give(PRODUCT, ['release', '--run', 'latest'], {
      says: /^1 open cycle of shop\/revenue would go on: .*13\.\n.*11 would stay held by itself\./m,
      audited: { before: { held: true }, after: { held: false } },
    })
    expect(done).toMatchObject({ kept: [FIRST, SECOND], cycles: [{ cycle: THIRD, refused: null }] })
    await stack.untilCycle(THIRD, isIn('COMPLETED'))
    for (const cycle of [FIRST, SECOND]) await stack.untilCycle(cycle, ({ held }) => held?.of === 'cycle')
    await refuse(PRODUCT, ['release'], /is not held.* operator \d+ asked for it first, at \S+: reason \d+\./)
    await give(FIRST, ['release'])
    await stack.untilCycle(FIRST, isIn('COMPLETED'))
    await give(SECOND, ['cancel'], { says: /No Glue run is under way/ })
    await stack.untilCycle(SECOND, isIn('CANCELLED', { lastAttempt: 0 }))
    await refuse(SECOND, ['release'], /It is not held/)
  })
})

const WHY = ['--reason', 'to see']

describe('what cannot be meant', () => {
  const KNOWN = 'shop/orders/2020-03-11'
  test.each([
    [['rerun', KNOWN, '--no-publish', '--cascade', 'all', ...WHY], 1, /--no-publish and --cascade contradict/],
    [['waive', KNOWN, '--all', '--dependency', 'shop/orders', ...WHY], 1, /--all and --dependency contradict/],
    [['waive', KNOWN, ...WHY], 1, /Name the input to go without/],
    [['release', KNOWN, '--run', 'all', ...WHY], 1, /--run is for a product/],
    [['rerun', KNOWN, '--definition', 'newest', ...WHY], 1, /Allowed choices are cycle, current/],
    [['hold', 'shop/revenu', ...WHY], 4, /No definition of shop\/revenu is applied; did you mean "shop\/revenue"\?/],
    [['release', 'shop/revenu', ...WHY], 4, /did you mean "shop\/revenue"\?/],
    [['hold', 'shop', ...WHY], 1, /Expected a cycle, .* or a product/],
    [['hold', 'shopp/revenue', ...WHY], 1, /did you mean "shop"\?/],
    [['skip', 'shop/order/2020-03-11', ...WHY], 4, /did you mean "shop\/orders"\?/],
    [['cancel', 'shop/orders/2001-01-01', ...WHY], 4, /To open it now: sluice open shop\/orders\/2001-01-01/],
    [['hold', 'shop/orders/2001-02-30', ...WHY], 1, /Expected a cycle, .* or a product/],
    ...['rerun', 'skip', 'hold', 'release', 'cancel'].map((action): [string[], number, RegExp] => [
      [action, KNOWN],
      1,
      /required option '--reason <text>' not specified/,
    ]),
    [['skip', KNOWN, '--reason', ' '], 4, /A skip needs an actor and a reason that say something/],
    [['cancel', KNOWN, ...WHY, '--actor', ' '], 4, /A cancellation needs an actor and a reason that say something/],
    [['hold', 'shop/orders', '--reason', ' '], 4, /needs an actor and a reason that say something/],
  ] as [string[], number, RegExp][])('%j ends with %i', async (args, code, why) => {
    const ended: Ended = await stack.sluice(...args)
    expect([ended.code, ended.out, ended.err]).toEqual([code, '', expect.stringMatching(why)])
    expect(ended.err).not.toMatch(/\n {4}at /)
  })
})

/** What `dev env` sets, with one server where nobody answers. */
async function without(server: string, value: string, account = 'shop'): Promise<NodeJS.ProcessEnv> {
  const { out } = await stack.sluice('dev', 'env', '--account', account)
  const variables = [...out.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name, value])
  const env = Object.fromEntries(variables) as Record<string, string>
  // By another address of its database it is no stack that commands know, so that they go by these variables.
  return { ...env, DATABASE_URL: `${env['DATABASE_URL']}?application_name=away`, [server]: value }
}

describe('while a server is away', () => {
  const PRODUCT = 'shop/orders'
  const CYCLE = 'shop/best-sellers/2020-03-20'
  const ACTIONS = [['rerun'], ['skip'], ['waive', '--all'], ['hold'], ['release'], ['cancel']]
  const AWAY = [
    ['TEMPORAL_ADDRESS', '127.0.0.1:1', /^sluice: Temporal at 127\.0\.0\.1:1 does not answer\. Is it running, and /],
  ] as const

  test.each(AWAY)('each action says so, and does nothing (%s)', async (server, value, why) => {
    await acting.open(CYCLE)
    await stack.untilCycle(CYCLE, isIn('WAITING'))
    const env = await without(server, value)
    const before = await acting.standingOf(CYCLE)
    for (const [action = '', ...more] of ACTIONS)
      expectAway(await run([action, CYCLE, ...more, ...WHY], stack.folder, env), why)
    const central = await without(server, value, 'central')
    for (const action of ['hold', 'release'])
      expectAway(await run([action, PRODUCT, ...WHY], stack.folder, central), why)
    expect(await acting.standingOf(CYCLE)).toEqual(before)
    expect(await acting.auditOf(PRODUCT)).toEqual([])
  })

  test('PostgreSQL: an open cycle obeys, what needs the database says so', async () => {
    const env = await without('DATABASE_URL', 'postgres://me:pw@127.0.0.1:1/x')
    const away = /^sluice: Could not connect to PostgreSQL at /
    for (const action of ['hold', 'release']) expectEnd(await run([action, CYCLE, ...WHY], stack.folder, env))
    const refused = await run(['rerun', CYCLE, ...WHY], stack.folder, env)
    expect(refused).toMatchObject({ code: NOT_ALLOWED, err: expect.stringMatching(/it waits for shop\/orders/) })
    expect(refused.err).toMatch(/The refusal could not be written to the audit: Could not connect to PostgreSQL/)
    const dry = await run(['skip', CYCLE, '--dry-run', ...WHY], stack.folder, env)
    expect([dry.code, dry.out]).toEqual([
      0,
      expect.stringMatching(/Who uses its data is not known: Could not connect to PostgreSQL/),
    ])
    const asJson = await run(['skip', CYCLE, '--dry-run', '-o', 'json', ...WHY], stack.folder, env)
    expect(JSON.parse(asJson.out)).toMatchObject({ readers: null })
    const central = await without('DATABASE_URL', 'postgres://me:pw@127.0.0.1:1/x', 'central')
    for (const action of ['hold', 'release'])
      expectAway(await run([action, PRODUCT, ...WHY], stack.folder, central), away)
    await stack.untilCycle(CYCLE, isIn('WAITING', { held: null }))
  })

  test('AWS: an open cycle obeys, what needs the catalog says so', async () => {
    // Else AWS would be asked who that is, which is said to be away before all else.
    const who = { SLUICE_ACTOR: 'ann' }
    const env = { ...(await without('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')), ...who }
    const away = /^sluice: .*(s3|S3|bucket|catalog).*127\.0\.0\.1:1/
    for (const action of ['hold', 'release']) expectEnd(await run([action, CYCLE, ...WHY], stack.folder, env))
    const central = { ...(await without('AWS_ENDPOINT_URL', 'http://127.0.0.1:1', 'central')), ...who }
    for (const action of ['hold', 'release'])
      expectAway(await run([action, PRODUCT, ...WHY], stack.folder, central), away)
    const closed = `shop/revenue/2020-03-12`
    expectAway(await run(['rerun', closed, ...WHY], stack.folder, env), away)
    expect(await acting.auditOf(PRODUCT)).toEqual([])
  })

  test('a hold that reached the database and not the bucket says so, and is whole once it is given again; so with a release', async () => {
    const cycle = 'shop/orders/2020-03-21'
    await refusePuts()
    expectAway(await stack.sluice('hold', PRODUCT, ...WHY), half)
    await healPuts()
    const again = await stack.sluice('hold', PRODUCT, ...WHY)
    expect(again).toMatchObject({ code: NOT_ALLOWED, out: expect.stringContaining('was held already') })
    await acting.open(cycle)
    await stack.untilCycle(cycle, ({ held }) => held?.of === 'product')
    await refusePuts()
    expectAway(await stack.sluice('release', PRODUCT, ...WHY), half)
    await healPuts()
    const other = await stack.sluice('release', PRODUCT, ...WHY, '--actor', 'ben')
    expectAway(
      { ...other, code: 1 },
      /is not held any more\. .* asked for it first, .* in a minute, give the command again/,
    )
    expect(other.code).toBe(NOT_ALLOWED)
    expectEnd(await stack.sluice('release', PRODUCT, ...WHY))
    await stack.untilCycle(cycle, isIn('COMPLETED'))
    const next = 'shop/orders/2020-03-22'
    await acting.open(next)
    await stack.untilCycle(next, isIn('COMPLETED'))
  })

  test('a hold that is given again names what it holds only now; after half a release status does not call the product held', async () => {
    const cycle = 'shop/best-sellers/2020-03-25'
    await acting.open(cycle)
    await stack.untilCycle(cycle, isIn('WAITING'))
    await refusePuts()
    expectAway(await stack.sluice('hold', 'shop/best-sellers', ...WHY), half)
    await healPuts()
    const again = await stack.sluice('hold', 'shop/best-sellers', ...WHY)
    expect(again).toMatchObject({ code: NOT_ALLOWED, out: expect.stringMatching(/was held already/) })
    expect(again.out).toMatch(new RegExp(`Held with it only now: \\d+ open cycles?: .*${cycle}`))
    await stack.untilCycle(cycle, ({ held }) => held?.of === 'product')
    const statusOf = async () =>
      (await stack.sluice('status', '--product', 'shop/best-sellers', '--date', '2020-03-25')).out
    expect(await statusOf()).toMatch(/its product is held by/)
    await refusePuts()
    expectAway(await stack.sluice('release', 'shop/best-sellers', '--run', 'all', ...WHY), half)
    await healPuts()
    expect(await statusOf()).toMatch(/held with its product by .*; the product is held no more/)
    expectEnd(await stack.sluice('release', 'shop/best-sellers', '--run', 'all', ...WHY))
    await stack.untilCycle(cycle, ({ held }) => !held)
  })
})

const half = /^sluice: It is in the database, but could not be written to s3:.*give the command again/

const refusePuts = () =>
  acting.setFault({
    ...{ service: 's3', operation: 'PutObject', times: 10, id: 'no-puts' },
    action: { kind: 'error', code: 'AccessDenied', status: 403, message: 'no writes today' },
  })

async function healPuts(): Promise<void> {
  const endpoint = stack.record.addresses['awsEndpoint'] ?? ''
  expect((await fetch(`${endpoint}/_sandbox/faults?id=no-puts`, { method: 'DELETE' })).ok).toBe(true)
}

/** One sentence, and the exit code of what could not be done. */
function expectAway({ code, out, err }: Ended, why: RegExp): void {
  expect([code, out, err]).toEqual([1, '', expect.stringMatching(why)])
  expect(err).not.toMatch(/\n {4}at |pw@/)
}

test('every invariant holds after all of it', async () => {
  const { code, out, err } = await stack.sluice('verify')
  expect(code, out + err).toBe(0)
  expect(out).toMatch(/^I3 .* 0$/m)
})
