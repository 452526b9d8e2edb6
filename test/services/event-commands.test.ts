// `sluice events withdraw` and `events send` themselves, on a real bus and a real database: of a withdrawal the mark first, then the
// notice; and what refuses it.
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseMessage } from '../../bridge/parse.ts'
import { send } from '../../cli/events-send.ts'
import { withdraw } from '../../cli/events-withdraw.ts'
import type { Connection } from '../../cli/connection.ts'
import { readWhy, reasonLines, toWhyData } from '../../cli/explain-why.ts'
import { EXIT } from '../../cli/failure.ts'
import { namesOf } from '../../clients/config.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { listAudited } from '../../mirror/audit.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { lockWithdrawals } from '../../mirror/withdrawn.ts'
import { type CycleRow, flagsAt, listActions, readCycle } from '../../mirror/status.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { type CycleId, type Domain, toCycleId } from '../../model/ids.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { arrivalOf, publishedOf, toKey } from '../../model/samples.test-data.ts'
import { type BridgeStage, useBridgeStage } from './bridge-stage.ts'
import type { LentDatabase } from './postgres.ts'
import { CENTRAL_ACCOUNT, KEY, NOW_MS, OWN_ACCOUNT, REGION } from './refresh-messages.ts'

let database: LentDatabase
let stage: BridgeStage
useBridgeStage((lent) => ({ database, stage } = lent))

const CENTRAL = toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS)
const options = { reason: ' the wrong file ', actor: 'ann', dryRun: false, output: 'json' } as const
let said = { out: '', err: '' }

beforeEach(() => {
  const environment = {
    ...{ AWS_ENDPOINT_URL: stage.sandbox.endpoint, AWS_REGION: REGION, AWS_ACCOUNT_ID: OWN_ACCOUNT },
    ...{ AWS_ACCESS_KEY_ID: OWN_ACCOUNT, AWS_SECRET_ACCESS_KEY: 'sandbox' },
    ...{ DATABASE_URL: database.url, SLUICE_CATALOG_BUCKET: 'catalog', SLUICE_CENTRAL_BUS_ARN: CENTRAL },
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  said = { out: '', err: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((said.out += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said.err += String(text))))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** ds1 has published revision 1; answers the event's id. */
async function published(): Promise<string> {
  const { settings } = stage.parts
  const waiting = openRun(
    openCycle(stage.timetable, stage.version('ds1'), { key: toKey(KEY), openedBy: 'scheduler', settings }),
    NOW_MS,
  )
  const cycle = publishedOf(applyArrival(waiting, arrivalOf('raw/rd1', { key: toKey(KEY) }), NOW_MS), NOW_MS)
  await recordCycle(database.db, toRecord(cycle, 0))
  return `${cycle.id}/r1`
}

/** What a cycle that opens now would get of it. */
const recalled = () => recallArrivals(database.db, stage.domain, [{ product: stage.product('ds1'), key: toKey(KEY) }])

/** The notice that came to the domain's queue. */
async function heard() {
  const { Messages: [message] = [] } = await stage.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: stage.queueUrl, WaitTimeSeconds: 10 }),
  )
  return parseMessage(message?.Body ?? '')
}

const puts = () => stage.sandbox.ledger.rows({ operation: 'PutEvents' })

test('the row is marked, and the notice is on the bus of its product', async () => {
  const event = await published()
  expect(await recalled()).toHaveLength(1)
  expect(await withdraw(event, options)).toBe(0)
  expect(await recalled()).toEqual([])
  expect(JSON.parse(said.out)).toMatchObject({ bus: CENTRAL, eventId: expect.any(String), isMarked: true })
  expect(said.err).toBe('')
  expect(await heard()).toMatchObject({
    kind: 'not-refreshed',
    blocker: { product: stage.product('ds1'), key: KEY, withdraws: 1, reason: 'the wrong file' },
  })
})

test('a dry run says who would lose it, and marks, tells and writes nothing', async () => {
  const event = await published()
  expect(await withdraw(event, { ...options, dryRun: true })).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({
    ...{ eventId: event, action: 'withdraw', isDryRun: true, bus: CENTRAL },
    effects: ['No cycle has used it or waits for it.'],
  })
  expect([await recalled(), puts(), await audited(event)]).toMatchObject([[{}], [], []])
})

test('who took what back and why is audited, and so is what was refused', async () => {
  const event = await published()
  await expect(withdraw(event.replace('/r1', '/r9'), options)).rejects.toThrow()
  await withdraw(event, options)
  const about = { action: 'withdraw', actor: 'ann', reason: 'the wrong file' }
  expect(await audited(event)).toMatchObject([
    { ...about, outcome: 'refused', refusedBecause: expect.stringContaining('is not known') },
    { ...about, outcome: 'accepted' },
  ])
})

describe('what the audit does not take', () => {
  const NO_ROW = `alter table operator_action add constraint no_row check (refused_because is not null) not valid`
  const AGAIN = 'alter table operator_action drop constraint if exists no_row'
  const cycle = () => ({ product: stage.product('ds1'), key: toKey(KEY) })
  afterEach(() => database.db.rows(AGAIN))

  test('fails a withdrawal, which says that it was told all the same; given again it is audited', async () => {
    const event = await published()
    await database.db.rows(NO_ROW)
    await expect(withdraw(event, options)).rejects.toThrow(/r1 is taken back, but the audit does not say so\. Give/)
    expect([puts().length, await audited(event)]).toEqual([1, []])
    await database.db.rows(AGAIN)
    expect(await withdraw(event, options)).toBe(0)
    expect(await audited(event)).toMatchObject([{ outcome: 'accepted' }])
  })

  test('fails a send, unless the database is away', async () => {
    await database.db.rows(NO_ROW)
    await expect(send(cycle(), { revision: 2, actor: 'ann', output: 'json' })).rejects.toThrow('no_row')
    expect(puts()).toHaveLength(1)
  })
})

const audited = (event: string) => listActions(database.db, event.replace(/\/r\d+$/, '') as CycleId)

describe('explain of the cycle itself', () => {
  const explained = async (db: Postgres) => {
    const parts = { product: stage.product('ds1'), key: toKey(KEY) }
    const report = await readCycle(db, stage.cycle('ds1', toKey(KEY)))
    const known = { parts, live: undefined, report, isMirrorAsked: true }
    const why = await readWhy({ db: () => db } as unknown as Connection, known, NOW_MS)
    return { first: reasonLines(why)[0], data: toWhyData(why), flags: flagsAt(report?.row as CycleRow, NOW_MS) }
  }
  const RERUN = /: consumers do not use it any more\. To publish another: sluice rerun \S+ds1\S+ --reason "…"$/

  test('says by whom, when and why, and status marks it, until a rerun has published a higher revision', async () => {
    const event = await published()
    expect(await explained(database.db)).toMatchObject({ data: { sentence: null, takenBack: null }, flags: [] })
    await withdraw(event, options)
    const { first, data, flags } = await explained(database.db)
    expect(first).toMatch(/^Its revision 1 was taken back by ann at 20\S+Z, "the wrong file": /)
    expect(first).toMatch(RERUN)
    const by = { actor: 'ann', reason: 'the wrong file', at: expect.any(String) }
    expect(data).toMatchObject({ sentence: first, takenBack: { revision: 1, by } })
    expect(flags).toEqual(['taken-back'])
    await database.db.changed(
      'update data_product_status set published_revision = 2, revision = 2 where product = $1',
      [stage.product('ds1')],
    )
    expect(await explained(database.db)).toMatchObject({ data: { sentence: null, takenBack: null }, flags: [] })
  })

  test('the login of another domain is told that it was taken back, and not by whom', async () => {
    await withdraw(await published(), options)
    const password = 'a password of others'
    const username = await ensureDomainRole(database.db, 'others' as Domain, password)
    const others = openPostgres(Object.assign(new URL(database.url), { username, password }).href)
    const { first, data } = await explained(others).finally(() => others.end())
    expect(first).toMatch(/^Its revision 1 was taken back \(by whom is not known here\): /)
    expect(data.takenBack?.by).toBeNull()
  })
})

test('refused by the bus, the row is marked already; the command says what to do, and once more it is the same notice', async () => {
  const event = await published()
  const action = { kind: 'fail-entry', index: 0, code: 'AccessDeniedException' } as const
  stage.sandbox.faults.add({ service: 'events', operation: 'PutEvents', action })
  await expect(withdraw(event, options)).rejects.toMatchObject({
    exitCode: EXIT.notAllowed,
    message: expect.stringMatching(
      /^Bus arn:\S+sluice-central refused it: AccessDeniedException: .* Mend that, then give the same command again/,
    ),
  })
  expect(said.out).toBe('')
  expect(await recalled()).toEqual([])
  expect(await withdraw(event, options)).toBe(0)
  expect(await heard()).toMatchObject({ eventId: event.replace('/r1', '/not-refreshed-withdrawn.r1') })
})

test('with the database away nothing is said to anybody', async () => {
  const event = await published()
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  await expect(withdraw(event, options)).rejects.toThrow('127.0.0.1:1')
  expect(puts()).toEqual([])
})

test('an empty reason is refused, and nothing is marked or said', async () => {
  const event = await published()
  const refusal = { exitCode: EXIT.notAllowed, message: expect.stringContaining('a reason that say something') }
  await expect(withdraw(event, { ...options, reason: '  ' })).rejects.toMatchObject(refusal)
  await expect(withdraw(`${event}x`, options)).rejects.toMatchObject({ exitCode: EXIT.failed })
  expect(await recalled()).toHaveLength(1)
  expect(puts()).toEqual([])
})

test('of a revision higher than any that is known it is refused: it would take back those to come', async () => {
  const event = await published()
  const beyond = event.replace('/r1', '/r9')
  const message = expect.stringMatching(
    /r9 is not known: the highest revision of .* anybody has heard of is 1\. Nothing/,
  )
  await expect(withdraw(beyond, options)).rejects.toMatchObject({ exitCode: EXIT.failed, message })
  expect(await recalled()).toHaveLength(1)
  expect(puts()).toEqual([])
})

test('of a cycle that has published nothing yet it is refused: its first refresh would never be taken', async () => {
  const message = expect.stringMatching(/r9 is not known: \S+ has published nothing yet .*\. Nothing was taken back\.$/)
  const event = `${stage.product('ds1')}/${KEY}/r9`
  await expect(withdraw(event, options)).rejects.toMatchObject({ exitCode: EXIT.failed, message })
  await expect(withdraw(event, { ...options, dryRun: true })).rejects.toMatchObject({ message })
  await expect(withdraw(event.replace('/r9', '/r1'), options)).rejects.toThrow('has published nothing yet')
  expect(puts()).toEqual([])
})

test('of an external that nobody has heard of, the first revision alone can be taken back', async () => {
  const product = stage.product('closes')
  const shape = { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' } as const
  await stage.apply({ externals: [{ ...shape, product, description: '', mappings: [] }] })
  await expect(withdraw(`${product}/${KEY}/r2`, options)).rejects.toMatchObject({ exitCode: EXIT.failed })
  expect(await withdraw(`${product}/${KEY}/r1`, options)).toBe(0)
})

test('of an external it goes on the bus of its own domain, and says so; no row of Sluice has it', async () => {
  const product = stage.product('closes')
  const shape = { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' } as const
  await stage.apply({ externals: [{ ...shape, product, description: '', mappings: [] }] })
  expect(await withdraw(`${product}/${KEY}/r1`, options)).toBe(0)
  expect(JSON.parse(said.out)).toMatchObject({ bus: namesOf(stage.domain).domainBusName, isMarked: false })
  expect(said.err).toContain(`${product} is declared external`)
  expect(said.err).toContain('No cycle of Sluice published')
  expect(await heard()).toMatchObject({ blocker: { product, withdraws: 1 } })
})

describe('what is taken back already', () => {
  const refusal = (event: string, message: RegExp) =>
    expect(withdraw(event, options)).rejects.toMatchObject({
      exitCode: EXIT.notAllowed,
      message: expect.stringMatching(message),
    })

  test('is refused with who did it, also of an earlier revision and in a dry run; the refusal is audited', async () => {
    const event = await published()
    await withdraw(event, options)
    const again = /r1 is taken back already\. ann asked for it first, at \S+: the wrong file\. Nothing was sent\.$/
    await refusal(event, again)
    await expect(withdraw(event, { ...options, dryRun: true })).rejects.toThrow(again)
    expect(await audited(event)).toMatchObject([
      { outcome: 'accepted' },
      { outcome: 'refused', refusedBecause: expect.stringMatching(again) },
    ])
    expect(puts()).toHaveLength(1)
  })

  test('with a later revision, an external’s earlier one is too; a newer one is not', async () => {
    const product = stage.product('closes')
    const shape = { every: 'business-day', calendar: 'weekdays', timezone: 'America/New_York' } as const
    await stage.apply({ externals: [{ ...shape, product, description: '', mappings: [] }] })
    const event = `${product}/${KEY}`
    await database.db.rows(
      `insert into event_ledger (domain, event_id, outcome, product, cycle_key, revision, first_seen_at)
       values ($1, $2, 'routed', $3, $4, 3, now())`,
      [stage.domain, `${event}/r3`, product, KEY],
    )
    expect(await withdraw(`${event}/r2`, options)).toBe(0)
    await refusal(`${event}/r1`, /r1 is taken back already, with revision 2\. ann asked/)
    expect(await withdraw(`${event}/r3`, options)).toBe(0)
  })

  test('of two at once one is told that the other was first', async () => {
    const event = await published()
    const [one, other] = await Promise.allSettled([
      withdraw(event, options),
      withdraw(event, { ...options, actor: 'bob' }),
    ])
    expect([one.status, other.status].toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(puts()).toHaveLength(1)
  })
})

test('who has to wait too long for another who takes it back is told so', async () => {
  const event = await published()
  const waiting = `select pid from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  await database.db.session(60_000, async (session) => {
    await lockWithdrawals(session, event.replace('/r1', '') as CycleId)
    const second = expect(withdraw(event, options)).rejects.toMatchObject({
      exitCode: EXIT.conflict,
      message: expect.stringMatching(/^Somebody else takes it back just now, so nothing was done\./),
    })
    await vi.waitUntil(() => database.db.one(waiting), { timeout: 55_000 })
    // As its timeout would.
    await database.db.rows(`select pg_cancel_backend(pid) from (${waiting}) as held`)
    await second
  })
  expect(puts()).toEqual([])
  expect(await audited(event)).toMatchObject([{ outcome: 'refused' }])
})

test('an event that the bus refused is audited as refused', async () => {
  const action = { kind: 'fail-entry', index: 0, code: 'AccessDeniedException' } as const
  stage.sandbox.faults.add({ service: 'events', operation: 'PutEvents', action })
  const cycle = { product: stage.product('ds1'), key: toKey(KEY) }
  await expect(send(cycle, { revision: 2, actor: 'ann', output: 'json' })).rejects.toThrow('refused it: AccessDenied')
  expect(await listActions(database.db, toCycleId(cycle.product, cycle.key))).toMatchObject([
    { action: 'send', outcome: 'refused', asked: { revision: 2 }, refusedBecause: expect.stringContaining('Access') },
  ])
})

test('what nobody has defined, declared or heard of is refused with what it may be called; what was heard of is not', async () => {
  const event = await published()
  const mistyped = event.replace('/ds1/', '/ds11/')
  await expect(withdraw(mistyped, options)).rejects.toMatchObject({
    exitCode: EXIT.notAllowed,
    message: expect.stringMatching(
      /^No definition of \S+\/ds11 is applied; did you mean "\S+\/ds1"\? Nobody has heard of \S+\/r1 either\. Nothing/,
    ),
  })
  await expect(withdraw(mistyped, { ...options, dryRun: true })).rejects.toThrow('did you mean')
  expect([puts(), said.err]).toEqual([[], ''])
  await database.db.rows(
    `insert into event_ledger (domain, event_id, outcome, product, cycle_key, revision, first_seen_at)
     values ($1, $2, 'routed', $3, $4, 1, now())`,
    [stage.domain, mistyped, stage.product('ds11'), KEY],
  )
  expect(await withdraw(mistyped, options)).toBe(0)
  expect(said.err).toContain('It is sent all the same.')
})

test('who sent an event by hand, of which revision and why, is audited; it needs no reason, and goes out without the database', async () => {
  const cycle = { product: stage.product('ds1'), key: toKey(KEY) }
  const asked = { revision: 2, actor: 'ann', output: 'json' } as const
  expect(await send(cycle, { ...asked, reason: 'the vendor called' })).toBe(0)
  expect(await send(cycle, asked)).toBe(0)
  const about = { action: 'send', actor: 'ann', outcome: 'accepted', asked: { revision: 2 } }
  expect(
    await listAudited(database.db, { cycle: toCycleId(cycle.product, cycle.key), refused: false, limit: 9 }),
  ).toMatchObject([
    { ...about, reason: 'none given' },
    { ...about, reason: 'the vendor called' },
  ])
  await expect(send(cycle, { ...asked, actor: ' ' })).rejects.toMatchObject({ exitCode: EXIT.notAllowed })
  expect(puts()).toHaveLength(2)
  said = { out: '', err: '' }
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  expect(await send(cycle, asked)).toBe(0)
  expect(said.err).toContain('What was done could not be written to the audit: ')
  expect(puts()).toHaveLength(3)
})
