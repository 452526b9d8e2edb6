// What the commands print, and what they refuse. The dates themselves: catalog/shipped-calendars.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createProgram } from './program.ts'

let folder: string
let out: string
let err: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-calendar-'))
  ;[out, err] = ['', '']
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (out += stripVTControlCharacters(String(text))) !== '')
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (err += String(text)) !== '')
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  rmSync(folder, { recursive: true })
})

/** Throws what the command would end with. */
async function calendar(...args: string[]): Promise<{ out: string; err: string }> {
  const program = createProgram('').exitOverride()
  for (const command of program.commands) for (const part of command.commands) part.exitOverride()
  await program.parseAsync(['calendar', ...args], { from: 'user' })
  return { out, err }
}

const json = async (...args: string[]): Promise<unknown> => JSON.parse((await calendar(...args, '-o', 'json')).out)

function write(text: string): string {
  const file = path.join(folder, 'calendar.yaml')
  writeFileSync(file, text)
  return file
}

const CLOSURE = `calendar: us-equities
extends: us-equities
remove: [{ date: 2026-12-09, why: National day of mourning }]
add: [2026-12-12]
earlyClose: [{ why: Snow, date: 2026-12-16, at: "14:00" }]
`

describe('show', () => {
  test('as JSON is each date with exactly four keys', async () => {
    expect(await json('show', 'us-equities', '--from', '2026-12-24', '--to', '2026-12-28')).toEqual([
      { date: '2026-12-24', open: true, earlyClose: '13:00', rule: 'Christmas Eve' },
      { date: '2026-12-25', open: false, earlyClose: null, rule: 'Christmas Day' },
      { date: '2026-12-26', open: false, earlyClose: null, rule: 'Saturday' },
      { date: '2026-12-27', open: false, earlyClose: null, rule: 'Sunday' },
      { date: '2026-12-28', open: true, earlyClose: null, rule: 'Monday' },
    ])
  })

  test('as a table says in words what is closed, and why', async () => {
    expect((await calendar('show', 'us-equities', '--from', '2026-12-24', '--to', '2026-12-28')).out).toBe(
      [
        'date        day       state        rule',
        '2026-12-24  Thursday  until 13:00  Christmas Eve',
        '2026-12-25  Friday    closed       Christmas Day',
        '2026-12-26  Saturday  closed',
        '2026-12-27  Sunday    closed',
        '2026-12-28  Monday    open',
        '',
      ].join('\n'),
    )
  })

  test.each([
    [['--from', '2027-12-30'], '2027-12-30', '2027-12-31'],
    [['--to', '2001-01-02'], '2001-01-01', '2001-01-02'],
  ])('with one end given shows the rest of that year: %j', async (range, first, last) => {
    const days = (await json('show', 'us-bonds', ...range)) as { date: string }[]
    expect([days[0]?.date, days.at(-1)?.date, days.length]).toEqual([first, last, 2])
  })

  test('without dates shows the present year', async () => {
    const days = (await json('show', 'weekdays')) as { date: string }[]
    const year = days[0]?.date.slice(0, 4)
    expect([days[0]?.date, days.at(-1)?.date]).toEqual([`${year}-01-01`, `${year}-12-31`])
  })

  test('goes by the files that are named', async () => {
    const days = await json(
      'show',
      'us-equities',
      '--from',
      '2026-12-09',
      '--to',
      '2026-12-09',
      '--files',
      write(CLOSURE),
    )
    expect(days).toEqual([{ date: '2026-12-09', open: false, earlyClose: null, rule: 'National day of mourning' }])
  })
})

describe('next', () => {
  test('lists the dates that are open after a date', async () => {
    expect(await json('next', 'us-equities', '--after', '2026-12-23', '--count', '2')).toEqual([
      { date: '2026-12-24', open: true, earlyClose: '13:00', rule: 'Christmas Eve' },
      { date: '2026-12-28', open: true, earlyClose: null, rule: 'Monday' },
    ])
  })

  test('says so when the calendar ends before there are as many', async () => {
    const days = (await json('next', 'us-equities', '--after', '2028-12-26')) as unknown[]
    expect(days).toHaveLength(3)
    expect(err).toBe('No more: us-equities covers 2000-01-01 to 2028-12-31.\n')
  })
})

describe('diff', () => {
  test('of a calendar and the files: the dates that appear, vanish or close at another time, over all years', async () => {
    const changes = (await json('diff', 'us-equities', '--files', write(CLOSURE))) as { date: string; change: string }[]
    expect(changes.map(({ date, change }) => `${date} ${change}`)).toEqual([
      '2026-12-09 vanishes',
      '2026-12-12 appears',
      '2026-12-16 early-close',
    ])
    expect(changes[0]).toEqual({
      ...{ date: '2026-12-09', change: 'vanishes' },
      before: { date: '2026-12-09', open: true, earlyClose: null, rule: 'Wednesday' },
      after: { date: '2026-12-09', open: false, earlyClose: null, rule: 'National day of mourning' },
    })
    expect(err).toBe('3 dates from 2000-01-01 to 2028-12-31: 1 appears, 1 vanishes, 1 closes at another time.\n')
  })

  test('of two calendars, as a table with the rule on each side', async () => {
    const { out, err } = await calendar('diff', 'us-equities', 'us-bonds', '--from', '2026-11-01', '--to', '2026-12-31')
    expect(out).toBe(
      [
        'date        day        change                  before                                   after',
        '2026-11-11  Wednesday  vanishes                open                                     closed, Veterans Day',
        '2026-11-27  Friday     closes at another time  until 13:00, Day after Thanksgiving Day  until 14:00, Day after Thanksgiving Day',
        '2026-12-24  Thursday   closes at another time  until 13:00, Christmas Eve               until 14:00, Day before Christmas Day',
        "2026-12-31  Thursday   closes at another time  open                                     until 14:00, New Year's Eve",
        '',
      ].join('\n'),
    )
    expect(err).toBe('4 dates from 2026-11-01 to 2026-12-31: 0 appear, 1 vanishes, 3 close at another time.\n')
  })

  test('of a calendar and itself is nothing', async () => {
    expect(await json('diff', 'us-bonds', 'us-bonds')).toEqual([])
    expect(err).toBe('No difference from 2000-01-01 to 2028-12-31.\n')
  })
})

test('list names the shipped calendars and those of the files', async () => {
  const rows = (await json('list', '--files', write(`${CLOSURE}---\ncalendar: own\nextends: weekdays\n`))) as object[]
  expect(rows.map((row) => Object.values(row).slice(0, 4).join(' '))).toEqual([
    'us-equities 2000-01-01 2028-12-31 files',
    'own 1900-01-01 2199-12-31 files',
    'us-bonds 2000-01-01 2028-12-31 shipped',
    'us-banking 2000-01-01 2028-12-31 shipped',
    'weekdays 1900-01-01 2199-12-31 shipped',
  ])
})

describe('refused', () => {
  const covers = 'Calendar us-equities covers 2000-01-01 to 2028-12-31; it says nothing about'
  test.each<[name: string, args: string[], says: string]>([
    ['a mistyped calendar', ['show', 'us-equites'], 'There is no calendar "us-equites"; did you mean "us-equities"?'],
    [
      'an unknown calendar',
      ['next', 'moon'],
      'There is no calendar "moon"; known: us-equities, us-bonds, us-banking, weekdays.',
    ],
    [
      'a second that is unknown',
      ['diff', 'weekdays', 'weekday'],
      'There is no calendar "weekday"; did you mean "weekdays"?',
    ],
    ['a date that does not exist', ['show', 'weekdays', '--from', '2026-02-30'], 'Expected a date that exists'],
    [
      'a range backwards',
      ['show', 'weekdays', '--from', '2026-02-01', '--to', '2026-01-01'],
      '--from 2026-02-01 is after --to 2026-01-01.',
    ],
    [
      'a beginning too early',
      ['show', 'us-equities', '--from', '1999-12-31', '--to', '2000-01-05'],
      `${covers} 1999-12-31.`,
    ],
    ['an end too late', ['show', 'us-equities', '--from', '2028-01-01', '--to', '2029-01-01'], `${covers} 2029-01-01.`],
    ['a year too late', ['show', 'us-equities', '--from', '2031-05-01'], `${covers} 2031-05-01.`],
    ['a day after the last', ['next', 'us-equities', '--after', '2028-12-31'], `${covers} 2029-01-01.`],
    [
      'twenty thousand days and one',
      ['show', 'weekdays', '--from', '2000-01-01', '--to', '2054-10-04'],
      '2000-01-01 to 2054-10-04 is 20001 days: at most 20000 days at once; ask for them in parts.',
    ],
    [
      'twenty thousand days and one to compare',
      ['diff', 'weekdays', 'weekdays', '--from', '2000-01-01', '--to', '2054-10-04'],
      '2000-01-01 to 2054-10-04 is 20001 days: at most 20000 days at once; ask for them in parts.',
    ],
    [
      'to compare with nothing',
      ['diff', 'us-equities'],
      'No file defines the calendar us-equities: name a second calendar, or files that define it (--files).',
    ],
    [
      'to compare what is not shipped',
      ['diff', 'us-equites'],
      'No calendar us-equites is shipped that it could be compared with; did you mean "us-equities"?',
    ],
    [
      'files that are not there',
      ['list', '--files', '/no/such/mesh'],
      '/no/such/mesh: there is no such file or folder',
    ],
  ])('%s', async (_, args, says) => {
    await expect(calendar(...args)).rejects.toThrow(says)
    expect(out).toBe('')
  })

  test('all that a market calendar covers is shown at once', async () => {
    expect(await json('show', 'us-equities', '--from', '2000-01-01', '--to', '2028-12-31')).toHaveLength(10_593)
  })

  test('files with problems, each with its place', async () => {
    const file = write('calendar: us-equities\nextends: us-equities\nremove: [2026-12-25, 2026-12-32]\n')
    await expect(calendar('diff', 'us-equities', '--files', file)).rejects.toThrow(
      `${file}:3:22: remove[2]: 2026-12-32 is a date that does not exist`,
    )
  })
})
