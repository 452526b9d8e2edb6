// Row 7 with corrections: revisions of inputs in any order, doubled, before and after the close; the roles die meanwhile.
// Each event has one outcome for each cycle that it concerns, no rerun is without a cause, and in the end all is made of the
// newest.
import { expect, test } from 'vitest'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { type CaseRun, playCase } from './cases.ts'
import { cyclesOf, DOMAINS, type ExpectedCycle, rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, pass, useRowStage } from './row-stage.ts'
import type { Draw } from './seeds.ts'
import type { RoleOrder } from './roles.ts'
import { areClosed, lyingMessages, putRaw, readLedger, setFault, toRawEntry, until, untilQuiet } from './walks.ts'
import { removeFault } from './witness.ts'

const { stage, take } = useRowStage(3, {}, undefined, { onRevision: 'rerun' })

interface Put {
  product: string
  key: string
  revision: number
}

test(
  'row 7: corrections in any order, doubled, before and after the close, over dying roles: one outcome each, and the newest in the end',
  () =>
    playCase(stage(), { row: 7, name: 'corrections in any order, roles killed' }, async (run) => {
      const [plain, ...corrected] = take(3) as [Walk, ...Walk[]]
      const walks = [plain, ...corrected]
      const events = [...toRevisions(plain, () => 1), ...corrected.flatMap((walk) => draw(walk, run.draw))]
      const [before, after] = toHalves(events, run.draw)
      const faults = await disturb(run)
      await putAmongKills(run, before)
      await untilQuiet(stage(), walks, 6 * MINUTE_MS)
      run.note('each cycle has been closed once')
      await putAmongKills(run, after)
      run.healed('the last event is put, and every role is there', walks)
      for (const id of faults) await removeFault(stage(), id)
      await untilNewest(walks, events)
      await expectOutcomes(walks, events)
      await expectCauses(walks, events)
      return { walks: [plain] }
    }),
  20 * MINUTE_MS,
)

/** Of both raw products of the walk. */
const toRevisions = (walk: Walk, highest: () => number): Put[] =>
  rawProducts(walk).flatMap((product) =>
    Array.from({ length: highest() }, (_, at) => ({ product, key: walk.key, revision: at + 1 })),
  )

const draw = (walk: Walk, { between }: Draw): Put[] => toRevisions(walk, () => between(2, 3))

/**
 * Each event one to three times. At least one revision of each product comes before the close, whichever; others, and copies,
 * after it.
 */
function toHalves(events: Put[], { shuffled, between, below }: Draw): [Put[], Put[]] {
  const halves: [Put[], Put[]] = [[], []]
  for (const revisions of Map.groupBy(events, ({ product, key }) => `${product}/${key}`).values()) {
    const early = between(1, revisions.length)
    for (const [at, event] of shuffled(revisions).entries()) {
      const first = at < early ? 0 : 1
      halves[first].push(event)
      for (let copies = below(3); copies > 0; copies -= 1) halves[below(2) === 0 ? first : 1].push(event)
    }
  }
  return [shuffled(halves[0]), shuffled(halves[1])]
}

/** Queues that shuffle, hold back and double; the ids of the switches. */
async function disturb({ seed, draw: { between } }: CaseRun): Promise<string[]> {
  const faults = DOMAINS.flatMap((domain) => {
    const of = { service: 'sqs', account: stage().accounts[domain] }
    const held = { kind: 'delay', ms: between(300, 3_000) }
    return [
      { ...of, id: `order ${domain}`, operation: 'ReceiveMessage', times: 'unlimited', action: { kind: 'reorder' } },
      { ...of, id: `held ${domain}`, operation: 'SendMessage', probability: 0.4, seed, action: held },
      {
        ...{ ...of, id: `doubled ${domain}`, operation: 'SendMessage', probability: 0.3, seed },
        action: { kind: 'duplicate', times: 2 },
      },
    ]
  })
  for (const fault of faults) await setFault(stage(), fault)
  return faults.map(({ id }) => id)
}

/** After each, what was done is not known to whoever asked for it. */
const POINTS: RoleOrder[] = [
  ...['after temporal SignalWithStartWorkflowExecution arrivals', 'before aws DeleteMessageBatch events'].map(
    (point) => ({ role: 'bridge' as const, domain: 'd1' as const, env: { SLUICE_CHAOS_CRASH: point } }),
  ),
  ...['after aws StartJobRun', 'after aws PutEvents Data Product Refreshed', 'after postgres commit'].map((point) => ({
    role: 'worker' as const,
    domain: 'd1' as const,
    env: { SLUICE_CHAOS_CRASH: point },
  })),
]

/** In three parts: over each a role dies, of its work or at some moment. */
async function putAmongKills(run: CaseRun, events: Put[]): Promise<void> {
  const third = Math.ceil(events.length / 3)
  const [point] = run.draw.shuffled(POINTS)
  for (let part = 0; part < 3; part += 1) {
    const order = (part === 1 && point) || drawRole(run)
    await replace(order)
    const entries = events.slice(part * third, (part + 1) * third)
    await putRaw(
      stage(),
      entries.map(({ product, key, revision }) => toRawEntry(product, key, revision)),
    )
    await pass(run.draw.between(0, 3_000))
    const { signal } = await stage().roleOf(order.role, order.domain).kill()
    run.note(`${signal} of ${order.role} ${order.domain} ${order.env?.['SLUICE_CHAOS_CRASH'] ?? 'at some moment'}`)
    await stage().startAll()
  }
}

const drawRole = ({ draw: { below } }: CaseRun): RoleOrder => ({
  role: below(2) === 0 ? 'bridge' : 'worker',
  domain: DOMAINS[below(DOMAINS.length)] ?? 'd1',
})

/** One that runs already does where none is to die of its work. */
async function replace(order: RoleOrder): Promise<void> {
  if (!order.env) return
  await stage().roleOf(order.role, order.domain).kill()
  await stage().start(order)
}

interface Row {
  cycle: string
  state: string
  revision: number
  builtFrom: { product: string; cycle: string; revision: number }[] | null
}

const rowsOf = (walks: Walk[]): Promise<Row[]> =>
  stage().db.rows<Row>(
    `select cycle, state, published_revision as revision, built_from as "builtFrom" from data_product_status
     where cycle = any ($1)`,
    [walks.flatMap(cyclesOf).map(({ cycle }) => cycle)],
  )

/** Of each upstream cycle of the walks the highest revision that there is. */
function toNewest(rows: Row[], events: Put[]): Map<string, number> {
  const newest = new Map(rows.map(({ cycle, revision }) => [cycle, revision]))
  for (const { product, key, revision } of events) {
    const cycle = `${product}/${key}`
    newest.set(cycle, Math.max(newest.get(cycle) ?? 0, revision))
  }
  return newest
}

/** Every cycle is closed, and its last publication was made of the newest revision of each input: nothing is left to do. */
async function untilNewest(walks: Walk[], events: Put[]): Promise<void> {
  let behind: string[] = []
  await until('all is made of the newest', 6 * MINUTE_MS, async () => {
    const rows = await rowsOf(walks)
    const newest = toNewest(rows, events)
    behind = walks.flatMap(cyclesOf).flatMap((expected) => whyBehind(expected, rows, newest))
    if (behind.length > 0 || lyingMessages(await readLedger(stage())).length > 0) return false
    return areClosed(
      stage(),
      rows.map(({ cycle }) => cycle),
    )
  }).catch((error: unknown) => {
    throw new Error(`${String(error)} Behind: ${behind.join('; ')}`, { cause: error })
  })
}

function whyBehind({ cycle, upstreams }: ExpectedCycle, rows: Row[], newest: Map<string, number>): string[] {
  const row = rows.find((one) => one.cycle === cycle)
  if (row?.state !== 'COMPLETED') return [`${cycle} is ${row?.state}`]
  const used = new Map(row.builtFrom?.map((input) => [`${input.product}/${input.cycle}`, input.revision]))
  return upstreams
    .filter((upstream) => used.get(upstream) !== newest.get(upstream))
    .map((upstream) => `${cycle} is made of r${used.get(upstream)} of ${upstream}, not of r${newest.get(upstream)}`)
}

/** For each revision of each input one, and no other. */
async function expectOutcomes(walks: Walk[], events: Put[]): Promise<void> {
  const cycles = walks.flatMap(cyclesOf)
  const newest = toNewest(await rowsOf(walks), events)
  const found = await stage().db.rows<{ cycle: string; eventId: string; outcome: string }>(
    `select cycle, event_id as "eventId", outcome from event_delivery where cycle = any ($1)`,
    [cycles.map(({ cycle }) => cycle)],
  )
  const wanted = cycles.flatMap(({ cycle, upstreams }) =>
    upstreams.flatMap((upstream) =>
      Array.from({ length: newest.get(upstream) ?? 0 }, (_, at) => `${upstream}/r${at + 1} for ${cycle}`),
    ),
  )
  const outcomes = found.map(({ eventId, cycle, outcome }) => ({ of: `${eventId} for ${cycle}`, outcome }))
  const missing = wanted.filter((one) => !outcomes.some(({ of }) => of === one))
  const odd = outcomes.filter(({ of, outcome }) => !wanted.includes(of) || !MAY_BE.includes(outcome))
  const said = odd.map(({ of, outcome }) => `${of}: ${outcome}`)
  expect(missing, `without an outcome: ${missing.join(', ')}`).toEqual([])
  expect(said, `not to be: ${said.join(', ')}`).toEqual([])
  expect(outcomes.length, 'one each').toBe(wanted.length)
}

/** It was taken, or corrects what was, or came behind a newer one. */
const MAY_BE = ['satisfied', 'correction', 'superseded']

/** Each attempt beyond the first has read a revision that none before had: so there are at most as many as corrections. */
async function expectCauses(walks: Walk[], events: Put[]): Promise<void> {
  const newest = toNewest(await rowsOf(walks), events)
  const runs = Map.groupBy(startedRuns(await readLedger(stage())), ({ cycle }) => cycle)
  const tooMany = walks.flatMap(cyclesOf).flatMap(({ cycle, upstreams }) => {
    const corrections = upstreams.reduce((sum, upstream) => sum + (newest.get(upstream) ?? 1) - 1, 0)
    const attempts = runs.get(cycle)?.length ?? 0
    return attempts > 1 + corrections ? [`${cycle}: ${attempts} attempts for ${corrections} corrections`] : []
  })
  expect(tooMany, tooMany.join('; ')).toEqual([])
}
