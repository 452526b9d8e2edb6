// Which of all that is missing decides, and what is said of it: by hand.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyArrival } from '../cycle/arrivals.ts'
import { refuseCommand } from '../cycle/commands.ts'
import type { Condition } from '../cycle/condition.ts'
import type { Command, Cycle } from '../cycle/cycle.ts'
import { openRun } from '../cycle/cycle.ts'
import { applyFact, type Fact } from '../cycle/facts.ts'
import type { CycleId } from '../ids.ts'
import { arrivalOf, definitionOf, endOf, HOUR_MS, inputOf, KEY, NOON_MS, toProduct } from '../samples.test-data.ts'
import { toAskedEdges, toUnknownEdge } from './asked.ts'
import { type BlockerNode, type Expectation, MOST_DEPTH, NOTHING_KNOWN, toBlockerTree } from './blocker-tree.ts'
import { toClause, toWaitSentence } from './blocker-words.ts'
import { findRoots } from './root-blocker.ts'
import type { WaitingEdge } from './standing.ts'
import { toUnblocking } from './unblock.ts'

const TOP = `d1/top/${KEY}` as CycleId
const idOf = (product: string): CycleId => `${product}/${KEY}` as CycleId

/** `consumer` null: the cycle asked about. */
const edge = (consumer: string | null, product: string, change: Partial<WaitingEdge> = {}): WaitingEdge => ({
  ...toUnknownEdge(toProduct(product), KEY, consumer === null ? null : idOf(consumer)),
  state: 'WAITING',
  ...change,
})
const asked = (change: Partial<WaitingEdge> = {}): WaitingEdge => edge(null, 'd1/top', change)
const failed: Partial<WaitingEdge> = { state: 'ERROR', step: 'run' }
const due: Expectation = { ...NOTHING_KNOWN, what: 'product', dueMs: NOON_MS - 60_000, canOpen: true }

function treeOf(edges: WaitingEdge[], expect: Record<string, Partial<Expectation>> = {}): BlockerNode {
  const tree = toBlockerTree({ edges, expect: (product) => ({ ...due, ...expect[product] }), nowMs: NOON_MS })
  if (!tree) throw new Error('no tree')
  return tree
}
const decidedBy = (edges: WaitingEdge[], expected: Record<string, Partial<Expectation>> = {}): string | null =>
  findRoots(treeOf(edges, expected), NOON_MS).decides?.product ?? null

const kindOf = (change: Partial<WaitingEdge>, expected: Partial<Expectation> = {}): string => {
  const [first] = treeOf([asked(), edge('d1/top', 'raw/a', change)], { 'raw/a': expected }).waitsFor
  return first ? `${first.kind}: ${toClause(first, NOON_MS)}` : ''
}

test.each<[string, Partial<WaitingEdge>, Partial<Expectation>?]>([
  ['failed: is in ERROR (run): no such table', { ...failed, reason: 'no such\n  table.' }],
  ['run-ended: stands still: no run is behind it any more (terminated)', { runEndedAs: 'terminated' }],
  ['held: is held', { isHeld: true }],
  [
    'processing: is being made since then, next attempt at soon',
    { state: 'PROCESSING', since: 'then', retryAt: 'soon' },
  ],
  ['not-before: starts not before 2026-11-20T13:00:00Z', { notBefore: '2026-11-20T13:00:00Z' }],
  ['starting: has all it needs and is about to start', { notBefore: '2026-11-20T11:00:00Z' }],
  ['no-cycle: waits for a cycle that its upstream does not have', { waitingFor: ['raw/z'] }],
  ['not-open: was due at 2026-11-20T11:59:00.000Z, and nobody has opened it', { state: null }],
  [
    'not-open: is not open yet: it falls due at 2026-11-20T13:00:00.000Z',
    { state: null },
    { dueMs: NOON_MS + HOUR_MS },
  ],
  ['not-open: is not open, as far as is known here', { state: null }, { dueMs: null }],
  ['not-scheduled: is never due: a holiday', { state: null }, { notScheduled: 'a holiday' }],
  [
    'external: comes from outside the mesh, and nothing has been heard of it here',
    { state: null },
    { what: 'external' },
  ],
  ['unknown: is of no definition that is known here', { state: null }, { what: 'unknown' }],
  ['skipped: was skipped: no data', { state: 'SKIPPED', reason: 'no data' }],
  ['cancelled: was cancelled', { state: 'CANCELLED' }],
  ['published: has published revision 2, which has not arrived here', { state: 'COMPLETED', revision: 2 }],
  ['unpublished: is completed, and has published nothing', { state: 'COMPLETED' }],
  ['withdrawn: is there no more: its revision 2 was taken back', { state: 'COMPLETED', revision: 2, withdraws: 2 }],
  ['hidden: this login cannot see', { product: null }],
  ['not-followed: is too far away to be followed', { state: null, isBeyond: true }],
])('%s', (words, change, expected) => {
  expect(kindOf(change, expected)).toBe(words)
})

describe('of several that are missing', () => {
  const three = ['raw/a', 'raw/b', 'raw/c'].map((product, position) =>
    edge('d1/top', product, { position, state: null }),
  )
  const usual = { 'raw/a': { usualMs: NOON_MS + HOUR_MS }, 'raw/b': { usualMs: NOON_MS + 3 * HOUR_MS } }

  test('the one that is expected last decides, one without a habit by when it is due', () => {
    expect(decidedBy([asked(), ...three], usual)).toBe('raw/b')
  })

  test('what never comes by itself decides before all that does', () => {
    const [, ...others] = three
    expect(decidedBy([asked(), edge('d1/top', 'raw/a', { position: 0, ...failed }), ...others], usual)).toBe('raw/a')
  })

  test('what was due for long, and nobody opened, does not come by itself', () => {
    expect(decidedBy([asked(), ...three], { ...usual, 'raw/c': { dueMs: NOON_MS - 2 * HOUR_MS } })).toBe('raw/c')
  })

  test('of those of which any would do, the first to come decides, and is told as such', () => {
    const condition: Condition = {
      ...{ kind: 'at-least', n: 1 },
      of: [0, 1].map((at) => ({ kind: 'cycle' as const, at })),
    }
    const edges = [asked({ condition }), ...three.slice(0, 2)]
    expect(decidedBy(edges, usual)).toBe('raw/a')
    expect(toWaitSentence(findRoots(treeOf(edges, usual), NOON_MS), NOON_MS)).toBe(
      `waits for raw/a/${KEY} (or another that would do) (and for one other below), which was due at 2026-11-20T11:59:00.000Z, and nobody has opened it`,
    )
  })

  test('one that is needed decides before those of which any would do', () => {
    const any: Condition = { kind: 'at-least', n: 1, of: [0, 1].map((at) => ({ kind: 'cycle' as const, at })) }
    const condition: Condition = { kind: 'at-least', n: 2, of: [any, { kind: 'cycle', at: 2 }] }
    expect(decidedBy([asked({ condition }), ...three], usual)).toBe('raw/c')
  })

  test('a group that has enough waits for none of its others', () => {
    const condition: Condition = { kind: 'at-least', n: 1, of: [0, 1].map((at) => ({ kind: 'cycle' as const, at })) }
    expect(treeOf([asked({ condition }), ...three.slice(0, 1)]).waitsFor).toEqual([])
  })
})

test('what several wait for is opened up once, and leads down from each of them', () => {
  const edges = [
    ...[asked(), edge('d1/top', 'd1/left'), edge('d1/top', 'd1/right')],
    ...[edge('d1/left', 'd1/mid'), edge('d1/right', 'd1/mid'), edge('d1/mid', 'raw/a', failed)],
  ]
  const tree = treeOf(edges)
  const mids = tree.waitsFor.flatMap(({ waitsFor }) => waitsFor)
  expect(mids.map(({ isRepeated, waitsFor }) => [isRepeated, waitsFor.length])).toEqual([
    [false, 1],
    [true, 0],
  ])
  const { decides, way, all } = findRoots(tree, NOON_MS)
  expect(way.map(({ product }) => product)).toEqual(['d1/left', 'd1/mid'])
  expect(all).toEqual([decides])
})

test('deeper than anybody reads it is not followed', () => {
  const chain = Array.from({ length: MOST_DEPTH + 5 }, (_, at) =>
    edge(at === 0 ? 'd1/top' : `d1/p${at}`, `d1/p${at + 1}`),
  )
  const { decides, way } = findRoots(treeOf([asked(), ...chain]), NOON_MS)
  expect([decides?.kind, way.length]).toEqual(['not-followed', MOST_DEPTH - 1])
})

test('how a cycle stands that was not asked for is not known: what never comes by itself decides before it', () => {
  const beyond = edge('d1/top', 'raw/b', { state: null, isBeyond: true })
  const overdue = { 'raw/b': { dueMs: NOON_MS - 2 * HOUR_MS } }
  expect(decidedBy([asked(), beyond, edge('d1/top', 'raw/a', failed)], overdue)).toBe('raw/a')
  const soon = edge('d1/top', 'raw/a', { state: null })
  expect(decidedBy([asked(), beyond, soon], { ...overdue, 'raw/a': { dueMs: NOON_MS + HOUR_MS } })).toBe('raw/a')
})

describe('what would unblock it', () => {
  const commandsOf = (edges: WaitingEdge[], expected: Record<string, Partial<Expectation>> = {}, live?: Cycle) => {
    const tree = treeOf(edges, expected)
    const found = toUnblocking(tree, findRoots(tree, NOON_MS), live && { cycle: live, nowMs: NOON_MS })
    return found.map(({ command, domain }) => `${domain}: ${command}`)
  }
  const own = [`d1: sluice waive ${TOP} --dependency raw/a --reason "…"`, `d1: sluice skip ${TOP} --reason "…"`]

  test.each<[string, Partial<WaitingEdge>, Partial<Expectation>, string[]]>([
    ['a failure', failed, {}, [`raw: sluice rerun ${idOf('raw/a')} --reason "…"`]],
    ['one that is not open', { state: null }, {}, [`raw: sluice open ${idOf('raw/a')}`]],
    ['one that cannot be opened yet', { state: null }, { canOpen: false }, []],
    ['one from outside', { state: null }, { what: 'external' }, [`raw: sluice events send ${idOf('raw/a')}`]],
    [
      ...(['one that is held', { isHeld: true, heldAs: 'cycle' }, {}] as const),
      [`raw: sluice release ${idOf('raw/a')} --reason "…"`],
    ],
    ['one held with its product', { isHeld: true, heldAs: 'product' }, {}, ['raw: sluice release raw/a --reason "…"']],
    [
      ...([
        'a failure that is held: a rerun would be refused',
        { ...failed, isHeld: true, heldAs: 'cycle' },
        {},
      ] as const),
      [`raw: sluice release ${idOf('raw/a')} --reason "…"`],
    ],
    [
      ...([
        'one without a run, held with its product',
        { runEndedAs: 'terminated', isHeld: true, heldAs: 'product' },
        {},
      ] as const),
      ['raw: sluice release raw/a --reason "…"'],
    ],
    // No run is there that could be released, and the next one is not held.
    [
      ...([
        'one without a run, held by itself',
        { runEndedAs: 'terminated', isHeld: true, heldAs: 'cycle' },
        {},
      ] as const),
      [`raw: sluice rerun ${idOf('raw/a')} --reason "…"`],
    ],
    [
      ...(['one cancelled before its inputs came', { state: 'CANCELLED' }, {}] as const),
      [`raw: sluice skip ${idOf('raw/a')} --reason "…"`],
    ],
    [
      ...(['one cancelled later', { state: 'CANCELLED', lastAttempt: 1 }, {}] as const),
      [`raw: sluice rerun ${idOf('raw/a')} --reason "…"`, `raw: sluice skip ${idOf('raw/a')} --reason "…"`],
    ],
    [
      ...(['a cancelled rerun of what is published', { state: 'CANCELLED', lastAttempt: 2, revision: 1 }, {}] as const),
      [`raw: sluice rerun ${idOf('raw/a')} --reason "…"`],
    ],
    ['one taken back that has no row', { state: null, withdraws: 1 }, {}, [`raw: sluice open ${idOf('raw/a')}`]],
    ['one too far away', { state: null, isBeyond: true }, {}, []],
    ['one under way', { state: 'PROCESSING' }, {}, []],
    ['one that was skipped', { state: 'SKIPPED' }, {}, []],
  ])('%s', (_, change, expected, commands) => {
    expect(commandsOf([asked(), edge('d1/top', 'raw/a', change)], { 'raw/a': expected })).toEqual([...commands, ...own])
  })

  test('of a product that is held, the product is released', () => {
    const held = { actor: 'ann', reason: 'audit', sinceMs: NOON_MS, of: 'product' as const }
    expect(commandsOf([asked({ isHeld: true, held, heldAs: 'product' })])[0]).toBe(
      'd1: sluice release d1/top --reason "…"',
    )
  })

  test('who waits for the root itself may do without it, below the cycle asked about', () => {
    const edges = [asked(), edge('d1/top', 'd2/mid'), edge('d2/mid', 'raw/a', failed)]
    expect(commandsOf(edges)).toEqual([
      `raw: sluice rerun ${idOf('raw/a')} --reason "…"`,
      `d2: sluice waive ${idOf('d2/mid')} --dependency raw/a --reason "…"`,
      `d1: sluice waive ${TOP} --dependency d2/mid --reason "…"`,
      `d1: sluice skip ${TOP} --reason "…"`,
    ])
  })

  test('what has published is not skipped', () => {
    expect(commandsOf([asked({ ...failed, revision: 1 })])).toEqual([`d1: sluice rerun ${TOP} --reason "…"`])
  })

  test('of the cycle asked about no command is named that its workflow would refuse', () => {
    const isTold = fc.record({
      facts: fc.integer({ min: 0, max: 4 }),
      past: fc.constantFrom(null, 0, 1),
      held: fc.constantFrom(null, 'cycle' as const, 'product' as const),
      isCancelled: fc.boolean(),
      arrives: fc.boolean(),
    })
    const seen = new Set<string>()
    fc.assert(
      fc.property(isTold, (drawn) => {
        const live = livingOf(drawn)
        const edges = toAskedEdges(live, NOON_MS)
        for (const line of commandsOf(edges, {}, live).filter(
          (one) => one.includes(` ${live.id} `) || one.includes('release d1/top '),
        )) {
          const command = toCommand(line)
          seen.add(command.action)
          expect(refuseCommand(live, command, 'open', NOON_MS)).toBeNull()
        }
      }),
    )
    expect([...seen].toSorted()).toEqual(['release', 'rerun', 'skip', 'waive'])
  })

  test('of one in ERROR after its wait there is nothing to waive; of one under way, or over, nothing at all', () => {
    expect(commandsOf([asked(failed)])).toEqual([
      `d1: sluice rerun ${TOP} --reason "…"`,
      `d1: sluice skip ${TOP} --reason "…"`,
    ])
    expect(commandsOf([asked({ state: 'PROCESSING' })])).toEqual([])
    expect(commandsOf([asked({ state: 'COMPLETED', revision: 1 })])).toEqual([])
  })
})

interface Drawn {
  facts: number
  past: number | null
  held: 'cycle' | 'product' | null
  isCancelled: boolean
  arrives: boolean
}

const FACTS: Fact[] = [
  { kind: 'begun' },
  { kind: 'run-started', runId: 'jr_1', adopted: false },
  { kind: 'run-ended', end: endOf('FAILED') },
]

/** A cycle somewhere on its way, perhaps of a rerun that had published before, perhaps held or being cancelled. */
function livingOf({ facts, past, held, isCancelled, arrives }: Drawn): Cycle {
  const opened = openRun(inputOf(definitionOf('d1/top', ['raw/a'])), NOON_MS)
  const there = arrives || facts > 0 ? applyArrival(opened, arrivalOf('raw/a'), NOON_MS) : opened
  const moved = FACTS.slice(0, facts).reduce((cycle, fact) => applyFact(cycle, fact, NOON_MS), there)
  const by = { actor: 'ann', reason: 'audit', sinceMs: NOON_MS }
  return {
    ...{ ...moved, revision: past ?? 0, held: held && { ...by, of: held } },
    ...(isCancelled && { state: 'CANCELLED' as const, step: null }),
  }
}

/** As the command line would ask for it. */
function toCommand(line: string): Command {
  const by = { actor: 'ann', reason: 'why', requestId: 'q1' }
  const [, , action, of] = line.split(' ')
  if (action === 'release') return { action, ...by, of: of === 'd1/top' ? 'product' : 'cycle' }
  if (action === 'waive')
    return { action, ...by, products: [toProduct(line.split('--dependency ')[1]?.split(' ')[0] ?? '')] }
  if (action === 'rerun' || action === 'skip') return { action, ...by }
  throw new Error(line)
}
