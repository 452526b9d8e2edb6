import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toUnknownEdge } from '../explain/asked.ts'
import { type BlockerNode, NOTHING_KNOWN, toBlockerTree } from '../explain/blocker-tree.ts'
import type { WaitingEdge } from '../explain/standing.ts'
import type { CycleId, ProductId } from '../ids.ts'
import { HOUR_MS, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { type Expected, judgeLateness, planNotices } from './notices.ts'
import { predictEnd, type Usual } from './predict.ts'

const idOf = (product: string): CycleId => `${product}/${KEY}` as CycleId
const edge = (consumer: string | null, product: string, change: Partial<WaitingEdge> = {}): WaitingEdge => ({
  ...toUnknownEdge(toProduct(product), KEY, consumer === null ? null : idOf(consumer)),
  state: 'WAITING',
  ...change,
})

function treeOf(edges: WaitingEdge[], usualMs: Record<string, number> = {}): BlockerNode {
  const expect = (product: ProductId) => ({
    ...{ ...NOTHING_KNOWN, what: 'product' as const, dueMs: NOON_MS - HOUR_MS, canOpen: true },
    usualMs: usualMs[product] ?? null,
  })
  const tree = toBlockerTree({ edges, expect, nowMs: NOON_MS })
  if (!tree) throw new Error('no tree')
  return tree
}

const usual = (runs: Record<string, number> = {}, nowMs = NOON_MS): Usual => ({
  runMs: (product) => runs[product],
  nowMs,
})
const MINUTE = 60_000

/** d1/top waits for d1/mid, which waits for raw/a. */
const chain = (root: Partial<WaitingEdge>, usualMs: Record<string, number> = {}) =>
  treeOf([edge(null, 'd1/top'), edge('d1/top', 'd1/mid'), edge('d1/mid', 'raw/a', root)], usualMs)

const expected = (change: Partial<Expected> = {}): Expected => ({
  ...{ cycle: idOf('d1/top'), product: toProduct('d1/top'), availableByMs: NOON_MS + HOUR_MS },
  ...{ owner: { team: 'risk', email: 'risk@example.com' }, tree: chain({ state: 'PROCESSING' }) },
  ...change,
})

describe('a prediction', () => {
  const runs = { 'd1/top': 10 * MINUTE, 'd1/mid': 20 * MINUTE, 'raw/a': 30 * MINUTE }

  test('adds the usual runs along the way that is still open', () => {
    const since = new Date(NOON_MS - 5 * MINUTE).toISOString()
    expect(predictEnd(chain({ state: 'PROCESSING', since }), usual(runs))).toBe(NOON_MS + (25 + 20 + 10) * MINUTE)
  })

  test('counts a run that takes longer than usual as ended now', () => {
    const since = new Date(NOON_MS - 2 * HOUR_MS).toISOString()
    expect(predictEnd(chain({ state: 'PROCESSING', since }), usual(runs))).toBe(NOON_MS + 30 * MINUTE)
  })

  test('takes what only a person can mend as mended now, and what has no history as taking no time', () => {
    expect(predictEnd(chain({ state: 'ERROR', step: 'run' }), usual(runs))).toBe(NOON_MS + 60 * MINUTE)
    expect(predictEnd(chain({ state: 'ERROR', step: 'run' }), usual())).toBe(NOON_MS)
  })

  test('of what is not open yet goes by when it usually arrives, but not before now', () => {
    const later = { 'raw/a': NOON_MS + 15 * MINUTE }
    expect(predictEnd(chain({ state: null }, later), usual(runs))).toBe(NOON_MS + 45 * MINUTE)
    const earlier = { 'raw/a': NOON_MS - 15 * MINUTE }
    expect(predictEnd(chain({ state: null }, earlier), usual(runs))).toBe(NOON_MS + 30 * MINUTE)
  })

  test('counts what two wait for on both ways', () => {
    const diamond = treeOf([
      ...[edge(null, 'd1/top'), edge('d1/top', 'd1/left'), edge('d1/top', 'd1/right')],
      ...[
        edge('d1/left', 'd1/mid'),
        edge('d1/right', 'd1/mid'),
        edge('d1/mid', 'raw/a', { state: 'ERROR', step: 'run' }),
      ],
    ])
    const runsOf = (left: number, right: number) =>
      usual({ ...runs, 'd1/left': left * MINUTE, 'd1/right': right * MINUTE })
    expect(predictEnd(diamond, runsOf(1, 40))).toBe(NOON_MS + (30 + 20 + 40 + 10) * MINUTE)
    expect(predictEnd(diamond, runsOf(40, 1))).toBe(NOON_MS + (30 + 20 + 40 + 10) * MINUTE)
  })

  test('takes what is too far away to be asked for as there now, or when it usually is', () => {
    const beyond = { state: null, isBeyond: true }
    expect(predictEnd(chain(beyond), usual(runs))).toBe(NOON_MS + 30 * MINUTE)
    expect(predictEnd(chain(beyond, { 'raw/a': NOON_MS + 5 * MINUTE }), usual(runs))).toBe(NOON_MS + 35 * MINUTE)
  })

  test('never falls when a run takes longer, and is never before now', () => {
    const aRun = fc.nat({ max: 5 * HOUR_MS })
    fc.assert(
      fc.property(aRun, aRun, aRun, aRun, (top, mid, root, more) => {
        const given = { 'd1/top': top, 'd1/mid': mid, 'raw/a': root }
        const tree = chain({ state: 'WAITING' })
        const [shorter, longer] = [given, { ...given, 'd1/mid': mid + more }].map((one) => predictEnd(tree, usual(one)))
        expect(longer).toBeGreaterThanOrEqual(shorter ?? 0)
        expect(shorter).toBeGreaterThanOrEqual(NOON_MS)
      }),
    )
  })
})

describe('a cycle is told of', () => {
  test('as late from the instant on that it is expected by, with the root and the way to it', () => {
    const failed = chain({ state: 'ERROR', step: 'run', since: 'then', reason: 'no such table' })
    expect(judgeLateness(expected({ tree: failed, availableByMs: NOON_MS + 1 }), usual())).toBeNull()
    expect(judgeLateness(expected({ tree: failed, availableByMs: NOON_MS }), usual())).toMatchObject({
      ...{ kind: 'late', cause: idOf('raw/a'), way: [idOf('d1/mid')], predictedAt: null },
      reason: `${idOf('raw/a')} is in ERROR (run) since then: no such table`,
    })
  })

  test('as one that will be late when the way that is open takes longer than there is time', () => {
    const since = new Date(NOON_MS).toISOString()
    const tree = chain({ state: 'PROCESSING', since })
    const runs = { 'd1/top': 30 * MINUTE, 'd1/mid': 20 * MINUTE, 'raw/a': 10 * MINUTE }
    expect(judgeLateness(expected({ tree }), usual(runs))).toBeNull()
    const longer = usual({ ...runs, 'raw/a': 11 * MINUTE })
    expect(judgeLateness(expected({ tree }), longer)).toMatchObject({
      ...{ kind: 'will-be-late', predictedAt: new Date(NOON_MS + 61 * MINUTE).toISOString(), cause: idOf('raw/a') },
    })
  })

  test('also when nobody has opened it', () => {
    expect(judgeLateness(expected({ tree: null, availableByMs: NOON_MS }), usual())).toMatchObject({
      ...{ kind: 'late', cause: idOf('d1/top'), reason: `${idOf('d1/top')} is not open: nobody has opened it` },
    })
  })
})

describe('notices', () => {
  const late = (cycle: string, team = 'risk', root = 'raw/a'): Expected => ({
    ...expected({ availableByMs: NOON_MS - MINUTE, owner: { team, email: `${team}@example.com` } }),
    cycle: idOf(cycle),
    tree: treeOf([edge(null, cycle), edge(cycle, root, { state: 'ERROR', step: 'run' })]),
  })

  test('are one for each cause and owner, with all that it makes late', () => {
    const notices = planNotices(
      [late('d1/x'), late('d1/y'), late('d1/z', 'sales'), late('d1/w', 'risk', 'raw/b')],
      [],
      usual(),
    )
    expect(notices.map(({ id, cycles }) => [id, cycles.map(({ cycle }) => cycle)])).toEqual([
      [`late/${idOf('raw/a')}/risk`, [idOf('d1/x'), idOf('d1/y')]],
      [`late/${idOf('raw/a')}/sales`, [idOf('d1/z')]],
      [`late/${idOf('raw/b')}/risk`, [idOf('d1/w')]],
    ])
  })

  test('are not repeated for a cause that was told; being late is told although it was foreseen', () => {
    const told = { kind: 'late' as const, cause: idOf('raw/a'), team: 'risk' }
    expect(planNotices([late('d1/x')], [told], usual())).toEqual([])
    expect(planNotices([late('d1/x')], [{ ...told, kind: 'will-be-late' }], usual())).toHaveLength(1)
  })
})
