import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { EmptyCell } from '../model/calendar/empty-cell.ts'
import { type Grid, toGrid } from './grid.ts'
import type { VersionedRow } from './older-version.ts'
import { toProduct } from '../model/samples.test-data.ts'
import { ASCII } from './symbols.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')

const row = (product: string, key: string, more: Partial<VersionedRow> = {}): VersionedRow =>
  ({
    ...{ cycle: `${product}/${key}`, product, key, state: 'COMPLETED', step: null, reason: null, revision: 1 },
    ...{ waitingFor: [], notBefore: null, retryAt: null, availableBy: null, firstCompletedAt: null },
    ...more,
  }) as VersionedRow

const linesOf = (rows: VersionedRow[], more: Partial<Grid> = {}): string[] =>
  stripVTControlCharacters(toGrid({ rows, ...more }, NOW_MS)).split('\n')

test('products go down, dates across from old to new; a date without a cycle is a dot', () => {
  const rows = [row('raw/rd1', '2026-11-20', { state: 'PROCESSING' }), row('d1/ds1', '2026-11-19')]
  expect(linesOf(rows)).toEqual([
    'product  2026-11-19   2026-11-20',
    'd1/ds1   ✓ COMPLETED  ·',
    'raw/rd1  ·            ▶ PROCESSING',
  ])
})

test('a cell says the step that failed, the revision, a retry under way and lateness', () => {
  const rows = [
    row('d1/a', '2026-11-20', { state: 'ERROR', step: 'run', reason: 'no such bucket' }),
    row('d1/b', '2026-11-20', { revision: 2 }),
    row('d1/c', '2026-11-20', { state: 'PROCESSING', retryAt: '2026-11-20T12:05:00Z' }),
    row('d1/d', '2026-11-20', { state: 'PROCESSING', availableBy: '2026-11-20T11:59:59Z' }),
    row('d1/e', '2026-11-20', { availableBy: '2026-11-20T11:00:00Z', firstCompletedAt: '2026-11-20T10:59:00Z' }),
  ]
  const cells = linesOf(rows)
    .slice(1, 6)
    .map((line) => line.slice('product  '.length).trim())
  expect(cells).toEqual([
    ...['✗ ERROR (run)', '✓ COMPLETED r2', '▶ PROCESSING retrying'],
    ...['▶ PROCESSING ! late', '✓ COMPLETED'],
  ])
})

test('of a cancelled rerun the revision that is valid is told, also the first', () => {
  const cancelled: Partial<VersionedRow> = { state: 'CANCELLED', lastAttempt: 2 }
  const rows = [0, 1, 2].map((revision) => row(`d1/${revision}`, '2026-11-20', { ...cancelled, revision }))
  const cells = linesOf(rows).slice(1, 4)
  expect(cells).toEqual(['d1/0     ■ CANCELLED', 'd1/1     ■ CANCELLED r1', 'd1/2     ■ CANCELLED r2'])
})

test('a cycle that waits for Glue, is held up or retries says so in its cell, and below for what, why or until when', () => {
  const processing = { state: 'PROCESSING' } as const
  const rows = [
    row('d1/a', '2026-11-20', {
      ...processing,
      flags: ['waits-for-concurrent-runs'],
      reason: 'Concurrent runs\nexceeded',
    }),
    row('d1/b', '2026-11-20', { ...processing, flags: ['held-up'], reason: 'AccessDeniedException' }),
    row('d1/c', '2026-11-20', { ...processing, retryAt: '2026-11-20T12:05:00Z', reason: 'attempt 2 at 12:05' }),
    row('d1/d', '2026-11-20', { ...processing, availableBy: '2026-11-20T11:59:59Z' }),
    row('d1/e', '2026-11-20', { ...processing, flags: ['held-up'], runEndedAs: 'terminated', runEndedAt: null }),
  ]
  const lines = linesOf(rows)
  expect(lines.slice(1, 6).map((line) => line.slice('product  '.length).trim())).toEqual([
    '▶ PROCESSING waits for Glue',
    '▶ PROCESSING held up',
    '▶ PROCESSING retrying',
    '▶ PROCESSING ! late',
    '▶ PROCESSING no run',
  ])
  expect(lines.slice(7)).toEqual([
    'd1/a/2026-11-20  waits for a free run of its Glue job: Concurrent runs exceeded',
    'd1/b/2026-11-20  held up: AccessDeniedException',
    'd1/c/2026-11-20  retrying: attempt 2 at 12:05',
    expect.stringMatching(/^d1\/e\/2026-11-20 {2}PROCESSING its run was terminated: .*sluice rerun d1\/e\/2026-11-20 /),
  ])
})

test('what is to be known of the data stands in the cell, and is no reason not to get on', () => {
  const rows = [
    row('d1/a', '2026-11-20', { state: 'PROCESSING', flags: ['partial'] }),
    row('d1/b', '2026-11-20', { isTakenBack: true }),
  ]
  expect(linesOf(rows)).toEqual([
    ...['product  2026-11-20', 'd1/a     ▶ PROCESSING partial', 'd1/b     ✓ COMPLETED taken back'],
  ])
})

test('below, each cycle that waits or failed says for what or why, oldest date first, products in order', () => {
  const rows = [
    row('d1/b', '2026-11-20', { state: 'WAITING', waitingFor: ['raw/rd1', 'raw/rd2'] }),
    row('d1/a', '2026-11-20', { state: 'WAITING', notBefore: '2026-11-20T22:00:00.000Z' }),
    row('d1/b', '2026-11-19', { state: 'ERROR', reason: 'no such bucket' }),
    row('d1/a', '2026-11-19'),
  ]
  expect(linesOf(rows).slice(4)).toEqual([
    'd1/b/2026-11-19  ERROR no such bucket',
    'd1/a/2026-11-20  waits for 2026-11-20T22:00:00.000Z',
    'd1/b/2026-11-20  waits for raw/rd1, raw/rd2',
  ])
})

test('hours are counted below their date, each other key has its own column', () => {
  const rows = [
    ...['01', '02', '03'].map((hour) => row('d1/h', `2026-11-20T${hour}Z`)),
    row('d1/h', '2026-11-20T04Z', { state: 'PROCESSING' }),
    row('d1/m', '2026-11'),
  ]
  expect(linesOf(rows)).toEqual([
    'product  2026-11      2026-11-20',
    'd1/h     ·            ▶ 1 PROCESSING, ✓ 3 COMPLETED',
    'd1/m     ✓ COMPLETED  ·',
  ])
})

test('an open cycle that goes on by an older version than the one in force is marked with it, and the mark is told', () => {
  const older = { definitionVersion: 6, currentVersion: 7 }
  const rows = [
    row('d1/a', '2026-11-20', { ...older, state: 'WAITING', waitingFor: ['raw/rd1'] }),
    row('d1/b', '2026-11-20', { ...older, state: 'PROCESSING' }),
    row('d1/c', '2026-11-20', { ...older, state: 'PROCESSING', runEndedAs: 'terminated', runEndedAt: null }),
    row('d1/d', '2026-11-20', { ...older, state: 'PROCESSING', currentVersion: 6 }),
    row('d1/e', '2026-11-20', { ...older, state: 'PROCESSING', currentVersion: null }),
    row('d1/f', '2026-11-20', older),
  ]
  const lines = linesOf(rows)
  const cells = lines.slice(1, 7).map((line) => line.slice('product  '.length).trim())
  expect(cells).toEqual([
    ...['… WAITING v6', '▶ PROCESSING v6', '▶ PROCESSING no run'],
    ...['▶ PROCESSING', '▶ PROCESSING', '✓ COMPLETED'],
  ])
  expect(lines.slice(7, 11)).toEqual([
    '',
    'v6: goes on by version 6 of its definition, and a newer one is in force: sluice explain d1/a/2026-11-20',
    '',
    'd1/a/2026-11-20  waits for raw/rd1',
  ])
})

test('each older version has its own legend, and hours are counted by it', () => {
  const rows = [
    ...['01', '02', '03'].map((hour) =>
      row('d1/h', `2026-11-20T${hour}Z`, { state: 'PROCESSING', definitionVersion: 1, currentVersion: 3 }),
    ),
    row('d1/h', '2026-11-20T04Z', { state: 'PROCESSING', definitionVersion: 2, currentVersion: 3 }),
  ]
  const [, cell, , ...legends] = linesOf(rows)
  expect(cell).toBe('d1/h     ▶ 4 PROCESSING, 3 v1, 1 v2')
  expect(legends.map((line) => line.slice(0, 24))).toEqual(['v2: goes on by version 2', 'v1: goes on by version 1'])
})

test('where nothing waits or failed there is the grid alone', () => {
  expect(linesOf([row('d1/a', '2026-11-20')])).toHaveLength(2)
})

const judged: Record<string, EmptyCell> = {
  '2026-11-21': { kind: 'closed', reason: 'not a business day of weekdays (Saturday)' },
  '2026-11-26': { kind: 'closed', reason: 'not a business day of us-equities (Thanksgiving Day)' },
  '2026-11-27': { kind: 'due' },
  '2026-11': { kind: 'none' },
}
const judge: Grid['judge'] = (_product, key) => judged[key] ?? { kind: 'unknown' }

test('a closed day is hatched, apart from one that is due and not open; the holidays are named below, weekends are not', () => {
  const columns = ['2026-11', '2026-11-20', '2026-11-21', '2026-11-26', '2026-11-27']
  const rows = [row('d1/a', '2026-11-20')]
  expect(linesOf(rows, { judge, columns })).toEqual([
    'product  2026-11  2026-11-20   2026-11-21  2026-11-26  2026-11-27',
    'd1/a              ✓ COMPLETED  ░░░         ░░░         ·',
    '',
    '░░░ no cycle by its calendar: not a business day of us-equities (Thanksgiving Day)   · due, not open',
  ])
})

test('where the calendar says nothing the cell says that, and not that the day is closed', () => {
  const [, cells, , legend] = linesOf([row('d1/a', '2026-11-20')], { judge, columns: ['2026-11-20', '2199-12-31'] })
  expect([cells, legend]).toEqual(['d1/a     ✓ COMPLETED  ?', '? beyond what its calendar covers'])
})

test('a product that has no cycle yet has its row', () => {
  expect(linesOf([], { judge, products: ['d1/a' as never], columns: ['2026-11-27'] })).toEqual([
    'product  2026-11-27',
    'd1/a     ·',
  ])
})

test('what is held says so with its sign, by whom and why, and for what it waits besides', () => {
  const held = { actor: 'ann', reason: 'vendor sends\nnonsense', sinceMs: 0, of: 'product' as const }
  const waiting: Partial<VersionedRow> = { state: 'WAITING', waitingFor: ['raw/rd1'] }
  const rows = [
    row('d1/a', '2026-11-20', { ...waiting, held, flags: ['held'] }),
    row('d1/b', '2026-11-20', { ...waiting, held: { ...held, of: 'cycle' } }),
    row('d1/c', '2026-11-20', { state: 'PROCESSING', flags: ['held'] }),
  ]
  const [, ...lines] = linesOf(rows)
  expect(lines).toEqual([
    'd1/a     … WAITING ‖ held',
    'd1/b     … WAITING ‖ held',
    'd1/c     ▶ PROCESSING ‖ held',
    '',
    'd1/a/2026-11-20  ‖ its product is held by ann: vendor sends nonsense; waits for raw/rd1',
    'd1/b/2026-11-20  ‖ held by ann: vendor sends nonsense; waits for raw/rd1',
  ])
})

test('what is held and waits for nothing else does not wait for its turn', () => {
  const held = { actor: 'ann', reason: 'vendor sends nonsense', sinceMs: 0, of: 'cycle' as const }
  const waiting: Partial<VersionedRow> = { state: 'WAITING', flags: ['held'] }
  const rows = [
    row('d1/a', '2026-11-20', { ...waiting, held }),
    row('d1/b', '2026-11-20', { ...waiting, held, notBefore: '2026-11-20T11:00:00.000Z' }),
    row('d1/c', '2026-11-20', { ...waiting, held, notBefore: '2026-11-20T22:00:00.000Z' }),
    row('d1/d', '2026-11-20', waiting),
    row('d1/e', '2026-11-20', { ...waiting, flags: [] }),
  ]
  expect(linesOf(rows).slice(7)).toEqual([
    'd1/a/2026-11-20  ‖ held by ann: vendor sends nonsense',
    'd1/b/2026-11-20  ‖ held by ann: vendor sends nonsense',
    'd1/c/2026-11-20  ‖ held by ann: vendor sends nonsense; waits for 2026-11-20T22:00:00.000Z',
    // By whom is not for this login to know.
    'd1/d/2026-11-20  ‖ held',
    'd1/e/2026-11-20  waits for its turn',
  ])
})

test('a cycle that is held with a product that is held no more says that, and how it goes on', () => {
  const held = { actor: 'ann', reason: 'vendor sends nonsense', sinceMs: 0, of: 'product' as const }
  const rows = [row('d1/a', '2026-11-20', { state: 'WAITING', held, flags: ['held'] })]
  const [line] = linesOf(rows, { held: new Set() }).slice(3)
  expect(line).toBe(
    "d1/a/2026-11-20  ‖ held with its product by ann: vendor sends nonsense; the product is held no more, so the scheduler's next tick releases it; if not: sluice release d1/a",
  )
  expect(linesOf(rows, { held: new Set([toProduct('d1/a')]) })[3]).toContain('its product is held by ann')
})

test('of several hours those that are held or late are counted', () => {
  const rows = ['01', '02'].map((hour) =>
    row('d1/h', `2026-11-20T${hour}Z`, { state: 'PROCESSING', availableBy: `2026-11-20T1${hour[1]}:30:00Z` }),
  )
  expect(linesOf(rows)[1]).toBe('d1/h     ▶ 2 PROCESSING, ! 1 late')
})

test('each sign has one in ASCII, of the same width', () => {
  const rows = ['WAITING', 'PROCESSING', 'COMPLETED', 'ERROR', 'SKIPPED', 'CANCELLED'].map((state, at) =>
    row(`d1/${at}`, '2026-11-20', { state: state as VersionedRow['state'], flags: ['held'] }),
  )
  const columns = ['2026-11-20', '2026-11-21', '2026-11-27']
  const [unicode, ascii] = [linesOf(rows, { columns, judge }), linesOf(rows, { columns, judge, symbols: ASCII })]
  expect(ascii.slice(0, 9).map((line) => line.length)).toEqual(unicode.slice(0, 9).map((line) => line.length))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that ASCII has.
  expect(ascii.join('\n')).toMatch(/^[\x00-\x7f]*$/)
})
