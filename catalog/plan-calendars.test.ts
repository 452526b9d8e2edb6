import { describe, expect, test } from 'vitest'
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import type { Schedule } from '../model/definition.ts'
import { calendarOf, definitionOf, versionOf } from '../model/samples.test-data.ts'
import { type CurrentMesh, type Mesh, type MeshCalendar, NOTHING_APPLIED } from './mesh.ts'
import { hasChanges, type PlanOptions, planApply } from './plan.ts'
import { toPlanLines } from './plan-words.ts'
import { externalOf } from './samples.test-data.ts'

const MOURNING = { '2026-12-09': 'National day of mourning' }
const xmas = calendarOf('equities', { '2026-12-25': 'Christmas Day' })
const withClosure = calendarOf('equities', { '2026-12-25': 'Christmas Day', ...MOURNING })

const productOf = (name: string, schedule: Partial<Schedule> = {}) =>
  definitionOf(`d1/${name}`, [], { calendar: 'equities', ...schedule })
const PRODUCTS = [productOf('daily'), productOf('other', { calendar: 'bonds' })]

const shipped = (definition: CalendarDefinition): MeshCalendar => ({ definition, from: 'shipped' })
const ofFiles = (definition: CalendarDefinition): MeshCalendar => ({ definition, from: 'files' })
const meshOf = (calendars: MeshCalendar[], products = PRODUCTS): Mesh => ({
  ...{ domains: [], products, externals: [], calendars },
})
const appliedOf = (mesh: Mesh, version = 1): CurrentMesh => ({
  ...{ ...NOTHING_APPLIED, products: mesh.products.map((definition) => versionOf(definition)) },
  externals: mesh.externals.map((definition) => ({ version: 1, definition })),
  calendars: mesh.calendars.map((calendar) => ({ version, ...calendar })),
  lastVersions: Object.fromEntries(mesh.calendars.map(({ definition }) => [definition.calendar, version])),
})
const linesOf = (before: MeshCalendar, after: MeshCalendar, products = PRODUCTS) =>
  toPlanLines(planApply(appliedOf(meshOf([before], products)), meshOf([after], products))).filter(
    (line) => !line.endsWith('unchanged'),
  )

describe('an edit of a calendar', () => {
  test('an ad hoc closure says which date vanishes, by which rule, and which cycles go with it', () => {
    expect(linesOf(ofFiles(xmas), ofFiles(withClosure))).toEqual([
      '~ calendar equities version 2',
      '    2026-12-09 vanishes: National day of mourning',
      '    d1/daily: loses 2026-12-09',
    ])
  })

  test('taken back it appears, and the products stay at their versions', () => {
    const plan = planApply(appliedOf(meshOf([ofFiles(withClosure)]), 3), meshOf([ofFiles(xmas)]))
    expect(toPlanLines(plan)).toEqual([
      '~ calendar equities version 4',
      '    2026-12-09 appears: Wednesday (was National day of mourning)',
      '    d1/daily: gains 2026-12-09',
      '  2 unchanged',
    ])
    expect(hasChanges(plan)).toBe(true)
    expect(plan.products.map(({ kind }) => kind)).toEqual(['unchanged', 'unchanged'])
  })

  test('each way to refresh is asked what it means for its cycles', () => {
    const open = calendarOf('equities')
    const lastDay = calendarOf('equities', { '2026-11-30': 'Storm' })
    const products = [
      productOf('a-close', { every: 'month-end(business)' }),
      productOf('b-next', { every: 'month', onNonBusinessDay: 'next' }),
      productOf('c-skip', { every: 'day', onNonBusinessDay: 'skip' }),
      productOf('d-day', { every: 'day' }),
      productOf('e-third', { every: 'nth-business-day(21)' }),
      productOf('f-hour', { every: 'hour', onNonBusinessDay: 'skip', timezone: 'Asia/Tokyo' }),
    ]
    expect(linesOf(ofFiles(open), ofFiles(lastDay), products)).toEqual([
      '~ calendar equities version 2',
      '    2026-11-30 vanishes: Storm',
      '    d1/a-close: moves 2026-11 from 2026-11-30 to 2026-11-27',
      '    d1/b-next: moves 2026-11 from 2026-11-30 to 2026-12-01',
      '    d1/c-skip: loses 2026-11-30',
      '    d1/e-third: loses 2026-11',
      '    d1/f-hour: loses 24 cycles: 2026-11-29T15Z, 2026-11-29T16Z, 2026-11-29T17Z and 21 more',
    ])
  })

  test('a cycle that a far holiday moves is found: from one end of a long closure to the other', () => {
    const closed = { '2026-11-30': 'Storm', '2026-12-01': 'Storm', '2026-12-02': 'Storm' }
    const longer = { ...closed, '2026-12-03': 'Storm' }
    const products = [productOf('next', { every: 'month', onNonBusinessDay: 'next' })]
    expect(
      linesOf(ofFiles(calendarOf('equities', closed)), ofFiles(calendarOf('equities', longer)), products),
    ).toContain('    d1/next: moves 2026-11 from 2026-12-03 to 2026-12-04')
  })

  test('an external that goes by it is named too', () => {
    const goes = { ...meshOf([ofFiles(xmas)]), externals: [externalOf('d1/vendor', { calendar: 'equities' })] }
    const after = { ...goes, calendars: [ofFiles(withClosure)] }
    expect(toPlanLines(planApply(appliedOf(goes), after))).toContain('    d1/vendor: loses 2026-12-09')
  })

  test('a product of another folder is named too', () => {
    const current = appliedOf(meshOf([ofFiles(xmas)]))
    expect(toPlanLines(planApply(current, meshOf([ofFiles(withClosure)], [])))).toContain(
      '    d1/daily: loses 2026-12-09',
    )
  })

  test('early closes: new, moved, gone', () => {
    const early = (at: Record<string, string>): CalendarDefinition => ({
      ...xmas,
      earlyClose: Object.fromEntries(Object.entries(at).map(([date, at]) => [date, { at, rule: `Rule of ${date}` }])),
    })
    const before = early({ '2026-11-27': '13:00', '2026-12-24': '13:00' })
    const after = early({ '2026-12-24': '14:00', '2026-12-31': '13:00' })
    expect(linesOf(ofFiles(before), ofFiles(after))).toEqual([
      '~ calendar equities version 2',
      '    2026-11-27 closes at the usual time instead of 13:00: Rule of 2026-11-27',
      '    2026-12-24 closes 14:00 instead of 13:00: Rule of 2026-12-24',
      '    2026-12-31 closes 13:00 instead of at the usual time: Rule of 2026-12-31',
    ])
  })

  test('many dates are told in twelve lines and a number', () => {
    const many = Object.fromEntries(Array.from({ length: 14 }, (_none, n) => [`2026-06-${n + 15}`, 'Storm']))
    const lines = linesOf(ofFiles(calendarOf('equities')), ofFiles(calendarOf('equities', many)))
    expect(lines).toHaveLength(1 + 10 + 1)
    expect(lines.at(-1)).toBe('    d1/daily: loses 10 cycles: 2026-06-15, 2026-06-16, 2026-06-17 and 7 more')
    const months = Object.fromEntries(
      Array.from({ length: 30 }, (_none, n) => [`2027-06-${String(n + 1).padStart(2, '0')}`, 'Storm']),
    )
    const more = linesOf(ofFiles(calendarOf('equities')), ofFiles(calendarOf('equities', months)))
    expect(more.slice(12)).toEqual([
      '    2027-06-16 vanishes: Storm',
      '    and 10 more dates',
      '    d1/daily: loses 22 cycles: 2027-06-01, 2027-06-02, 2027-06-03 and 19 more',
    ])
  })

  test('other weekdays open or close each of their dates', () => {
    const short = { ...xmas, from: '2026-12-01', to: '2026-12-31' }
    const sixDays = { ...short, weeks: [{ from: '2026-12-01', open: [1, 2, 3, 4, 5, 6] }] }
    expect(linesOf(ofFiles(short), ofFiles(sixDays))).toEqual([
      '~ calendar equities version 2',
      ...['05', '12', '19', '26'].map((day) => `    2026-12-${day} appears: Saturday`),
      '    d1/daily: gains 2026-12-05, 2026-12-12, 2026-12-19, 2026-12-26',
    ])
  })

  test('no difference is without a line', () => {
    const { description: _, ...rest } = xmas
    expect(linesOf(ofFiles(xmas), ofFiles({ ...rest, description: 'x' }))).toContain('    description: "" -> "x"')
    expect(linesOf(ofFiles(xmas), shipped(xmas))).toContain('    source: files -> shipped')
    expect(linesOf(ofFiles(xmas), ofFiles({ ...xmas, to: '2027-12-31' }))).toContain(
      '    covers: 1900-01-01 to 2199-12-31 -> 1900-01-01 to 2027-12-31',
    )
    expect(linesOf(ofFiles(xmas), ofFiles(calendarOf('equities', { '2026-12-25': 'Noel' })))).toEqual([
      '~ calendar equities version 2',
      '    its rules have other words, no date changes',
    ])
  })

  test('calendars that cover no date together differ in what they cover', () => {
    const then = { ...xmas, from: '2000-01-01', to: '2010-12-31' }
    expect(linesOf(ofFiles(then), ofFiles({ ...xmas, from: '2020-01-01' }))).toEqual([
      '~ calendar equities version 2',
      '    covers: 2000-01-01 to 2010-12-31 -> 2020-01-01 to 2199-12-31',
    ])
  })
})

describe('whose calendar it is', () => {
  const linesWith = (current: CurrentMesh, mesh: Mesh, options: PlanOptions = {}) =>
    toPlanLines(planApply(current, mesh, options)).filter((line) => !line.endsWith('unchanged'))

  test('one that comes into use is new; the same again is nothing', () => {
    const mesh = meshOf([shipped(xmas)])
    expect(linesWith({ ...appliedOf(mesh), calendars: [], lastVersions: {} }, mesh)).toEqual([
      '+ calendar equities version 1: new',
    ])
    expect(hasChanges(planApply(appliedOf(mesh), mesh))).toBe(false)
  })

  test('one applied from files stays while the files of this folder do not define it, and that is said', () => {
    const mesh = meshOf([ofFiles(withClosure)])
    expect(linesWith(appliedOf(mesh), mesh, { definedCalendars: [] })).toEqual([
      '! calendar equities: in none of these files, stays as applied; --prune gives it up once nothing goes by it',
    ])
    expect(hasChanges(planApply(appliedOf(mesh), mesh, { definedCalendars: [] }))).toBe(false)
    expect(linesWith(appliedOf(mesh), mesh, { definedCalendars: ['equities'] })).toEqual([])
  })

  test('pruned it is the shipped one again', () => {
    const current = appliedOf(meshOf([ofFiles(withClosure)]))
    expect(linesWith(current, meshOf([shipped(xmas)]), { prune: true })).toEqual([
      '~ calendar equities version 2',
      '    source: files -> shipped',
      '    2026-12-09 appears: Wednesday (was National day of mourning)',
      '    d1/daily: gains 2026-12-09',
    ])
  })

  test('pruned, one that nothing goes by is removed; one that something goes by is not', () => {
    const current = appliedOf(meshOf([ofFiles(calendarOf('own')), ofFiles(withClosure)]))
    const mesh = meshOf([])
    expect(linesWith(current, mesh, { prune: true })).toEqual([
      '! calendar equities: in none of these files, stays as applied; --prune gives it up once nothing goes by it',
      '- calendar own: removed after version 1, nothing goes by it',
    ])
  })

  test('pruned, it goes though the mesh still has it, when no file defines it and nothing goes by it', () => {
    const mesh = meshOf([ofFiles(calendarOf('own'))])
    expect(linesWith(appliedOf(mesh), mesh, { prune: true, definedCalendars: [] })).toEqual([
      '- calendar own: removed after version 1, nothing goes by it',
    ])
    expect(linesWith(appliedOf(mesh), mesh, { prune: true, definedCalendars: ['own'] })).toEqual([])
  })

  test('a domain that names it for products to come goes by it too', () => {
    const current = appliedOf(meshOf([ofFiles(calendarOf('own'))], []))
    const [domain] = [{ domain: 'd1', calendar: 'own' } as unknown as Mesh['domains'][number]]
    const kept = { ...current, domains: domain ? [{ version: 1, definition: domain }] : [] }
    expect(planApply(kept, meshOf([], []), { prune: true }).calendars.map(({ kind }) => kind)).toEqual(['kept'])
  })

  test('one applied as shipped follows the shipped data, and one out of use is left alone', () => {
    const current = appliedOf(meshOf([shipped(xmas), shipped(calendarOf('unused'))]))
    const plan = planApply(current, meshOf([shipped(withClosure)]))
    expect(plan.calendars.map(({ kind, version, definition }) => [kind, version, definition.calendar])).toEqual([
      ['changed', 2, 'equities'],
    ])
  })

  test('one that comes back goes on counting', () => {
    const current = { ...appliedOf(meshOf([])), lastVersions: { equities: 5 } }
    expect(planApply(current, meshOf([ofFiles(xmas)])).calendars).toMatchObject([{ kind: 'created', version: 6 }])
  })
})
