import { expect, test } from 'vitest'
import type { Tick } from '../workflows/contract.ts'
import { toTickWords } from './doctor-tick.ts'

const none = { count: 0, names: [] }
const quiet: Tick = {
  ...{ opened: ['d1/a/2026-11-20'], existing: 2, skipped: [], repaired: 0 },
  rows: { compared: 3, rewritten: none, withoutRun: none, unanswered: 0, left: 0, after: null },
  stuck: { unstarted: none, withoutWorker: none, glueEnds: { count: 8, byCheck: 0 } },
}

test('a tick that found nothing says what it did', () => {
  expect(toTickWords(quiet)).toEqual({
    problems: [],
    said: ['opened 1 cycle', 'compared 3 rows with the runs'],
  })
})

test('what no tick mends is a problem, with names and reasons; what it mended, or a person may, is said', () => {
  const rows = {
    ...{ compared: 3, unanswered: 2, left: 4, after: null },
    rewritten: { count: 1, names: ['d1/a/2026-11-19'] },
    withoutRun: { count: 12, names: ['d1/b/2026-11-19', 'd1/c/2026-11-19'] },
  }
  const stuck = {
    unstarted: { count: 1, names: ['d1/d/2026-11-20: no worker polls its task queue'] },
    withoutWorker: { count: 2, names: ['d1/d/2026-11-20: version b1', 'd1/e/2026-11-20: version b1'] },
    glueEnds: { count: 8, byCheck: 5 },
  }
  const { problems, said } = toTickWords({ ...quiet, repaired: 2, rows, stuck })
  expect(problems).toEqual([
    '1 cycle has not started, though nothing is missing (d1/d/2026-11-20: no worker polls its task queue)',
    '2 cycles are open without a worker of the version (d1/d/2026-11-20: version b1, d1/e/2026-11-20: version b1)',
  ])
  expect(said.slice(1)).toEqual([
    'told 2 cycles what had passed by',
    'compared 3 rows with the runs',
    '1 cycle was written anew in the mirror (d1/a/2026-11-19)',
    '12 cycles are open in the mirror though the run was ended from outside: a rerun brings it back (d1/b/2026-11-19, d1/c/2026-11-19, and 10 more)',
    '2 runs did not answer',
    '4 more rows look wrong and come next',
    'of 8 Glue runs that ended within a day 5 were found by asking, not by an event',
  ])
})

test('what could not be found out is not taken for nothing found; an older tick did not look', () => {
  const { rows: _rows, stuck: _stuck, ...older } = quiet
  expect(toTickWords(older).said).toEqual(['opened 1 cycle'])
  expect(toTickWords({ ...older, repaired: null, rows: null, stuck: null }).said.slice(1)).toEqual([
    ...['could not find out who missed an arrival', 'could not compare the rows', 'could not look for what is stuck'],
  ])
  const stuck = { unstarted: null, withoutWorker: none, glueEnds: null }
  expect(toTickWords({ ...older, stuck }).said.at(-1)).toBe('could not find out all that is stuck')
})

test('holds that were repaired and lateness that was told are said; older ticks did not look', () => {
  expect(toTickWords({ ...quiet, holdsRepaired: 2, latenessTold: 1 }).said.slice(1, 3)).toEqual([
    'held or released 2 cycles with their product after all',
    'told of 1 cause of lateness',
  ])
  expect(toTickWords({ ...quiet, holdsRepaired: null, latenessTold: null }).said.slice(1, 3)).toEqual([
    'could not compare the holds',
    'could not look for what is late',
  ])
  expect(toTickWords({ ...quiet, holdsRepaired: 0, latenessTold: 0 })).toEqual(toTickWords(quiet))
})
