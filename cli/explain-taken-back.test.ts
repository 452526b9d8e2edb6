import { expect, test } from 'vitest'
import type { ActionRow, CycleReport } from '../mirror/status.ts'
import { type Cycle, openRun } from '../model/cycle/cycle.ts'
import { applyFact } from '../model/cycle/facts.ts'
import { toUnknownEdge } from '../model/explain/asked.ts'
import { NOTHING_KNOWN, toBlockerTree } from '../model/explain/blocker-tree.ts'
import type { WaitingEdge } from '../model/explain/standing.ts'
import { definitionOf, inputOf, KEY, NOON_MS, toProduct } from '../model/samples.test-data.ts'
import { takenBackSentence, toTakenBack } from './explain-taken-back.ts'

const AT = '2026-11-20T13:00:00.000Z'
const withdrawal = (revision: number, change: Partial<ActionRow> = {}): ActionRow =>
  ({
    ...{
      action: 'withdraw',
      outcome: 'accepted',
      actor: 'ann',
      at: AT,
      reason: 'the wrong\nfile',
      asked: { revision },
    },
    ...change,
  }) as ActionRow

const reportOf = (actions: ActionRow[] = [withdrawal(1)], row = {}): CycleReport =>
  ({ row: { isTakenBack: true, publishedRevision: 1, ...row }, actions }) as unknown as CycleReport

function topOf(change: Partial<WaitingEdge> = {}) {
  const edge = { ...toUnknownEdge(toProduct('d1/ds1'), KEY, null), state: 'COMPLETED' as const, revision: 1, ...change }
  return toBlockerTree({ edges: [edge], expect: () => NOTHING_KNOWN, nowMs: NOON_MS })
}

const said = (report: CycleReport, change: Partial<WaitingEdge> = {}, cycle?: Cycle): string | null => {
  const found = toTakenBack(report, { top: topOf(change), live: cycle && { cycle, nowMs: NOON_MS } })
  return found && takenBackSentence(found)
}

const GONE = `Its revision 1 was taken back by ann at ${AT}, "the wrong file": consumers do not use it any more.`
const RERUN = ` To publish another: sluice rerun d1/ds1/${KEY} --reason "…"`

test('by whom, when and why, and what mends it', () => {
  expect(said(reportOf())).toBe(GONE + RERUN)
})

test('what still counts, or was replaced by a higher revision, is not told', () => {
  expect(said(reportOf([withdrawal(1)], { isTakenBack: false, publishedRevision: 2 }))).toBeNull()
  expect(said({ row: {}, actions: [] } as unknown as CycleReport)).toBeNull()
})

test('a login that may not see the audit reads that it was taken back', () => {
  expect(said(reportOf([]))).toBe(
    `Its revision 1 was taken back (by whom is not known here): consumers do not use it any more.${RERUN}`,
  )
})

test('of several commands it is the first that reached this revision', () => {
  const actions = [
    withdrawal(2, { outcome: 'refused', actor: 'bob' }),
    withdrawal(1, { actor: 'cat' }),
    withdrawal(2),
    withdrawal(2, { actor: 'dan' }),
  ]
  expect(said(reportOf(actions, { publishedRevision: 2 }))).toContain('revision 2 was taken back by ann at')
})

test.each<[string, Partial<WaitingEdge>, string]>([
  ['a rerun is under way', { state: 'PROCESSING' }, ''],
  ['a rerun waits for its inputs', { state: 'WAITING' }, ''],
  ['the rerun failed', { state: 'ERROR', step: 'run' }, RERUN],
  ['the rerun lost its run', { state: 'PROCESSING', runEndedAs: 'terminated' }, RERUN],
  ['the rerun was cancelled', { state: 'CANCELLED', lastAttempt: 2 }, RERUN],
  [
    'its product is held',
    { state: 'ERROR', step: 'run', isHeld: true, heldAs: 'product' },
    ' To publish another: sluice release d1/ds1 --reason "…"',
  ],
])('%s', (_name, change, mend) => {
  expect(said(reportOf(), change)).toBe(GONE + mend)
})

test('what its workflow would refuse is no advice, and what it has published since is believed', () => {
  const opened = openRun(inputOf(definitionOf('d1/ds1')), NOON_MS)
  const running = applyFact(opened, { kind: 'begun' }, NOON_MS)
  expect(said(reportOf(), { state: 'ERROR', step: 'run' }, running)).toBe(GONE)
  expect(said(reportOf(), {}, { ...running, revision: 2 })).toBeNull()
})
