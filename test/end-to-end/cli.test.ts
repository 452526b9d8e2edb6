// The command line from the first minute on: `init`, `dev`, and every main command against that stack, as real processes.
// The tests go on from one another, as a person does; what a cycle needs is made by commands only.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { type CycleRow, listCycles } from '../../mirror/status.ts'
import { isStillRunning, type KnownProcess } from '../../sandbox/process-identity.ts'
import type { StackRecord } from '../../sandbox/stacks.ts'
import { eventually, run, type Staying, start } from './cli-process.ts'
import { type DevStack, startDevStack } from './dev-stack.ts'

const PRODUCTS = ['shop/best-sellers', 'shop/orders', 'shop/revenue']

let stack: DevStack
let folder: string
let dev: Staying
let record: StackRecord
let db: Postgres
/** The date of the cycles that the scheduler opened. */
let today: string

beforeAll(async () => {
  stack = await startDevStack('sluice-cli')
  ;({ folder, dev, record, db } = stack)
  expect(stack.init).toMatchObject({ code: 0, out: expect.stringContaining('shop/orders.yaml') })
})

afterAll(() => stack?.stop())

const sluice: DevStack['sluice'] = (...args) => stack.sluice(...args)

const json = <T>(...args: string[]): Promise<T> => stack.json<T>(...args)

const untilCycle: DevStack['untilCycle'] = (cycle, isSo) => stack.untilCycle(cycle, isSo)

const processOf = (name: string): KnownProcess => {
  const known = record.processes.find((process) => process.name === name)
  if (!known) throw new Error(`The stack has no ${name}.`)
  return known
}

/** By the Temporal CLI that the stack found for itself. */
const temporal = (...args: string[]) =>
  promisify(execFile)(processOf('Temporal').commandLine.split(' ')[0] ?? '', [
    ...args,
    '--address',
    record.addresses['temporalAddress'] ?? '',
  ])

test('the starter mesh is right, offline', async () => {
  const { code, out, err } = await sluice('validate', 'my-mesh/mesh')
  expect([code, out, err]).toEqual([0, '', 'All right: 3 products of 1 domain.\n'])
})

test('today’s cycles open by the scheduler and complete by themselves', async () => {
  // Shortly before midnight there are two dates.
  const last = await eventually(async () =>
    (await listCycles(db, { limit: 100 })).find(
      ({ product, state }) => product === 'shop/best-sellers' && state === 'COMPLETED',
    ),
  )
  today = last.key
  const rows = (await json<CycleRow[]>('status')).filter(({ key }) => key === today)
  expect(rows).toHaveLength(PRODUCTS.length)
  expect(rows.find(({ product }) => product === 'shop/orders')).toMatchObject({
    openedBy: 'scheduler',
    isLate: false,
  })
  const { out } = await sluice('status')
  for (const product of PRODUCTS) expect(out).toMatch(new RegExp(`^${product} .*\\S COMPLETED`, 'm'))
})

/** As `eval "$(sluice dev env)"` sets it. */
async function readEnvironment(...which: string[]): Promise<NodeJS.ProcessEnv> {
  const { out } = await sluice('dev', 'env', ...which)
  const variables = [...out.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name, value])
  return Object.fromEntries(variables) as NodeJS.ProcessEnv
}

test('a mesh deployed again on the running stack leaves the logins in use alone', async () => {
  const env = await readEnvironment()
  const deployed = await run(['dev', 'deploy', 'my-mesh/mesh'], folder, env)
  expect(deployed).toMatchObject({ code: 0, out: expect.stringContaining('Deployed 3 products of shop') })
  // It reads as the domain, with the password that the stack's roles have.
  expect(await sluice('logs', `shop/revenue/${today}`)).toMatchObject({ code: 0 })
})

test('a mesh deployed with a product less says what is removed, and what stays until it is pruned', async () => {
  const env = await readEnvironment()
  cpSync(path.join(folder, 'my-mesh'), path.join(folder, 'smaller'), { recursive: true })
  rmSync(path.join(folder, 'smaller/mesh/shop/best-sellers.yaml'))
  const smaller = await run(['dev', 'deploy', 'smaller/mesh'], folder, env)
  expect(smaller).toMatchObject({ code: 0, out: expect.stringContaining('Deployed 2 products of shop') })
  expect(smaller.err).toMatch(/^removed: AWS::Glue::Job \S+, which stack \S+ no longer names$/m)
  expect(smaller.err).toContain(
    '! shop/best-sellers: in no file any more, stays as it is; to remove it apply with --prune',
  )
  expect(await run(['dev', 'deploy', 'my-mesh/mesh'], folder, env)).toMatchObject({ code: 0 })
})

test('status filters, and says when nothing is like that', async () => {
  const [none, wrong] = await Promise.all([sluice('status', '--state', 'error'), sluice('status', '--state', 'lost')])
  expect(none).toEqual({ code: 0, out: '', err: 'No cycle is like that.\n' })
  expect(wrong).toMatchObject({ code: 1, out: '', err: expect.stringContaining('a cycle is one of WAITING, ') })
})

test('sla and audit list what there is, and a wrong name ends also a watch', async () => {
  const [{ commitments }, entries, wrong] = await Promise.all([
    json<{ commitments: unknown[] }>('sla', '--date', today),
    json<{ kind: string; actor: string }[]>('audit', '--action', 'apply'),
    sluice('status', '--watch', '--domain', 'shpo'),
  ])
  expect(commitments).toEqual([])
  expect(entries.at(-1)).toMatchObject({ kind: 'apply', actor: 'sluice dev' })
  expect(wrong).toEqual({ code: 1, out: '', err: 'sluice: No domain "shpo" has a product; did you mean "shop"?\n' })
})

test('explain tells a completed cycle from the mirror', async () => {
  const cycle = `shop/revenue/${today}`
  const [{ out }, { live, mirror }] = await Promise.all([
    sluice('explain', cycle),
    json<{ live: unknown; mirror: { row: CycleRow; dependencies: object[] } }>('explain', cycle),
  ])
  expect(out).toContain(`${cycle}  COMPLETED\n`)
  expect(out).toMatch(/ had +shop\/orders\/.*revision 1\n/)
  expect(live).toBeNull()
  expect(mirror).toMatchObject({ row: { state: 'COMPLETED', revision: 1 }, dependencies: [{ product: 'shop/orders' }] })
})

test.each([
  ['shop/revenu/2026-11-20', 'No definition of shop/revenu is applied; did you mean "shop/revenue"?'],
  ['shopp/orders/2026-11-20', 'There is no domain "shopp"; did you mean "shop"?'],
  ['shop/orders/2000-01-01', 'It was due at 2000-01-01T00:00:00.000Z, and nothing has opened it.'],
  ['shop/orders/2199-12-31', 'It opens when it is due, at 2199-12-31T00:00:00.000Z, or with its first arrival.'],
  ['shop/orders/2200-01-01', 'of the years 1900 to 2199'],
])('explain says why there is no %s', async (cycle, why) => {
  expect(await sluice('explain', cycle)).toMatchObject({ code: 1, out: '', err: expect.stringContaining(why) })
})

test('explain says why it ran, and what it waited for at another time', async () => {
  const cycle = `shop/revenue/${today}`
  const { explanation, mirror } = await json<{ explanation: { ran: string[] }; mirror: { row: CycleRow } }>(
    'explain',
    cycle,
  )
  expect(explanation.ran).toEqual([
    expect.stringMatching(/^ran at \S+: its last input, shop\/orders\/\S+ revision 1 arrived at /),
  ])
  const { openedAt } = mirror.row
  const then = await json<{ at: string; explanation: { blockers: { tree: { state: string } } } }>(
    ...['explain', cycle, '--at', openedAt],
  )
  expect(then).toMatchObject({ at: openedAt, explanation: { blockers: { tree: { state: 'WAITING' } } } })
  const before = await sluice('explain', cycle, '--at', '2020-01-01T00:00:00Z')
  expect(before).toMatchObject({ code: 1, err: expect.stringContaining('was not open at 2020-01-01T00:00:00.000Z') })
  expect(await sluice('explain', cycle, '--at', 'yesterday')).toMatchObject({
    ...{ code: 1, err: expect.stringContaining('--at "yesterday" is no time') },
  })
})

test('logs shows the Glue run and what it printed', async () => {
  const runs = await json<{ state: string; log: string }[]>('logs', `shop/orders/${today}`)
  expect(runs).toEqual([expect.objectContaining({ attempt: 1, state: 'SUCCEEDED', error: null })])
  expect(runs[0]?.log).toContain('"rows":200')
})

test('apply changes nothing twice, names what changed, and refuses what is wrong or has no reason', async () => {
  expect(await sluice('apply', 'my-mesh/mesh', '--reason', 'again')).toMatchObject({
    code: 0,
    err: 'Nothing had changed.\n',
  })
  const file = path.join(folder, 'my-mesh', 'mesh', 'shop', 'orders.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('every: day', 'evry: day'))
  const wrong = await sluice('apply', 'my-mesh/mesh', '--reason', 'slip')
  expect(wrong).toMatchObject({ code: 1, err: 'Nothing was applied: 1 problem.\n' })
  expect(wrong.out).toMatch(/orders\.yaml:4:1: unknown key "evry"; did you mean "every"\?/)
  writeFileSync(file, text.replace('shop-orders }', 'shop-orders, timeout: 20m }'))
  expect(await sluice('apply', 'my-mesh/mesh', '--reason', ' ')).toMatchObject({ code: 4, out: '' })
  const applied = await sluice('apply', 'my-mesh/mesh', '--reason', 'longer')
  expect(applied).toMatchObject({ code: 0, err: expect.stringContaining('Applied as version 2 of the catalog') })
  expect(applied.out).toContain('~ shop/orders version 2')
})

test('a cycle opened by hand waits; opening it again is a conflict; a rerun of it is not allowed', async () => {
  const cycle = 'shop/revenue/2020-01-02'
  expect(await sluice('open', cycle)).toMatchObject({ code: 0, out: expect.stringContaining(`${cycle} is open.`) })
  expect(await sluice('open', cycle)).toMatchObject({ code: 5, err: expect.stringContaining('was there already') })
  const about = { action: 'open', actor: expect.any(String), reason: 'none given' }
  expect(await json('audit', '--action', 'open', '--cycle', cycle)).toMatchObject([
    { ...about, outcome: 'refused' },
    { ...about, outcome: 'accepted' },
  ])
  const refused = await sluice('rerun', cycle, '--reason', 'impatience')
  expect(refused).toMatchObject({ code: 4, out: '', err: expect.stringContaining('it waits for shop/orders') })
  expect(await sluice('rerun', cycle, '--reason', ' ')).toMatchObject({ code: 4 })
  const { out } = await sluice('explain', cycle)
  expect(out).toMatch(/ It waits for shop\/orders\/2020-01-02, which was due at \S+, and nobody has opened it\.\n/)
  expect(out).toMatch(/ sluice open shop\/orders\/2020-01-02\n/)
  expect(out).toMatch(/ waits for shop\/orders\/2020-01-02: first applied later, and nobody had opened it\n/)
  expect(out).toMatch(/rerun by .*, "impatience": refused/)
  expect(await sluice('open', 'shop/revenu/2020-01-02')).toMatchObject({
    code: 4,
    err: expect.stringContaining('did you mean "shop/revenue"?'),
  })
})

test('a cycle whose run was terminated while it waited waits again after a rerun', async () => {
  const cycle = 'shop/revenue/2020-01-06'
  await sluice('open', cycle)
  await untilCycle(cycle, ({ state }) => state === 'WAITING')
  await temporal('workflow', 'terminate', '--workflow-id', cycle)
  const again = await sluice('rerun', cycle, '--reason', 'terminated by mistake')
  expect(again).toMatchObject({
    code: 0,
    out: expect.stringContaining(`${cycle} is open again and waits for shop/orders.`),
  })
  await untilCycle(cycle, ({ state, runNumber }) => state === 'WAITING' && runNumber === 2)
  expect(await sluice('rerun', cycle, '--reason', 'impatience')).toMatchObject({ code: 4 })
})

test('a completed cycle that runs again publishes revision 2, a correction to whoever had revision 1', async () => {
  const again = await sluice('rerun', `shop/orders/${today}`, '--reason', 'late orders', '--actor', 'ada')
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('runs again: attempt 2.') })
  await untilCycle(`shop/orders/${today}`, ({ state, revision }) => state === 'COMPLETED' && revision === 2)
  const event = await eventually(async () => {
    const { out } = await sluice('events', 'tail', '--once', '-o', 'json')
    const lines = out.trim().split('\n')
    return lines.map((line) => JSON.parse(line)).find(({ eventId }) => eventId === `shop/orders/${today}/r2`)
  })
  const outcomes = event.deliveries.map(({ cycle, outcome }: { cycle: string; outcome: string }) => [cycle, outcome])
  expect(outcomes).toContainEqual([`shop/revenue/${today}`, 'correction'])
})

test('a cycle in error runs again by a plain signal of the temporal CLI, and by an Update', async () => {
  const cycle = 'shop/best-sellers/2020-01-03'
  const nowhere = ['--location', 's3://example-shop-products/nothing/']
  await sluice('open', cycle)
  for (const upstream of ['orders', 'revenue'])
    expect(await sluice('events', 'send', `shop/${upstream}/2020-01-03`, ...nowhere)).toMatchObject({ code: 0 })
  await untilCycle(cycle, ({ state, lastAttempt }) => state === 'ERROR' && lastAttempt === 1)
  const input = JSON.stringify({ actor: 'ada', reason: 'by signal', requestId: 'signal-1' })
  await temporal('workflow', 'signal', '--workflow-id', cycle, '--name', 'rerun', '--input', input)
  await untilCycle(cycle, ({ state, lastAttempt }) => state === 'ERROR' && lastAttempt === 2)
  const again = await json<{ attempt: number }>('rerun', cycle, '--reason', 'by update', '--actor', 'ben')
  expect(again).toMatchObject({ cycle, attempt: 3, actor: 'ben', reason: 'by update' })
  await untilCycle(cycle, ({ state, lastAttempt }) => state === 'ERROR' && lastAttempt === 3)
  const { out } = await sluice('explain', cycle)
  expect(out).toMatch(/rerun by ada, "by signal": accepted/)
  expect(out).toMatch(/rerun by ben, "by update": accepted/)
})

test('what never was is not run again', async () => {
  const { code, err } = await sluice('rerun', 'shop/orders/2001-01-01', '--reason', 'try')
  expect([code, err]).toEqual([4, expect.stringContaining('To open it now: sluice open shop/orders/2001-01-01')])
})

interface Finding {
  check: string
  ok: boolean
}

const problemsOf = (findings: Finding[]): string[] => findings.flatMap(({ check, ok }) => (ok ? [] : [check]))

test('doctor in the account of a domain blames nothing that only the governance account may look at', async () => {
  const { code, out } = await run(['doctor', 'shop'], folder, await readEnvironment('--account', 'shop'))
  expect(out).toContain('central bus: EventBridge answers; ')
  expect(out).not.toContain('problem')
  expect(code).toBe(0)
})

test('doctor finds nothing wrong; a killed worker it names, and how to start one', async () => {
  expect(problemsOf(await json<Finding[]>('doctor'))).toEqual([])
  process.kill(processOf('worker shop').pid, 'SIGKILL')
  await dev.until(/worker shop has ended/)
  const { code, out } = await sluice('doctor')
  expect(code).toBe(1)
  expect(out).toMatch(
    /problem {2}shop: worker: nobody polls task queue sluice-shop\n +since: the last status was written at \S+Z\n +meanwhile: .+\n +afterwards: .+\n +Start it: sluice worker shop/,
  )
})

test('a role started alone takes its place, and ends well on SIGTERM', async () => {
  const worker = start(['worker', 'shop'], folder)
  try {
    await worker.until(/"ready":"worker"/)
    await sluice('open', 'shop/orders/2020-01-05')
    await untilCycle('shop/orders/2020-01-05', ({ state }) => state === 'COMPLETED')
    expect(problemsOf(await json<Finding[]>('doctor', 'shop'))).toEqual([])
  } finally {
    expect(await worker.stop('SIGTERM')).toMatchObject({ code: 0 })
  }
})

test('an event of a product that nobody knows is told, listed with the reason, and can be sent again', async () => {
  const id = 'shop/ordrs/2020-01-06/r1'
  const sent = await sluice('events', 'send', 'shop/ordrs/2020-01-06')
  expect(sent).toMatchObject({ code: 0, err: expect.stringContaining('did you mean "shop/orders"?') })
  const refused = await eventually(async () =>
    (await json<{ eventId: string; reason: string; redrivenAt: null }[]>('events', 'unmatched')).find(
      ({ eventId }) => eventId === id,
    ),
  )
  expect(refused).toMatchObject({ outcome: 'refused', domain: 'shop', redrivenAt: null })
  expect(refused.reason).toContain('no definition knows shop/ordrs')
  expect(problemsOf(await json<Finding[]>('doctor'))).toContain('shop: queues')

  expect(await json('events', 'redrive', 'shop', id)).toEqual({ sent: [id], moved: 0, missing: [] })
  expect((await json<{ moved: number }>('events', 'redrive', 'shop', '--dead-letters')).moved).toBeGreaterThan(0)
  expect(await sluice('events', 'redrive', 'shop', 'no/such/event')).toMatchObject({
    code: 1,
    out: expect.stringContaining('not sent: no/such/event'),
  })
  expect(await sluice('events', 'redrive', 'shop')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--dead-letters'),
  })
  const { out } = await sluice('events', 'unmatched')
  expect(out).toMatch(new RegExp(`${id} +refused, sent again`))
})

test('the variables of `dev env` lead other clients to the stack, and commands still know it', async () => {
  const variables = await json<Record<string, string>>('dev', 'env')
  const own = openPostgres(variables['DATABASE_URL'] ?? '')
  const rows = await listCycles(own, { limit: 10 }).finally(() => own.end())
  expect(rows.length).toBeGreaterThan(2)
  const { stdout } = await temporal('workflow', 'count', '--query', 'SluiceDomain = "shop"')
  expect(stdout).toMatch(/Total: \d/)
  const log = await run(['logs', 'shop/orders/2020-01-05', '-o', 'json'], folder, variables)
  expect(JSON.parse(log.out)).toMatchObject([{ state: 'SUCCEEDED', log: expect.stringContaining('"rows":200') }])
  expect((await sluice('dev', 'env')).out).toContain(`export DATABASE_URL=${variables['DATABASE_URL']}\n`)
})

test('each wrong place is told in a sentence, with what to do', async () => {
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'sluice-cli-elsewhere-'))
  const port = new URL(record.addresses['awsEndpoint'] ?? '').port
  const taken = ['dev', '--only', 'aws', '--aws-port', port]
  try {
    const [none, wrong, domain, database, again, overwrite] = await Promise.all([
      run(['status'], elsewhere),
      sluice('status', '--stack', 'dev-gone'),
      sluice('worker', 'shopp'),
      run(['status'], elsewhere, { ...(await json('dev', 'env')), DATABASE_URL: 'postgres://me:pw@127.0.0.1:1/x' }),
      run(taken, elsewhere),
      sluice('init', 'my-mesh'),
    ])
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('Start one with "sluice dev"') })
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining(`These do: ${record.id}.`) })
    expect(domain).toMatchObject({ code: 1, err: expect.stringContaining('did you mean "shop"?') })
    expect(database).toMatchObject({ code: 1, err: expect.stringContaining('Could not connect to PostgreSQL at') })
    expect(database.err).not.toContain('pw@')
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining(`Port ${port} for the AWS sandbox is taken`) })
    expect(overwrite).toMatchObject({ code: 5, err: expect.stringContaining('is not empty') })
    for (const { err, out } of [none, wrong, domain, database, again, overwrite]) {
      expect(out).toBe('')
      expect(err).not.toMatch(/\n {4}at /)
    }
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
})

test('interrupted while it starts, it puts away what it had started', async () => {
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'sluice-cli-interrupted-'))
  try {
    const starting = start(['dev', '--only', 'aws,temporal'], elsewhere)
    await starting.until(/AWS sandbox: http/)
    const { code, err } = await starting.stop('SIGINT')
    expect([code, err]).toEqual([130, expect.stringContaining('Stopping everything')])
    expect(readdirSync(path.join(elsewhere, '.sluice', 'stacks')).filter((name) => name.endsWith('.json'))).toEqual([])
    const [endpoint = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(err) ?? []
    await expect(fetch(endpoint)).rejects.toThrow('fetch failed')
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
})

test('SIGTERM stops everything that was started, and says so by its exit code', async () => {
  const { processes, owner } = record
  expect(processes.filter(isStillRunning).map(({ name }) => name)).toContain('PostgreSQL')
  // Twice, as a signal to the process group of a launcher comes.
  const [first, second] = await Promise.all([dev.stop('SIGTERM'), dev.stop('SIGTERM')])
  expect([first.code, second.out]).toEqual([130, ''])
  expect([...processes, owner].filter(isStillRunning)).toEqual([])
  expect(await sluice('status')).toMatchObject({ code: 1, err: expect.stringContaining('No local stack runs from') })
})
