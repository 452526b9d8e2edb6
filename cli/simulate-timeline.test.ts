import { describe, expect, test } from 'vitest'
import { definitionOf } from '../model/samples.test-data.ts'
import { comes, ends, type Play, play } from '../model/simulate/play.test-data.ts'
import { createTimeline, toLeftOpen, toSums } from './simulate-timeline.ts'

const at = (time: string) => ({ time, days: 0, unit: 'day' as const })

function linesOf(order: Play, isShown: (product: string) => boolean = () => true): string[] {
  const timeline = createTimeline(order.products, isShown)
  play({ ...order, watch: (moment) => timeline.tell(moment) })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts a colour.
  return timeline.lines().map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))
}

const FRI = '2026-11-20'
const twice = { glue: 'job', arguments: {}, timeoutMinutes: 60, attempts: 2, retryAfterMs: 300_000 }
const products = [
  definitionOf('d1/ds1', ['raw/rd1', 'raw/rd2'], { run: twice }),
  definitionOf('d1/ds2', ['d1/ds1'], { publish: null }),
  definitionOf('d2/ds3', ['d1/ds1', 'raw/rd3'], {
    timezone: 'Europe/London',
    cutoff: { at: at('23:00'), then: 'skip' },
  }),
]
const said = [
  comes(`${FRI}T22:05:10`, 'raw/rd1', FRI),
  comes(`${FRI}T22:10`, 'raw/rd2', FRI),
  ends(`${FRI}T22:10`, 'd1/ds1', FRI, 'FAILED'),
  comes(`${FRI}T22:40`, 'raw/rd1', FRI, 2),
]

describe('the timeline', () => {
  test('tells what came, what it started, what failed and what follows, by date, in the zone of each', () => {
    expect(linesOf({ products, said, to: FRI, durationMs: 600_000 })).toEqual([
      '2026-11-20 (America/New_York)',
      '17:05:10  raw/rd1 2026-11-20 arrived (line 1) -> d1/ds1 2026-11-20 goes on waiting',
      '17:10  raw/rd2 2026-11-20 arrived (line 2) -> d1/ds1 2026-11-20 starts',
      '17:20  d1/ds1 2026-11-20 attempt 1 ended FAILED; again at 17:25',
      '17:35  d1/ds1 2026-11-20 completed -> d1/ds2 2026-11-20 starts, d2/ds3 2026-11-20 goes on waiting',
      '17:40  raw/rd1 2026-11-20 arrived (line 4), revision 2 -> d1/ds1 2026-11-20 correction',
      '17:45  d1/ds2 2026-11-20 completed',
      '23:00 Europe/London  d2/ds3 2026-11-20 SKIPPED: cutoff passed, still waiting for raw/rd3',
    ])
  })

  test('of some products has the lines that concern them, of each what is theirs, and a date only over a line', () => {
    expect(
      linesOf({ products, said, to: '2026-11-23', durationMs: 600_000 }, (product) => product === 'd2/ds3'),
    ).toEqual([
      '2026-11-20 (America/New_York)',
      '17:35  d1/ds1 2026-11-20 completed -> d2/ds3 2026-11-20 goes on waiting',
      '23:00 Europe/London  d2/ds3 2026-11-20 SKIPPED: cutoff passed, still waiting for raw/rd3',
      '',
      '2026-11-23 (America/New_York)',
      '23:00 Europe/London  d2/ds3 2026-11-23 SKIPPED: cutoff passed, still waiting for d1/ds1, raw/rd3',
    ])
    expect(linesOf({ products, said, to: FRI, durationMs: 600_000 }, (product) => product === 'd1/ds1')).toEqual([
      '2026-11-20 (America/New_York)',
      '17:05:10  raw/rd1 2026-11-20 arrived (line 1) -> d1/ds1 2026-11-20 goes on waiting',
      '17:10  raw/rd2 2026-11-20 arrived (line 2) -> d1/ds1 2026-11-20 starts',
      '17:20  d1/ds1 2026-11-20 attempt 1 ended FAILED; again at 17:25',
      '17:35  d1/ds1 2026-11-20 completed',
      '17:40  raw/rd1 2026-11-20 arrived (line 4), revision 2 -> d1/ds1 2026-11-20 correction',
    ])
  })

  test('names the date where that of the zone is another', () => {
    const ahead = [...products.slice(0, 2), definitionOf('d2/ds3', [], { timezone: 'Asia/Tokyo' })]
    expect(linesOf({ products: ahead, from: FRI, to: FRI }).slice(0, 2)).toEqual([
      '2026-11-19 (America/New_York)',
      '2026-11-20 00:00 Asia/Tokyo  d2/ds3 2026-11-20 starts',
    ])
  })
})

test('what is open at the end is listed with its reason, as far as anybody reads; the sums count all', () => {
  const simulated = play({ products: [definitionOf('d1/ds1', ['raw/rd1'])], from: '2026-01-01', to: '2026-12-31' })
  const lines = toLeftOpen(simulated)
  expect(lines[2]).toContain('d1/ds1 2026-01-01')
  expect(lines[2]).toContain(': waits for raw/rd1/2026-01-01')
  expect(lines.at(-1)).toBe('  and 161 more; -o json has them all')
  expect(toSums(simulated)).toBe(': 261 WAITING')
  expect(toLeftOpen({ ...simulated, cycles: [] })).toEqual([])
})
