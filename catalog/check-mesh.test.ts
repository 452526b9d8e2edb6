// Documents together: a corpus of meshes, each with the exact lines that a terminal shows.
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { definitionOf, versionOf } from '../model/samples.test-data.ts'
import { checkMesh } from './check-mesh.ts'
import type { CurrentMesh } from './mesh.ts'
import { readMesh } from './read-mesh.ts'
import { domainText, type Files, meshOf, notesIn, parse, problemsIn, productText } from './samples.test-data.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/mesh', import.meta.url))

/** Domain d1 with a daily product d1/a, and what a case adds. */
const around = (files: Files): Files => ({ 'domain.yaml': domainText(), 'a.yaml': productText('d1/a'), ...files })
const waiting = (product: string, upstreams: string, every = 'day'): string =>
  productText(product, `dependsOn: [${upstreams}]\n`, every)

describe('names', () => {
  test.each<[string, Files, string[]]>([
    [
      'a product twice',
      around({ 'b.yaml': productText('d1/a') }),
      ['b.yaml:1:10: product "d1/a" is defined already, at a.yaml:1'],
    ],
    [
      'a domain twice',
      around({ 'e.yaml': domainText() }),
      ['e.yaml:1:9: domain "d1" is defined already, at domain.yaml:1'],
    ],
    [
      'a product without its domain',
      around({ 'b.yaml': productText('d2/x') }),
      ['b.yaml:1:10: there is no domain "d2" in these files; write its domain.yaml beside it'],
    ],
    [
      'a mistyped domain',
      { 'domain.yaml': domainText('wealth'), 'b.yaml': productText('wealht/x') },
      ['b.yaml:1:10: there is no domain "wealht" in these files; did you mean "wealth"?'],
    ],
    [
      'upstreams that do not exist',
      around({ 'ds1.yaml': productText('d1/ds1'), 'b.yaml': waiting('d1/b', 'd1/dss1, d1/zzzzzz') }),
      [
        'b.yaml:4:13: there is no product "d1/dss1"; did you mean "d1/ds1"?',
        'b.yaml:4:22: there is no product "d1/zzzzzz"',
      ],
    ],
    [
      'an upstream named twice, in two ways',
      around({ 'b.yaml': waiting('d1/b', 'd1/a, { product: d1/a }') }),
      ['b.yaml:4:19: d1/a is named twice; keep one of them'],
    ],
  ])('%s', (_, files, says) => {
    expect(problemsIn(files)).toEqual(says)
  })

  test('what a faulty document would have defined is not told as unknown too', () => {
    const files = around({ 'b.yaml': `${productText('d1/b')}evry: 1\n`, 'c.yaml': waiting('d1/c', 'd1/b') })
    expect(problemsIn(files)).toEqual(['b.yaml:4:1: unknown key "evry"; did you mean "every"?'])
    expect(problemsIn({ ...files, 'b.yaml': 'product: [\n' })).toHaveLength(1)
  })
})

describe('calendars', () => {
  test.each<[string, Files, string[]]>([
    [
      'a slip in the name',
      { 'domain.yaml': domainText('d1', ['weekdays', 'weekday']) },
      ['domain.yaml:5:11: calendar: there is no calendar "weekday"; did you mean "weekdays"?'],
    ],
    [
      'a name like no other, of a product',
      around({ 'a.yaml': productText('d1/a', 'calendar: moon\n') }),
      ['a.yaml:4:11: calendar: there is no calendar "moon"; known: us-equities, us-bonds, us-banking, weekdays'],
    ],
  ])('%s', (_, files, says) => {
    expect(problemsIn(files)).toEqual(says)
  })

  test('a calendar of the files may be named, and what files applied before stays in force', () => {
    const desk = 'calendar: desk\nextends: weekdays\nremove: [{ date: 2026-12-09, why: Stocktaking }]\n'
    const mesh = meshOf(around({ 'desk.yaml': desk, 'a.yaml': productText('d1/a', 'calendar: desk\n') }))
    const [applied] = mesh.calendars.filter(({ definition }) => definition.calendar === 'desk')
    expect(applied).toMatchObject({ from: 'files', definition: { closed: { '2026-12-09': 'Stocktaking' } } })
    const current: CurrentMesh = {
      ...{ domains: [], products: [], externals: [], lastVersions: {} },
      calendars: applied ? [{ ...applied, version: 1 }] : [],
    }
    const later = meshOf(around({ 'a.yaml': productText('d1/a', 'calendar: desk\n') }), { current })
    expect(later.calendars.map(({ definition, from }) => [definition.calendar, from])).toContainEqual(['desk', 'files'])
  })
})

describe('match rules', () => {
  const monthly = productText('d1/m', '', 'month')
  const daily = productText('d1/a', '', 'business-day')
  const rule = (text: string, every = 'business-day') =>
    `product: d1/b\nevery: ${every}\nrun: { glue: job }\ndependsOn: [{ product: d1/${text} }]\n`

  test.each<[string, string, RegExp]>([
    ['a coarser upstream without a rule', rule('m'), /^b\.yaml:4:13: .*no key is the same; write cycle: covering$/],
    [
      'a finer upstream without a rule',
      rule('a', 'month'),
      /no key is the same; write cycle: every-of-period or last-of-period$/,
    ],
    ['covering what is not coarser', rule('a, cycle: covering'), /no cycle of it covers several/],
    ['a period of what is not finer', rule('m, cycle: every-of-period'), /its period holds no finer cycles/],
    [
      'the newest of too few days',
      rule('m, latestWithin: 7d'),
      /383 of 521 cycles of d1\/b would wait for ever, such as 2026-11-20: d1\/m has no cycle within 7 days/,
    ],
    [
      'its own cycle before by another rule than self-previous',
      rule('b, cycle: previous-business-day'),
      /d1\/b waits for its own cycles before, and the first has none: write \{ cycle: self-previous \}, or .*run-without/,
    ],
    ['a self-previous of another', rule('a, cycle: self-previous'), /self-previous is of the product itself/],
  ])('%s', (_, text, says) => {
    expect(problemsIn(around({ 'm.yaml': monthly, 'a.yaml': daily, 'b.yaml': text }))).toEqual([
      expect.stringMatching(says),
    ])
  })

  test.each([
    rule('m, cycle: covering'),
    rule('a, cycle: every-of-period', 'month-end(business)'),
    rule('a, cycle: previous-business-day'),
    rule('a, ifNone: previous', 'day'),
    rule('b, cycle: self-previous'),
    rule('m, latestWithin: 31d'),
  ])('%s is right', (text) => {
    expect(problemsIn(around({ 'm.yaml': monthly, 'a.yaml': daily, 'b.yaml': text }))).toEqual([])
  })

  test('what a calendar does not say yet is no reason to wait for ever, whenever the files are checked', () => {
    const files = around({ 'a.yaml': daily, 'b.yaml': rule('a, cycle: previous-business-day', 'day') })
    expect(problemsIn(files, { today: '2028-06-01' })).toEqual([])
    const monthOf = around({ 'a.yaml': daily, 'b.yaml': rule('a, cycle: every-of-period', 'month') })
    expect(problemsIn(monthOf, { today: '2028-06-01' })).toEqual([])
  })

  test('at most 250 upstream cycles at once, however many dependencies bring them', () => {
    const names = ['a', 'x', 'y']
    const days = Object.fromEntries(names.map((name) => [`${name}.yaml`, productText(`d1/${name}`)]))
    const of = (upstreams: string[]) => {
      const list = upstreams.map((name) => `{ product: d1/${name}, cycle: every-of-period }`).join(', ')
      return around({ ...days, 'b.yaml': waiting('d1/b', list, 'quarter') })
    }
    expect(problemsIn(of(['a', 'x']))).toEqual([])
    expect(problemsIn(of(names))).toEqual([
      'b.yaml:4:13: each cycle would wait for up to 276 upstream cycles at once, 92 of them of d1/a; at most 250: put a product in between',
    ])
  })

  test('an event concerns at most 250 cycles of a product', () => {
    expect(problemsIn(around({ 'b.yaml': rule('a, latestWithin: 9d', 'hour') }))).toEqual([])
    expect(problemsIn(around({ 'b.yaml': rule('a, latestWithin: 30d', 'hour') }))).toEqual([
      expect.stringMatching(
        /each event of d1\/a would concern \d+ cycles of d1\/b or more; at most 250: look back on less/,
      ),
    ])
  })

  test('nor does it where a calendar gets sparse only after the days that are tried out', () => {
    const week = 'week:\n  - { from: 2020-01-01, open: [monday] }\n  - { from: 2029-02-01, open: [] }\n'
    const sparse = `calendar: own\ncovers: { from: 2020-01-01, to: 2199-12-31 }\n${week}`
    const files = (calendarOfA: string, calendarOfB: string, rest: string) =>
      around({
        'c.yaml': sparse,
        'a.yaml': productText('d1/a', `calendar: ${calendarOfA}\n`, 'business-day'),
        'b.yaml': waiting('d1/b', `{ product: d1/a, ${rest} }`).concat(`calendar: ${calendarOfB}\n`),
      })
    const told = [expect.stringMatching(/each event of d1\/a would concern 251 cycles of d1\/b or more/)]
    expect(problemsIn(files('weekdays', 'own', 'cycle: previous-business-day, ifNone: run-without'))).toEqual(told)
    expect(problemsIn(files('own', 'weekdays', 'ifNone: previous'))).toEqual(told)
    expect(problemsIn(files('own', 'weekdays', 'ifNone: run-without'))).toEqual([])
  })

  test('a Friday-only upstream of a daily consumer is refused in words, and with a declared wait only noted', () => {
    const fridays = 'calendar: fridays\ncovers: { from: 2020-01-01, to: 2030-12-31 }\nweek: [friday]\n'
    const files = (text: string) =>
      around({
        'f.yaml': fridays,
        'a.yaml': productText('d1/a', 'calendar: fridays\n', 'business-day'),
        'b.yaml': text,
      })
    expect(problemsIn(files(rule('a')))).toEqual([
      'b.yaml:4:13: 416 of 521 cycles of d1/b would wait for ever, such as 2026-11-23: d1/a has no cycle 2026-11-23: not a business day of fridays (Monday); say what then: ifNone: previous, run-without, skip-cycle, or wait',
    ])
    expect(problemsIn(files(rule('a, ifNone: wait')))).toEqual([])
    expect(notesIn(files(rule('a, ifNone: wait')))).toHaveLength(1)
  })

  const sparse =
    'calendar: fridays\ncovers: { from: 2020-01-01, to: 2030-12-31 }\nweek: [friday]\n---\n' +
    'calendar: mondays\ncovers: { from: 2020-01-01, to: 2030-12-31 }\nweek: [monday]\n---\n' +
    productText('d1/fri', 'calendar: fridays\n', 'business-day')
  const beside = (text: string): Files => around({ 'f.yaml': sparse, 'a.yaml': daily, 'b.yaml': text })
  const needing = (upstreams: string, more = ''): Files =>
    beside(productText('d1/b', `dependsOn: [${upstreams}]\n${more}`, 'business-day'))

  test.each([
    needing('{ anyOf: [d1/a, d1/fri] }'),
    needing('d1/a, { product: d1/fri, optionalAfter: "20:00" }'),
    needing('d1/a, { anyOf: [d1/fri, { product: d1/fri, cycle: previous-business-day }], optionalAfter: "20:00" }'),
    needing('d1/a, d1/fri', 'cutoff: { at: "20:00", then: run-without }\n'),
    needing(
      '{ product: d1/fri, ifNone: skip-cycle }, { product: d1/fri, cycle: previous-business-day, ifNone: previous }',
    ),
  ])('an upstream that a cycle can do without is not refused where it has no cycle: %#', (files) => {
    expect([...problemsIn(files), ...notesIn(files)]).toEqual([])
  })

  test('of a group that can never be met, each part that has no cycle is told, and no other', () => {
    expect(problemsIn(needing('{ atLeast: 2, of: [d1/a, d1/fri] }'))).toEqual([
      expect.stringMatching(
        /^b\.yaml:4:38: 416 of 521 cycles of d1\/b would wait for ever, such as 2026-11-23: d1\/fri/,
      ),
    ])
    expect(problemsIn(needing('d1/fri, { anyOf: [{ product: d1/fri, ifNone: previous }, d1/a] }'))).toHaveLength(1)
    const both = needing('{ anyOf: [d1/a, { product: d1/fri }] }, { product: d1/fri, cycle: previous-business-day }')
    expect(problemsIn(both)).toEqual([expect.stringMatching(/^b\.yaml:4:53: .* such as 2026-11-20: d1\/fri/)])
  })

  test('a cycle that its cutoff would end does not wait for ever, but in vain', () => {
    expect(problemsIn(needing('d1/fri', 'cutoff: { at: "20:00", then: skip }\n'))).toEqual([
      expect.stringMatching(/416 of 521 cycles of d1\/b would wait until the cutoff in vain, such as 2026-11-23/),
    ])
  })

  test('where a calendar does not say yet whether another upstream is there, nothing is known to wait for ever', () => {
    const week = '[monday, tuesday, wednesday, thursday, friday, saturday, sunday]'
    const until = `calendar: until\ncovers: { from: 2020-01-01, to: 2026-11-27 }\nweek: ${week}\n---\n`
    const other = until + productText('d1/u', 'calendar: until\n', 'business-day')
    const files = around({ 'a.yaml': daily, 'b.yaml': waiting('d1/b', '{ anyOf: [d1/a, d1/u] }'), 'u.yaml': other })
    expect(problemsIn(files)).toEqual([])
  })

  const monday = (upstreams: string): Files =>
    beside(productText('d1/b', `calendar: mondays\ndependsOn: [${upstreams}]\n`, 'business-day'))

  test('a product of which each cycle would be skipped is refused, even where each upstream alone is not to blame', () => {
    expect(problemsIn(monday('{ product: d1/fri, ifNone: skip-cycle }'))).toEqual([
      'b.yaml:5:13: each cycle of d1/b would be skipped, such as 2026-11-23: d1/fri has no cycle 2026-11-23: not a business day of fridays (Monday)',
    ])
    const mon = productText('d1/mon', 'calendar: mondays\n', 'business-day')
    const either = needing('{ product: d1/fri, ifNone: skip-cycle }, { product: d1/mon, ifNone: skip-cycle }')
    expect(problemsIn({ ...either, 'm.yaml': mon })).toEqual([
      expect.stringMatching(/^b\.yaml:4:\d+: each cycle of d1\/b would be skipped, such as 2026-11-2/),
    ])
    expect(problemsIn(needing('{ product: d1/fri, ifNone: skip-cycle }'))).toEqual([])
    // What lies beyond a calendar is no excuse, but of its last days nothing follows.
    expect(problemsIn(monday('{ product: d1/fri, ifNone: skip-cycle }'), { today: '2029-06-01' })).toHaveLength(1)
    const work = `calendar: work\ncovers: { from: 2020-01-01, to: 2040-12-31 }\nweek: [monday, tuesday, wednesday]\n---\n`
    const upstream = '{ product: d1/fri, cycle: { calendarDaysBefore: 2 }, ifNone: skip-cycle }'
    const text = work + productText('d1/b', `calendar: work\ndependsOn: [${upstream}]\n`, 'business-day')
    expect(problemsIn(beside(text), { today: '2030-12-27' })).toEqual([])
  })

  test.each([
    '{ product: d1/fri, ifNone: run-without }',
    '{ anyOf: [d1/fri, d1/a] }',
    '{ anyOf: [{ product: d1/fri, ifNone: skip-cycle }, d1/a] }',
  ])('an upstream that no cycle would ever use is noted: %s', (upstream) => {
    expect(problemsIn(monday(upstream))).toEqual([])
    expect(notesIn(monday(upstream))).toEqual([
      expect.stringMatching(
        /^b\.yaml:5:\d+: each cycle of d1\/b would do without d1\/fri, such as 2026-11-23: d1\/fri has no cycle 2026-11-23/,
      ),
    ])
  })

  test('what an hour finds in some weeks of the year only is not taken for never', () => {
    const files = (today: string) =>
      notesIn(around({ 'm.yaml': monthly, 'b.yaml': rule('m, latestWithin: 7d, ifNone: run-without', 'hour') }), {
        today,
      })
    expect(files('2026-12-09')).toEqual([])
  })

  test('too much is refused at the first cycle that shows it', () => {
    const hours = around({ 'a.yaml': productText('d1/a', '', 'hour'), 'b.yaml': rule('a, latestWithin: 240d', 'hour') })
    expect(problemsIn(hours)).toEqual([
      expect.stringMatching(/each cycle would wait for \d+ upstream cycles at once or more; at most 250/),
    ])
  })

  test('a closure at short notice is not refused for a consumer of another calendar: it is noted', () => {
    const closed = 'calendar: desk\nextends: weekdays\nremove: [{ date: 2026-12-09, why: Mourning }]\n'
    const files = (every = 'business-day') =>
      around({
        ...{ 'desk.yaml': closed, 'a.yaml': productText('d1/a', 'calendar: desk\n', 'business-day') },
        'b.yaml': rule('a', every),
      })
    expect(problemsIn(files())).toEqual([])
    expect(notesIn(files())).toEqual([
      expect.stringContaining('1 of 521 cycles of d1/b would wait for ever, such as 2026-12-09'),
    ])
    expect(problemsIn(files('day'))).toHaveLength(1)
  })

  const of = (name: string, upstream: string) =>
    `product: d1/${name}\nevery: business-day\nrun: { glue: job }\ndependsOn: [${upstream}]\n`

  test.each([
    '{ product: d1/c, cycle: previous-business-day, ifNone: run-without }',
    '{ product: d1/c, cycle: previous-business-day, optionalAfter: "20:00" }',
    '{ anyOf: [{ product: d1/c, cycle: previous-business-day }, d1/a] }',
    '{ allOf: [{ product: d1/c, cycle: { calendarDaysBefore: 7 }, ifNone: run-without }, d1/a] }',
  ])('products that look back on each other are no loop where the first does without: %s', (upstream) => {
    const files = around({ 'a.yaml': of('a', ''), 'c.yaml': of('c', 'd1/d'), 'd.yaml': of('d', upstream) })
    expect(problemsIn(files)).toEqual([])
  })

  test.each([
    '{ product: d1/c, cycle: previous-business-day }',
    '{ product: d1/c, cycle: previous-business-day, ifNone: skip-cycle }',
    '{ product: d1/c, latestWithin: 7d, ifNone: wait }',
    '{ allOf: [{ product: d1/c, cycle: { calendarDaysBefore: 7 }, ifNone: previous }, d1/a] }',
  ])('where it does not, none of them could ever begin: %s', (upstream) => {
    const files = around({ 'a.yaml': of('a', ''), 'c.yaml': of('c', 'd1/d'), 'd.yaml': of('d', upstream) })
    expect(problemsIn(files)).toEqual([
      expect.stringMatching(
        /^c\.yaml:4:13: a loop that looks back, .*: d1\/c waits for d1\/d, which waits for d1\/c; say on what looks back .* ifNone: run-without$/,
      ),
    ])
  })

  test('nor do they where one begins at its cutoff with what is there', () => {
    const waits = of('d', '{ product: d1/c, cycle: previous-business-day }')
    const files = (more: string) => ({ 'c.yaml': of('c', 'd1/d'), 'd.yaml': waits + more })
    expect(problemsIn(around(files('cutoff: { at: "20:00", then: run-without }\n')))).toEqual([])
    expect(problemsIn(around(files('cutoff: { at: "20:00", then: skip }\n')))).toHaveLength(1)
  })

  test('a group of which each part looks back into the loop is no way in', () => {
    const upstream = '{ anyOf: [{ product: d1/c, cycle: previous-business-day }, { product: d1/e, latestWithin: 7d }] }'
    const files = { 'c.yaml': of('c', 'd1/d'), 'd.yaml': of('d', upstream), 'e.yaml': of('e', 'd1/d') }
    expect(problemsIn(around(files))).toEqual([
      expect.stringMatching(
        /^c\.yaml:4:13: a loop that looks back, .*: d1\/c waits for d1\/d, which waits for d1\/c; say on what looks back/,
      ),
    ])
  })

  test('latest-within takes in the same date, so a first cycle that would do without it still waits', () => {
    const within = '{ product: d1/c, latestWithin: 7d, ifNone: run-without }'
    expect(problemsIn(around({ 'c.yaml': of('c', 'd1/d'), 'd.yaml': of('d', within) }))).toEqual([
      'c.yaml:4:13: a loop that looks back, so the first cycle of none of these could ever start: d1/c waits for d1/d, which waits for d1/c; latestWithin takes in the cycle of the same date: say what looks back by days, such as { cycle: previous-business-day, ifNone: run-without }',
    ])
  })

  test('a day before that lies in the same month is of the same time', () => {
    const back = (n: number) =>
      around({
        'c.yaml': waiting('d1/c', `{ product: d1/e, cycle: { calendarDaysBefore: ${n} }, ifNone: run-without }`),
        'e.yaml': waiting('d1/e', '{ product: d1/c, cycle: every-of-period }', 'month'),
      })
    expect(problemsIn(back(1))).toEqual([
      'c.yaml:4:13: a loop, so none of these could ever start: d1/c waits for d1/e, which waits for d1/c',
    ])
    expect(problemsIn(back(31))).toEqual([])
  })

  test('last week’s cycle of a weekly upstream is no loop', () => {
    const weekly =
      'product: d1/w\nevery: week\nrun: { glue: job }\ndependsOn: [{ product: d1/d, cycle: last-of-period }]\n'
    const back = (n: number) => of('d', `{ product: d1/w, cycle: { businessDaysBefore: ${n} }, ifNone: run-without }`)
    expect(problemsIn(around({ 'w.yaml': weekly, 'd.yaml': back(5) }))).toEqual([])
    expect(problemsIn(around({ 'w.yaml': weekly, 'd.yaml': back(4) }))).toHaveLength(1)
  })

  test('products that wait for each other at the same time are a loop, whatever the first does', () => {
    const back = around({ 'c.yaml': of('c', 'd1/d'), 'd.yaml': of('d', 'd1/c') })
    expect(problemsIn({ ...back, 'd.yaml': of('d', '{ anyOf: [d1/c, d1/e] }'), 'e.yaml': of('e', '') })).toEqual([
      expect.stringMatching(/a loop/),
    ])
  })

  test('one upstream twice by the same rule is told, by two rules it is right', () => {
    const twice = (more: string) => `${daily.replace('d1/a', 'd1/b')}dependsOn: [d1/a, ${more}]\n`
    const files = (more: string) => around({ 'a.yaml': daily, 'b.yaml': twice(more) })
    expect(problemsIn(files('{ product: d1/a }'))).toEqual(['b.yaml:4:19: d1/a is named twice; keep one of them'])
    expect(problemsIn(files('{ product: d1/a, cycle: previous-business-day }'))).toEqual([])
  })
})

describe('edges', () => {
  test.each<[string, Files, string[]]>([
    [
      'the private product of another domain',
      around({ 'd2.yaml': domainText('d2'), 'b.yaml': waiting('d2/b', 'd1/a') }),
      ['b.yaml:4:13: d1/a is private to domain "d1"; its owner must set visibility: mesh'],
    ],
    [
      'a product that publishes nothing',
      around({ 'a.yaml': productText('d1/a', 'publish: false\n'), 'b.yaml': waiting('d1/b', 'd1/a') }),
      ['b.yaml:4:13: d1/a has publish: false, so no event would ever come'],
    ],
    [
      'every day from business days',
      around({ 'a.yaml': productText('d1/a', '', 'business-day'), 'b.yaml': waiting('d1/b', 'd1/a') }),
      [
        'b.yaml:4:13: 210 of 731 cycles of d1/b would wait for ever, such as 2026-11-21: d1/a has no cycle 2026-11-21: not a business day of weekdays (Saturday); say what then: ifNone: previous, run-without, skip-cycle, or wait',
      ],
    ],
    [
      'itself',
      around({ 'b.yaml': waiting('d1/b', 'd1/b') }),
      ['b.yaml:4:13: d1/b waits for itself; it could never start: for its cycle before write { cycle: self-previous }'],
    ],
    [
      'a loop, told once, at its first name; who waits behind it is not blamed',
      around({
        'b.yaml': waiting('d1/b', 'd1/a, d1/d'),
        'c.yaml': waiting('d1/c', 'd1/b'),
        'd.yaml': waiting('d1/d', 'd1/c'),
        'e.yaml': waiting('d1/e', 'd1/d'),
      }),
      [
        'b.yaml:4:19: a loop, so none of these could ever start: d1/b waits for d1/d, which waits for d1/c, which waits for d1/b',
      ],
    ],
    [
      'two loops',
      around({
        'b.yaml': waiting('d1/b', 'd1/c'),
        'c.yaml': waiting('d1/c', 'd1/b'),
        'd.yaml': waiting('d1/d', 'd1/e'),
        'e.yaml': waiting('d1/e', 'd1/d'),
      }),
      [
        'b.yaml:4:13: a loop, so none of these could ever start: d1/b waits for d1/c, which waits for d1/b',
        'd.yaml:4:13: a loop, so none of these could ever start: d1/d waits for d1/e, which waits for d1/d',
      ],
    ],
  ])('%s', (_, files, says) => {
    expect(problemsIn(files)).toEqual(says)
  })
})

describe('keys that contradict each other', () => {
  test.each<[string, Files, string[]]>([
    [
      'upstreams that refresh differently',
      around({
        'b.yaml': productText('d1/b', '', 'business-day'),
        'c.yaml': 'product: d1/c\ndependsOn: [d1/a, d1/b]\nrun: { glue: job }\n',
      }),
      [
        'c.yaml:1:10: its upstreams refresh differently (d1/a every day, d1/b every business-day); write every: and for each its rule (cycle: …)',
      ],
    ],
    [
      'nothing that would say when',
      around({ 'b.yaml': 'product: d1/b\nrun: { glue: job }\ncutoff: { at: "10:00", then: skip }\n' }),
      [
        'b.yaml:1:10: neither every nor dependsOn: nothing would say when it refreshes; write every: day or business-day',
        'b.yaml:3:9: cutoff without dependsOn: there is nothing to wait for',
      ],
    ],
    [
      'no location anywhere',
      around({ 'domain.yaml': domainText('d1', [/location.*\n/.exec(domainText())?.[0] ?? '', '']) }),
      [
        'a.yaml:1:10: publish needs a location: name one here (publish: { location: s3://… }) or in domain "d1" (location)',
      ],
    ],
    [
      'ends before the start',
      around({
        'b.yaml': `${waiting('d1/b', 'd1/a')}notBefore: "17:00"\navailableBy: "06:00"\ncutoff: { at: "02:00", then: error }\n`,
      }),
      [
        'b.yaml:6:14: availableBy 06:00 is before notBefore 17:00; for the next day write "06:00 +1d"',
        'b.yaml:7:15: cutoff.at 02:00 is before notBefore 17:00; for the next day write "02:00 +1d"',
      ],
    ],
    [
      'an end on a later day that is still too early',
      around({ 'b.yaml': `${waiting('d1/b', 'd1/a')}notBefore: "17:00 +2d"\navailableBy: "06:00 +1d"\n` }),
      ['b.yaml:6:14: availableBy 06:00 +1d is before notBefore 17:00 +2d'],
    ],
  ])('%s', (_, files, says) => {
    expect(problemsIn(files)).toEqual(says)
  })
})

describe('what other folders hold', () => {
  const withOther = around({ 'b.yaml': waiting('d1/b', 'other/x') })
  const applied = (...products: ReturnType<typeof definitionOf>[]): CurrentMesh => ({
    domains: [],
    products: products.map((definition) => versionOf(definition)),
    externals: [],
    calendars: [],
    lastVersions: {},
  })

  test('offline it is a note, and the mesh cannot be resolved where it matters', () => {
    expect(problemsIn(withOther)).toEqual([])
    expect(notesIn(withOther)).toEqual([
      'b.yaml:4:13: other/x is of domain "other", which is not in these files; apply will check it',
    ])
    const without = around({ 'b.yaml': 'product: d1/b\ndependsOn: [other/x]\nrun: { glue: job }\n' })
    expect(checkMesh(parse(without))).toMatchObject({ kind: 'valid', mesh: null })
  })

  test('offline too, a slip of a domain that is there is a problem', () => {
    const files = { 'w.yaml': domainText('wealth'), 'b.yaml': waiting('wealth/b', 'wealht/x') }
    expect(problemsIn(files)).toEqual(['b.yaml:4:13: there is no product "wealht/x"'])
  })

  test('against what is applied: there, private, absent', () => {
    const x = definitionOf('other/x', [], { every: 'day' })
    expect(problemsIn(withOther, { current: applied(x) })).toEqual([])
    expect(problemsIn(withOther, { current: applied({ ...x, visibility: 'domain' }) })).toEqual([
      'b.yaml:4:13: other/x is private to domain "other"; its owner must set visibility: mesh',
    ])
    expect(problemsIn(withOther, { current: applied() })).toEqual(['b.yaml:4:13: there is no product "other/x"'])
  })

  test('how often an applied upstream refreshes is known', () => {
    const files = around({ 'b.yaml': 'product: d1/b\ndependsOn: [other/x]\nrun: { glue: job }\n' })
    const mesh = meshOf(files, { current: applied(definitionOf('other/x', [], { every: 'business-day' })) })
    expect(mesh.products.find(({ product }) => product === 'd1/b')?.every).toBe('business-day')
  })

  test('a product may not vanish, turn private or fall silent while an applied one waits for it', () => {
    const consumer = definitionOf('other/y', ['d1/a', 'd1/gone'], { every: 'day' })
    const gone = definitionOf('d1/gone', [], { every: 'day' })
    const current = applied(consumer, gone)
    const mesh = around({ 'a.yaml': productText('d1/a', 'visibility: mesh\n') })
    expect(problemsIn(mesh, { current })).toEqual([])
    expect(problemsIn(mesh, { current, prune: true })).toEqual([
      'domain.yaml:1:9: d1/gone has no file any more, but other/y (applied) waits for it; change that first',
    ])
    expect(problemsIn(around({}), { current })).toEqual([
      'a.yaml:1:10: other/y (applied) waits for it: d1/a is private to domain "d1"; its owner must set visibility: mesh',
    ])
    expect(
      problemsIn(around({ 'a.yaml': productText('d1/a', 'visibility: mesh\npublish: false\n') }), { current }),
    ).toEqual(['a.yaml:1:10: other/y (applied) waits for it: d1/a has publish: false, so no event would ever come'])
  })

  test('a product may go together with the calendar of its own', () => {
    const staying = around({ 'a.yaml': productText('d1/a', '', 'business-day') })
    const own = productText('d1/tmp', 'calendar: own\ndependsOn: [d1/a]\n', 'business-day')
    const before = meshOf({ ...staying, 'own.yaml': 'calendar: own\nextends: weekdays\n', 'tmp.yaml': own })
    const current: CurrentMesh = {
      ...{ domains: [], externals: [], lastVersions: {} },
      products: before.products.map((definition) => versionOf(definition)),
      calendars: before.calendars.map((calendar) => ({ ...calendar, version: 1 })),
    }
    const after = meshOf(staying, { current, prune: true })
    expect(after.products.map(({ product }) => product)).toEqual(['d1/a'])
  })

  test('a loop that closes through an applied product is found', () => {
    const current = applied(definitionOf('other/y', ['d1/b'], { every: 'day' }))
    const files = around({ 'b.yaml': waiting('d1/b', 'other/y').concat('visibility: mesh\n') })
    expect(problemsIn(files, { current })).toEqual([
      'b.yaml:4:13: a loop, so none of these could ever start: d1/b waits for other/y, which waits for d1/b',
    ])
  })
})

describe('a right mesh', () => {
  test('the example, sorted by name, every default filled in', async () => {
    const checked = checkMesh(await readMesh(EXAMPLE))
    if (checked.kind === 'invalid' || !checked.mesh) throw new Error('The example mesh has problems.')
    expect(checked.notes).toEqual([])
    expect(checked.mesh.domains.map(({ domain }) => domain)).toEqual(['d1', 'd2', 'raw'])
    const names = 'd1/ds1 d1/ds2 d1/ds3 d1/ds4 d2/ds1 raw/rd1 raw/rd2 raw/rd3'
    expect(checked.mesh.products.map(({ product }) => product).join(' ')).toBe(names)
    expect(checked.mesh.products.find(({ product }) => product === 'd1/ds2')).toEqual({
      product: 'd1/ds2',
      description: "Z-score of the day's volume against the 20 trading days before it",
      owner: { team: 'wealth-data', email: 'wealth-data@example.com' },
      visibility: 'domain',
      calendar: 'weekdays',
      timezone: 'America/New_York',
      every: 'business-day',
      notBefore: null,
      availableBy: null,
      cutoff: null,
      dependsOn: [{ product: 'raw/rd3' }],
      run: { glue: 'd1-ds2', arguments: {}, timeoutMinutes: 10, attempts: 2, retryAfterMs: 1_000 },
      publish: { location: 's3://example-d1-products/ds2/' },
    })
  })

  test('no document at all is an empty mesh', () => {
    expect(meshOf({ 'a.yaml': '# nothing yet\n' })).toEqual({ domains: [], products: [], externals: [], calendars: [] })
  })

  test('the order of files and documents makes no difference', () => {
    const files = around({ 'b.yaml': waiting('d1/b', 'd1/a') })
    const turned = Object.fromEntries(Object.entries(files).reverse())
    expect(meshOf(turned)).toEqual(meshOf(files))
    expect(meshOf({ 'all.yaml': Object.values(turned).join('---\n') })).toEqual(meshOf(files))
  })
})
