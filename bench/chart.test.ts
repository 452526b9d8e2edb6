// The chart shows every series that has samples, at places that grow with the milliseconds.
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { toChart } from './chart.ts'

const chart = toChart([
  { label: 'S1 & floor <50/s>', series: { name: 'a', unit: 'ms', samples: [10, 20, 30] } },
  { label: 'S6', series: { name: 'b', unit: 's', samples: [2] } },
  { label: 'nothing', series: { name: 'c', unit: 'ms', samples: [] } },
])
const parsed = new XMLParser({ ignoreAttributes: false }).parse(chart) as {
  svg: { rect: { '@_x': string; '@_width': string }[]; circle: { '@_cx': string }[]; text: { '#text': string }[] }
}

test('it is well-formed, and names are escaped', () => {
  expect(parsed.svg.text.map((text) => text['#text'])).toContain('S1 & floor <50/s>')
})

test('a series without samples has no row; later in time is further right', () => {
  expect(parsed.svg.rect).toHaveLength(2)
  const [first, second] = parsed.svg.circle.map((dot) => Number(dot['@_cx']))
  expect(second).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY)
})

test('seconds and milliseconds stand on one axis, each row says p50 and p99', () => {
  const texts = parsed.svg.text.map((text) => text['#text'])
  expect(texts).toContain('20 ms / 30 ms')
  expect(texts).toContain('2 s / 2 s')
})
