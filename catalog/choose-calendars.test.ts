// What is in force of calendars that several folders define: one consistent set, whoever applies last.
import { describe, expect, test } from 'vitest'
import { type CurrentMesh, type Mesh, NOTHING_APPLIED } from './mesh.ts'
import { planApply } from './plan.ts'
import { toPlanLines } from './plan-words.ts'
import { domainText, type Files, meshOf, notesIn, parse, problemsIn, productText } from './samples.test-data.ts'

const MOURNING = 'calendar: us-equities\nextends: us-equities\nremove: [{ date: 2026-12-09, why: Mourning }]\n'
const AS_SHIPPED = 'calendar: us-equities\nextends: us-equities\n'
const DESK = 'calendar: desk\nextends: us-equities\nremove: [{ date: 2026-12-16, why: Stocktaking }]\n'

const folderOf = (domain: string, calendar: string, files: Files = {}): Files => ({
  ...{ 'domain.yaml': domainText(domain, ['weekdays', calendar]) },
  ...{ 'a.yaml': productText(`${domain}/a`, '', 'business-day'), ...files },
})
const MARKET = folderOf('market', 'us-equities', { 'base.yaml': MOURNING })
const TRADING = folderOf('trading', 'desk', { 'desk.yaml': DESK })

/** As apply leaves it: folders applied one after the other. */
function apply(current: CurrentMesh, files: Files, prune = false): CurrentMesh {
  const { calendars, products, domains } = planOf(current, files, prune)
  const gone = ({ kind }: { kind: string }): boolean => kind === 'removed'
  const all = <Item>(given: Item[], before: Item[], nameOf: (item: Item) => string): Item[] => [
    ...new Map([...before, ...given].map((item) => [nameOf(item), item])).values(),
  ]
  const version = { version: 1, appliedAt: '2026-11-20T00:00:00Z', firstAppliedAt: '2026-11-20T00:00:00Z' }
  const removed = calendars.filter(gone).map(({ definition }) => definition.calendar)
  return {
    ...{ externals: [], lastVersions: {} },
    domains: all(domains, current.domains as typeof domains, ({ definition }) => definition.domain),
    products: all(
      products.filter((change) => !gone(change)).map(({ definition }) => ({ ...version, definition })),
      current.products,
      ({ definition }) => definition.product,
    ),
    calendars: all(
      calendars.map(({ definition, from, file }) => ({ version: 1, definition, from, ...(file ? { file } : {}) })),
      current.calendars,
      ({ definition }) => definition.calendar,
    ).filter(({ definition }) => !removed.includes(definition.calendar)),
  }
}

const planOf = (current: CurrentMesh, files: Files, prune = false) =>
  planApply(current, meshOf(files, { current, prune }), {
    prune,
    definedCalendars: parse(files).calendars.map(({ file }) => file.calendar),
  })

const closedIn = ({ calendars }: CurrentMesh | Mesh, name = 'desk'): string[] =>
  ['2026-12-09', '2026-12-16'].filter((date) =>
    calendars.some(({ definition }) => definition.calendar === name && definition.closed[date] !== undefined),
  )

describe('a calendar that another folder’s calendar extends', () => {
  const trading = apply(NOTHING_APPLIED, TRADING)

  test('carries that one along when it is edited, and the plan names its cycles', () => {
    expect(toPlanLines(planOf(trading, MARKET)).filter((line) => !line.startsWith('+'))).toEqual([
      '~ calendar desk version 1',
      '    2026-12-09 vanishes: Mourning',
      '    trading/a: loses 2026-12-09',
    ])
    expect(closedIn(apply(trading, MARKET))).toEqual(['2026-12-09', '2026-12-16'])
  })

  test('is what that one is built on when it is applied alone, and again', () => {
    const both = apply(apply(NOTHING_APPLIED, MARKET), TRADING)
    expect(closedIn(both)).toEqual(['2026-12-09', '2026-12-16'])
    expect(closedIn(apply(both, TRADING))).toEqual(['2026-12-09', '2026-12-16'])
    expect(planOf(both, TRADING).calendars.map(({ kind }) => kind)).toEqual(['unchanged', 'kept'])
  })

  test('may be of files only', () => {
    const bank = apply(NOTHING_APPLIED, { 'bank.yaml': 'calendar: bank\nextends: weekdays\nremove: [2026-12-09]\n' })
    const desk = DESK.replace('us-equities', 'bank')
    expect(closedIn(apply(bank, folderOf('trading', 'desk', { 'desk.yaml': desk })))).toEqual([
      '2026-12-09',
      '2026-12-16',
    ])
  })

  test('takes its closure back for both', () => {
    const both = apply(trading, MARKET)
    expect(closedIn(apply(both, { ...MARKET, 'base.yaml': AS_SHIPPED }))).toEqual(['2026-12-16'])
  })

  test('is carried along whichever folder comes last, through several', () => {
    const sub = folderOf('sub', 'sub', { 'sub.yaml': 'calendar: sub\nextends: { any: [desk, us-bonds] }\n' })
    const all = apply(apply(trading, sub), MARKET)
    expect([closedIn(all), closedIn(all, 'sub')]).toEqual([['2026-12-09', '2026-12-16'], []])
    const bonds = { 'bonds.yaml': MOURNING.replaceAll('us-equities', 'us-bonds') }
    expect(closedIn(apply(all, bonds), 'sub')).toEqual(['2026-12-09'])
  })

  test('stays when it is pruned, as long as something goes by that one', () => {
    const both = apply(trading, MARKET)
    const pruned = apply(both, folderOf('market', 'weekdays'), true)
    expect(closedIn(pruned)).toEqual(['2026-12-09', '2026-12-16'])
    expect(pruned.calendars.map(({ definition, from }) => `${definition.calendar} ${from}`)).toContain(
      'us-equities files',
    )
  })

  test('that would make it wrong is refused, with its name', () => {
    const files = {
      ...MARKET,
      'base.yaml': 'calendar: us-equities\nextends: us-equities\ncovers: { from: 2026-01-01, to: 2026-12-11 }\n',
    }
    expect(problemsIn(files, { current: trading })).toEqual([
      'base.yaml:1:11: calendar "desk", applied from other files, builds on it and would be wrong: remove[1].date: 2026-12-16 is not covered: desk covers 2026-01-01 to 2026-12-11; put its file into this folder too, changed',
    ])
  })

  test('stays when it is pruned, as long as a domain names that one for products to come', () => {
    const { 'a.yaml': _, ...named } = TRADING
    const pruned = apply(apply(apply(NOTHING_APPLIED, named), MARKET), folderOf('market', 'weekdays'), true)
    expect(closedIn(pruned)).toEqual(['2026-12-09', '2026-12-16'])
    expect(closedIn(pruned, 'us-equities')).toEqual(['2026-12-09'])
  })

  test.each([
    ['what it extends is not there any more', { extends: 'moon' }],
    ['this version of Sluice reads it otherwise', { earlyClose: undefined, extends: 5 }],
  ])('leaves alone one that no file here made wrong: %s', (_, change) => {
    const [desk] = trading.calendars
    if (!desk?.file) throw new Error('The first is desk.')
    const file = { ...desk.file, ...change } as typeof desk.file
    const current = { ...trading, calendars: [{ ...desk, file }] }
    const below = folderOf('sub', 'sub', { 'sub.yaml': 'calendar: sub\nextends: desk\nremove: [2026-12-09]\n' })
    const now = apply(current, below)
    expect([closedIn(now), closedIn(now, 'sub')]).toEqual([['2026-12-16'], ['2026-12-09', '2026-12-16']])
    expect(now.calendars.find(({ definition }) => definition.calendar === 'desk')?.file).toEqual(file)
  })

  test('is what that one is built on as it is applied, also when its file was not kept', () => {
    const market = apply(NOTHING_APPLIED, MARKET)
    const old = { ...market, calendars: market.calendars.map(({ file: _, ...calendar }) => calendar) }
    expect(closedIn(apply(old, TRADING))).toEqual(['2026-12-09', '2026-12-16'])
  })

  test('leaves alone what was applied before files were kept', () => {
    const old = { ...trading, calendars: trading.calendars.map(({ file: _, ...calendar }) => calendar) }
    expect(closedIn(apply(old, MARKET))).toEqual(['2026-12-16'])
    expect(toPlanLines(planOf(old, TRADING))).toContain('    its rules have other words, no date changes')
  })
})

test('a closure that a calendar has from the one it extends is as little refused as its own', () => {
  const rule = (upstream: string) =>
    `product: d1/b\nevery: business-day\nrun: { glue: job }\ndependsOn: [${upstream}]\n`
  const files = {
    ...{ 'domain.yaml': domainText('d1'), 'base.yaml': 'calendar: bank\nextends: weekdays\nremove: [2026-12-09]\n' },
    ...{ 'desk.yaml': 'calendar: desk\nextends: bank\n', 'b.yaml': rule('d1/a') },
    'a.yaml': productText('d1/a', 'calendar: desk\n', 'business-day'),
  }
  expect(problemsIn(files)).toEqual([])
  expect(notesIn(files)).toEqual([expect.stringContaining('such as 2026-12-09')])
})

test('a date that the calendar it extends closes too is noted, not refused', () => {
  const files = { ...TRADING, 'desk.yaml': DESK.replace('2026-12-16', '2026-12-09'), 'base.yaml': MOURNING }
  expect(problemsIn(files)).toEqual([])
  expect(notesIn(files)).toContain(
    'desk.yaml:3:18: remove[1].date: 2026-12-09 is closed already: Mourning; this changes nothing',
  )
})
