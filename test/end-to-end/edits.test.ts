// A definition that is edited while cycles are open, and refreshes that are looked up and taken back, by the command line on a
// stack of `sluice dev`. The tests go on from one another, as a person does.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevStack, startDevStack } from './dev-stack.ts'

const WHY = ['--reason', 'revenue comes too late', '--actor', 'ada']
/** Long ago, so that nobody but these tests opens it. */
const BEST = 'shop/best-sellers/2020-02-03'

let stack: DevStack
beforeAll(async () => {
  stack = await startDevStack('sluice-edits')
})
afterAll(() => stack?.stop())

/** Best sellers wait for these from now on; answers what `apply` said. */
async function edit(dependsOn: string): Promise<string> {
  const file = path.join(stack.folder, 'my-mesh', 'mesh', 'shop', 'best-sellers.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^dependsOn: .*$/m, `dependsOn: ${dependsOn}`))
  const { code, out, err } = await stack.sluice('apply', 'my-mesh/mesh', ...WHY)
  expect(code, out + err).toBe(0)
  return out + err
}

interface Versioned {
  cycle: string
  definitionVersion: number
  currentVersion: number
}

const versionOf = async (cycle: string): Promise<Versioned | undefined> =>
  (await stack.json<Versioned[]>('status', '--dates', '60')).find((row) => row.cycle === cycle)

test('an open cycle keeps the version it carries: apply, status and explain say so, and what can be done', async () => {
  await stack.sluice('open', BEST)
  await stack.untilCycle(BEST, ({ state }) => state === 'WAITING')
  expect(await versionOf(BEST)).toMatchObject({ definitionVersion: 1, currentVersion: 1 })
  expect((await stack.sluice('status', '--dates', '60')).out).not.toContain('v1')

  expect(await edit('[shop/orders]')).toMatch(
    /of shop\/best-sellers goe?s? on with version 1; sluice upgrade --product/,
  )
  expect(await versionOf(BEST)).toMatchObject({ definitionVersion: 1, currentVersion: 2 })
  const { out } = await stack.sluice('status', '--dates', '60')
  expect(out).toMatch(/^shop\/best-sellers +\S WAITING v1/m)
  expect(out).toContain('v1: goes on by version 1 of its definition, and a newer one is in force: sluice explain ')
  const { out: explained } = await stack.sluice('explain', BEST)
  expect(explained).toMatch(
    / {2}carries version 1; 2 is in force since \S+Z: sluice upgrade shop\/best-sellers\/2020-02-03 --reason …/,
  )
})

test('upgrade: tried first, then done; a second time it is refused, and both are in the audit', async () => {
  const change = `${BEST}: version 1 -> 2; waits for shop/revenue/2020-02-03 no more\n`
  expect(await stack.sluice('upgrade', BEST, '--dry-run', ...WHY)).toEqual({
    ...{ code: 0, out: change, err: '1 cycle would be upgraded.\n' },
  })
  expect((await versionOf(BEST))?.definitionVersion).toBe(1)
  expect(await stack.sluice('upgrade', BEST, '--reason', ' ')).toMatchObject({ code: 4, out: '' })
  expect(await stack.sluice('upgrade', BEST, ...WHY)).toEqual({ code: 0, out: change, err: '1 cycle upgraded.\n' })
  await stack.untilCycle(BEST, ({ definitionVersion }) => definitionVersion === 2)
  const refused = await stack.sluice('upgrade', BEST, ...WHY)
  expect(refused).toMatchObject({ code: 4, out: expect.stringContaining('It carries version 2 already.') })
  const { out } = await stack.sluice('explain', BEST)
  expect(out).toMatch(/upgrade from version 1 to 2 by ada, "revenue comes too late": accepted\n/)
  expect(out).toMatch(/upgrade from version 2 to 2 by ada, "revenue comes too late": refused, .*version 2 already/)
  expect(out).not.toContain('is in force since')
  expect(out).not.toContain('shop/revenue')
})

test('once it has begun it stays with its version, and says so; of all cycles of the product none is left to upgrade', async () => {
  await stack.sluice('events', 'send', 'shop/orders/2020-02-03', '--location', 's3://example-shop-products/nothing/')
  await stack.untilCycle(BEST, ({ state, step }) => state === 'ERROR' && step === 'run')
  await edit('[shop/orders, shop/revenue]')
  const { out } = await stack.sluice('explain', BEST)
  expect(out).toMatch(/carries version 2; 3 is in force since \S+Z: it has begun, so it stays with version 2/)
  expect(await stack.json('upgrade', BEST, ...WHY)).toMatchObject([
    {
      cycle: BEST,
      from: 2,
      to: 3,
      refused: expect.stringContaining('It goes on with version 2: an attempt has begun'),
    },
  ])
  expect((await stack.sluice('explain', BEST)).out).toMatch(/upgrade from version 2 to 3 by ada, .*: refused, /)
  const all = await stack.sluice('upgrade', '--product', 'shop/best-sellers', ...WHY)
  expect(all).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No open cycle of shop/best-sellers') })
})

interface Listed {
  eventId: string
  outcome: string
  deliveries: { cycle: string; outcome: string }[]
}

test('events list finds what came to a cycle, and events show tells all of one', async () => {
  const id = 'shop/orders/2020-02-03/r1'
  const [event, ...others] = await stack.json<Listed[]>('events', 'list', '--cycle', BEST)
  expect(others).toEqual([])
  expect(event).toMatchObject({ eventId: id, outcome: 'routed' })
  expect(event?.deliveries).toContainEqual(expect.objectContaining({ cycle: BEST, outcome: 'satisfied' }))
  expect((await stack.sluice('events', 'list', '--product', 'shop/orders')).out).toContain(`${BEST} satisfied`)
  expect(await stack.sluice('events', 'list', '--product', 'shop/orders', '--to', '2020-01-01')).toEqual({
    ...{ code: 0, out: '', err: 'No event is like that.\n' },
  })
  const { out } = await stack.sluice('events', 'show', id)
  expect(out).toContain('lies at s3://example-shop-products/nothing/')
  expect(out).toMatch(new RegExp(`-> ${BEST} \\(ERROR now\\): satisfied.*judged by run 1`))
  expect(await stack.sluice('events', 'show', 'shop/orders/2020-02-03/r7')).toMatchObject({
    ...{ code: 1, out: '', err: expect.stringContaining(`the nearest known are ${id}`) },
  })
})

test('a refresh that is taken back is waited for again, until its next revision comes', async () => {
  const [cycle, id] = ['shop/best-sellers/2020-02-04', 'shop/orders/2020-02-04/r1']
  await stack.sluice('open', cycle)
  await stack.sluice('events', 'send', 'shop/orders/2020-02-04')
  await stack.untilCycle(cycle, ({ waitingFor }) => waitingFor.join() === 'shop/revenue')
  expect(await stack.sluice('events', 'withdraw', id, '--reason', ' ')).toMatchObject({ code: 4, out: '' })
  expect(await stack.sluice('events', 'withdraw', 'shop/orders', '--reason', 'no id')).toMatchObject({ code: 1 })
  const taken = await stack.sluice('events', 'withdraw', id, '--reason', 'the file of another day')
  expect(taken).toMatchObject({ code: 0, out: expect.stringContaining(`${id} is taken back.`) })
  await stack.untilCycle(cycle, ({ waitingFor }) => waitingFor.join() === 'shop/orders,shop/revenue')
  const { out } = await stack.sluice('explain', cycle)
  expect(out).toMatch(/waits for shop\/orders\/2020-02-04: revision 1 was taken back, the file of another day/)
  const withdrawn = await stack.json<Listed[]>('events', 'list', '--delivery', 'withdrawn')
  expect(withdrawn.map(({ eventId }) => eventId)).toContain(id)
  expect((await stack.sluice('events', 'show', id)).out).toContain('taken back by its producer')

  await stack.sluice('events', 'send', 'shop/orders/2020-02-04', '--revision', '2')
  await stack.untilCycle(cycle, ({ waitingFor }) => waitingFor.join() === 'shop/revenue')
  expect((await stack.sluice('explain', cycle)).out).toMatch(/has +shop\/orders\/2020-02-04 at \S+Z, revision 2/)
})
