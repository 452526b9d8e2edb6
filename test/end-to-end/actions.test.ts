// What operators ask of cycles, by the command line on a stack of `sluice dev`: tried first, then done, then read in the audit. The
// tests go on from one another, as a person does; each has business dates of its own, long ago.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acting, actOn, GOES_ON, isIn, SUCCEEDS } from './acting.ts'
import { eventually, run } from './cli-process.ts'
import { type DevStack, startDevStack } from './dev-stack.ts'
import { untilLedger } from './sandbox-ledger.ts'

let stack: DevStack
let acting: Acting
beforeAll(async () => {
  stack = await startDevStack('sluice-actions')
  acting = actOn(stack)
  acting.edit('revenue', (text) => `${text}settle: 1s\n`)
  acting.edit('best-sellers', (text) => `${text}settle: 1s\n`)
  await acting.apply()
})
afterAll(() => stack?.stop())

const give: Acting['give'] = (...args) => acting.give(...args)
const refuse: Acting['refuse'] = (...args) => acting.refuse(...args)

describe('a completed cycle', () => {
  // Corrections bring nothing back that is as old as what no arrival opens, so this one is young.
  const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10)
  const [ORDERS, REVENUE, BEST] = [`shop/orders/${day}`, `shop/revenue/${day}`, `shop/best-sellers/${day}`]

  test('runs again without a word to consumers', async () => {
    await acting.open(BEST, REVENUE, ORDERS)
    for (const cycle of [BEST, REVENUE]) await stack.untilCycle(cycle, isIn('COMPLETED'))
    const before = await acting.rowOf(REVENUE)
    const done = await give(ORDERS, ['rerun', '--no-publish'], {
      says: /It publishes nothing: consumers know of revision 1 as before/,
      audited: { asked: { publish: false }, before: { state: 'COMPLETED', attempt: 1, revision: 1, held: false } },
    })
    expect(done).toMatchObject({ cycle: ORDERS, run: 'reopened', attempt: 2, after: { state: 'PROCESSING' } })
    await stack.untilCycle(ORDERS, isIn('COMPLETED', { lastAttempt: 2, revision: 1, runNumber: 2 }))
    expect(await acting.rowOf(REVENUE)).toEqual(before)
    const { out } = await stack.sluice('explain', ORDERS)
    expect(out).toMatch(/attempt 2 .*published nothing \(--no-publish\): consumers know it as revision 1/)
  })

  test('takes its consumers along in a cascade, and theirs', async () => {
    const says = /shop\/revenue\/\S+ \(COMPLETED\) has used revision 1 and runs again \(cascade\)/
    await give(ORDERS, ['rerun', '--cascade', 'all'], { says, audited: { asked: { cascade: 'all' } } })
    await stack.untilCycle(REVENUE, isIn('COMPLETED', { revision: 2 }))
    await stack.untilCycle(BEST, (row) => row.state === 'COMPLETED' && row.revision >= 2)
  })

  test('refuses what makes no sense once it is over, and says what does', async () => {
    await refuse(
      ORDERS,
      ['skip'],
      /it has completed\. To take its revision 2 back, if nobody has yet: sluice events withdraw .*\/r2/,
    )
    await refuse(ORDERS, ['waive', '--all'], /Only a cycle that still gathers its inputs, .* and it is COMPLETED/)
    await refuse(ORDERS, ['hold'], /it is COMPLETED: nothing of it is left to start.*sluice hold shop\/orders/)
    await refuse(ORDERS, ['release'], /It is not held, and no run of it is open/)
    await refuse(ORDERS, ['cancel'], /and it is COMPLETED/)
  })
})

describe('an open cycle', () => {
  test('in ERROR runs by the definition that was mended meanwhile, not by its own', async () => {
    const day = '2020-03-03'
    const cycle = `shop/best-sellers/${day}`
    acting.edit('best-sellers', (text) => text.replace('glue: shop-best-sellers', 'glue: shop-best-seller'))
    await acting.apply()
    await acting.open(cycle, `shop/revenue/${day}`, `shop/orders/${day}`)
    const { definitionVersion: own } = await stack.untilCycle(cycle, isIn('ERROR', { step: 'start' }))
    acting.edit('best-sellers', (text) => text.replace('glue: shop-best-seller', 'glue: shop-best-sellers'))
    await acting.apply()
    await refuse(cycle, ['waive', '--all'], /and it is in ERROR \(start\)/)
    await give(cycle, ['rerun', '--definition', 'current'], {
      says: new RegExp(`Glue job "shop-best-sellers" runs as attempt 2, by version ${own + 1} of the definition`),
      audited: { fromVersion: own, toVersion: own + 1, before: { state: 'ERROR', step: 'start' } },
    })
    await stack.untilCycle(cycle, isIn('COMPLETED', { lastAttempt: 2, definitionVersion: own + 1 }))
    const { out } = await stack.sluice('audit', '--cycle', cycle)
    expect(out).toMatch(
      new RegExp(`rerun +${cycle} +accepted +.*ERROR \\(start\\) -> PROCESSING.*v${own} -> v${own + 1}$`, 'm'),
    )
  })

  test('that is held takes its arrivals and starts nothing, until it is released', async () => {
    const day = '2020-03-04'
    const cycle = `shop/revenue/${day}`
    await acting.open(cycle)
    await stack.untilCycle(cycle, isIn('WAITING'))
    const audited = { asked: { of: 'cycle' }, before: { held: false }, after: { state: 'WAITING', held: true } }
    await give(cycle, ['hold'], { says: /No attempt begins until it is released/, audited })
    await refuse(cycle, ['hold'], /It is held already, by operator \d+ since \S+Z: reason \d+/)
    await acting.open(`shop/orders/${day}`)
    await stack.untilCycle(cycle, ({ waitingFor, held }) => waitingFor.length === 0 && Boolean(held))
    await refuse(cycle, ['rerun'], /It is held by operator \d+: reason \d+. To release it first: sluice release /)
    await refuse(cycle, ['waive', '--all'], /no input left to waive/)
    expect(await acting.rowOf(cycle)).toMatchObject({ state: 'WAITING', lastAttempt: 0 })
    await give(cycle, ['release'], { says: /Glue job "shop-revenue" starts at once, as attempt 1/ })
    await stack.untilCycle(cycle, isIn('COMPLETED'))
  })

  test('goes without the inputs that are waived, one or all', async () => {
    const cycle = 'shop/best-sellers/2020-03-05'
    await acting.playRun(cycle, ...SUCCEEDS)
    await acting.open(cycle)
    await stack.untilCycle(cycle, isIn('WAITING'))
    await refuse(cycle, ['waive', '--dependency', 'shop/order'], /It does not wait for shop\/order\. Its inputs are /)
    await give(cycle, ['waive', '--dependency', 'shop/orders'], {
      says: /It goes without shop\/orders\/2020-03-05.*\n.*It still waits for shop\/revenue/,
      audited: { asked: { products: ['shop/orders'] } },
    })
    await refuse(cycle, ['waive', '--dependency', 'shop/orders'], /shop\/orders has arrived or been waived already/)
    await give(cycle, ['waive', '--all'], {
      says: /Glue job "shop-best-sellers" starts at once/,
      audited: { asked: { products: ['shop/revenue'] } },
    })
    await stack.untilCycle(cycle, isIn('COMPLETED'))
  })

  test('that waits is skipped, and can be skipped no second time, nor run again', async () => {
    const cycle = 'shop/best-sellers/2020-03-06'
    await acting.open(cycle)
    await stack.untilCycle(cycle, isIn('WAITING'))
    await give(cycle, ['skip'], {
      says: /It ends as SKIPPED, without data/,
      audited: { before: { state: 'WAITING' }, after: { state: 'SKIPPED' } },
    })
    await stack.untilCycle(cycle, isIn('SKIPPED'))
    await refuse(cycle, ['skip'], /It is skipped already/)
    await refuse(cycle, ['rerun'], /It was skipped without its inputs/)
  })

  test('that is cancelled stops its Glue run, can then be skipped, and nothing else', async ({ signal }) => {
    const cycle = 'shop/orders/2020-03-07'
    await acting.playRun(cycle, ...GOES_ON)
    await acting.open(cycle)
    const { glueRunId } = await stack.untilCycle(cycle, (row) => row.state === 'PROCESSING' && Boolean(row.glueRunId))
    await refuse(cycle, ['skip'], /it is running now\. Cancel it first \(sluice cancel /)
    await refuse(cycle, ['rerun'], /It is running now/)
    await give(cycle, ['cancel'], { says: new RegExp(`Glue run ${glueRunId} of attempt 1 is told to stop`) })
    await stack.untilCycle(cycle, isIn('CANCELLED'))
    const endpoint = stack.record.addresses['awsEndpoint'] ?? ''
    await untilLedger(
      endpoint,
      (rows) => rows.some(({ outcome, facts }) => outcome === 'STOPPED' && facts['JobRunId'] === glueRunId),
      signal,
    )
    await refuse(cycle, ['cancel'], /and it is CANCELLED/)
    await refuse(cycle, ['hold'], /it is CANCELLED: nothing of it is left to start/)
    await give(cycle, ['skip'], { audited: { before: { state: 'CANCELLED' }, after: { state: 'SKIPPED' } } })
    await stack.untilCycle(cycle, isIn('SKIPPED', { runNumber: 2 }))
  })
})

/** Its run has closed, as nobody mended it in time. */
async function fail(cycle: string, day: string): Promise<void> {
  const opened = await run(['open', cycle], stack.folder, { SLUICE_ERROR_WAIT_SECONDS: '1' })
  expect(opened).toMatchObject({ code: 0 })
  const nowhere = ['--location', 's3://example-shop-products/nothing/']
  for (const upstream of ['orders', 'revenue'])
    expect(await stack.sluice('events', 'send', `shop/${upstream}/${day}`, ...nowhere)).toMatchObject({ code: 0 })
  await stack.untilCycle(cycle, isIn('ERROR', { step: 'run' }))
  await eventually(async () => {
    const { run: status } = JSON.parse((await stack.sluice(...RERUN_DRY, cycle)).out) as { run: string }
    return status === 'closed' ? status : undefined
  })
}
const RERUN_DRY = ['rerun', '--reason', 'to see', '--dry-run', '-o', 'json']

describe('a cycle that failed and has closed', () => {
  test('is skipped by a new run; to hold or to cancel there is nothing', async () => {
    const cycle = 'shop/best-sellers/2020-03-09'
    await fail(cycle, '2020-03-09')
    await refuse(cycle, ['hold'], /while its run is open; this one has closed/)
    await refuse(cycle, ['cancel'], /while its run is open; this one has closed.*sluice skip /)
    await refuse(cycle, ['waive', '--all'], /and it is in ERROR \(run\)/)
    const done = await give(cycle, ['skip'], {
      audited: { before: { state: 'ERROR', step: 'run' }, after: { state: 'SKIPPED' } },
    })
    expect(done).toMatchObject({ run: 'reopened', after: { state: 'SKIPPED' } })
    await stack.untilCycle(cycle, isIn('SKIPPED', { lastAttempt: 1, runNumber: 2 }))
  })

  test('runs again by its own definition, where that is asked for', async () => {
    const cycle = 'shop/best-sellers/2020-03-10'
    await fail(cycle, '2020-03-10')
    await acting.playRun(cycle, ...SUCCEEDS)
    await give(cycle, ['rerun', '--definition', 'cycle'], { says: /runs as attempt 2/ })
    await stack.untilCycle(cycle, isIn('COMPLETED', { lastAttempt: 2 }))
  })
})

test('every invariant holds after all of it, and every history replays', async () => {
  const { code, out, err } = await stack.sluice('verify', '--replay')
  expect(code, out + err).toBe(0)
  expect(out).toMatch(/^I3 .* 0$/m)
  expect(out).toMatch(/^I13 .* 0$/m)
})
