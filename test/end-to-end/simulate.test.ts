// The command as the shell calls it: on the example mesh, and on what cannot be simulated.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const MESH = fileURLToPath(new URL('../../examples/mesh', import.meta.url))
const SPAN = ['--from', '2026-11-20', '--to', '2026-11-23']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-simulate-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(...lines: string[]): string {
  const file = path.join(folder, 'events.jsonl')
  writeFileSync(file, lines.join('\n'))
  return file
}

const comes = (at: string, product: string, cycle = '2026-11-20'): string => JSON.stringify({ at, product, cycle })

const EVENTS = [
  comes('2026-11-20T17:05:00-05:00', 'raw/rd1'),
  comes('2026-11-20T17:06:00-05:00', 'raw/rd2'),
  comes('2026-11-20T17:10:00-05:00', 'raw/rd3'),
]

async function run(args: string[], input = '') {
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const child = spawn(process.execPath, [MAIN, 'simulate', ...args], { stdio: 'pipe', env })
  child.stdin.end(input)
  const closed = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await closed
  return { code, out, err }
}

describe('the example mesh', () => {
  test('-o json answers cycles and events in the documented shape, the events from stdin', async () => {
    const { code, out, err } = await run([MESH, '--events', '-', ...SPAN, '-o', 'json'], EVENTS.join('\n'))
    expect([code, err]).toEqual([0, ''])
    const { cycles, events, ...others } = JSON.parse(out)
    expect(others).toEqual({})
    expect(cycles).toContainEqual({
      ...{ product: 'd1/ds4', cycle: '2026-11-20', openedAt: '2026-11-20T05:00:00.000Z', openedBy: 'scheduler' },
      ...{ state: 'COMPLETED', startedAt: '2026-11-20T22:10:00.000Z', completedAt: '2026-11-20T22:10:00.000Z' },
      revision: 1,
      dependencies: [
        { product: 'd1/ds3', cycles: ['2026-11-20'], state: 'ARRIVED', arrivedAt: '2026-11-20T22:10:00.000Z' },
        { product: 'd2/ds1', cycles: ['2026-11-20'], state: 'ARRIVED', arrivedAt: '2026-11-20T22:06:00.000Z' },
      ],
      reason: null,
    })
    expect(events[0]).toEqual({
      line: 1,
      outcomes: [{ consumer: 'd1/ds1', cycle: '2026-11-20', outcome: 'satisfied' }],
    })
    const names = cycles.map((row: { product: string; cycle: string }) => `${row.product} ${row.cycle}`)
    expect(names).toEqual(names.toSorted())
    expect(names).toHaveLength(10)
  })

  test('the default is a timeline in the zone of the definitions, and what is open at the end', async () => {
    const { code, out, err } = await run([MESH, '--events', fileOf(...EVENTS), ...SPAN, '--duration', '10m'])
    expect(code).toBe(0)
    expect(out.split('\n').slice(0, 4)).toEqual([
      '2026-11-20 (America/New_York)',
      '17:05  raw/rd1 2026-11-20 arrived (line 1) -> d1/ds1 2026-11-20 goes on waiting',
      '17:06  raw/rd2 2026-11-20 arrived (line 2) -> d1/ds1 2026-11-20 starts, d2/ds1 2026-11-20 starts',
      '17:10  raw/rd3 2026-11-20 arrived (line 3) -> d1/ds2 2026-11-20 starts',
    ])
    expect(out).toContain('17:20  d1/ds2 2026-11-20 completed -> d1/ds3 2026-11-20 starts\n')
    expect(out).toContain('  d2/ds1 2026-11-23 WAITING: waits for raw/rd2/2026-11-23\n')
    expect(err).toBe('10 cycles: 5 COMPLETED, 5 WAITING.\n')
    const tomorrow = comes('2026-11-24T17:05:00-05:00', 'raw/rd1', '2026-11-24')
    const late = await run([MESH, '--events', '-', ...SPAN, '--duration', '10m'], [...EVENTS, tomorrow].join('\n'))
    expect(late.err).toMatch(/^note: 1 event after the end of 2026-11-23 not played, the first in line 4\n/)
  })

  test('--product tells of that one only', async () => {
    const options = ['--events', fileOf(...EVENTS), ...SPAN, '--product', 'd2/ds1', '-o', 'json']
    const { cycles, events } = JSON.parse((await run([MESH, ...options])).out)
    expect(cycles.map(({ product }: { product: string }) => product)).toEqual(['d2/ds1', 'd2/ds1'])
    expect(events.map(({ outcomes }: { outcomes: unknown[] }) => outcomes.length)).toEqual([0, 1, 0])
  })
})

test('on the last date of a calendar, a time of the business day after it is later than the end', async () => {
  const file = path.join(folder, 'last.yaml')
  const owner = 'owner: { team: data, email: data@example.com }'
  const domain = ['domain: d1', 'sluice: 1', 'account: "222222222222"', 'calendar: us-equities', 'timezone: UTC', owner]
  const rules = ['every: business-day', 'cutoff: { at: "06:00 +1bd", then: error }', 'dependsOn: [d1/closes]']
  const runs = ['run: { glue: ds1 }', 'publish: { location: "s3://example-d1/ds1/" }']
  const closes = ['external: d1/closes', 'every: business-day', 'from: [{ glue: { job: load } }]']
  const documents = [domain, ['product: d1/ds1', ...rules, ...runs], closes]
  writeFileSync(file, documents.map((lines) => lines.join('\n')).join('\n---\n'))
  const { code, out, err } = await run([file, '--events', '-', '--from', '2028-12-28', '--to', '2028-12-31'])
  expect([code, err]).toEqual([0, '2 cycles: 1 ERROR, 1 WAITING.\n'])
  expect(out).toContain('d1/ds1 2028-12-29 WAITING: waits for d1/closes/2028-12-29')
})

describe('what cannot be simulated is told in words, with exit code 1 and nothing on stdout', () => {
  test.each([
    [
      'dates the wrong way round',
      ['--from', '2026-11-24', '--to', '2026-11-20'],
      /^sluice: --from 2026-11-24 is after --to 2026-11-20\.$/m,
    ],
    [
      'too many days',
      ['--from', '2000-01-01', '--to', '2028-12-31'],
      /is 10593 days: at most 10000 are simulated at once/,
    ],
    ['a date that is none', ['--from', '2026-02-30', '--to', '2026-03-01'], /Expected a date that exists/],
    ['a duration that is none', [...SPAN, '--duration', '10'], /Expected a duration, such as 0s/],
    [
      'a product nobody knows',
      [...SPAN, '--product', 'd1/ds5'],
      /There is no product d1\/ds5 in these definitions; did you mean/,
    ],
    ['a file that is not there', [...SPAN, '--events', 'gone.jsonl'], /^sluice: There is no file gone\.jsonl\.$/m],
  ])('%s', async (_, options, sentence) => {
    const { code, out, err } = await run([MESH, '--events', '-', ...options])
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(sentence)
    expect(err).not.toMatch(/\n {4}at /)
  })

  test('every problem of the events at once, by file, line and column', async () => {
    const file = fileOf(comes('2026-11-20T17:05:00', 'raw/rd1'), '', comes('2026-11-20T17:05:00Z', 'raw/rd9'))
    const { code, out, err } = await run([MESH, '--events', file, ...SPAN])
    expect([code, out]).toEqual([1, ''])
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/events\.jsonl:1:7: at: "2026-11-20T17:05:00" has no offset/),
      expect.stringMatching(/events\.jsonl:3:40: product: there is no product "raw\/rd9"/),
      'sluice: Nothing was simulated: 2 problems in the events.',
      '',
    ])
  })
})
