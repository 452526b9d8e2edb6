// In: series in milliseconds. Out: an SVG, one row each on a logarithmic axis: p50 to p99 as a bar, the maximum as a dot.
// Never: a colour that vanishes on a light or a dark page; anything but text and shapes.
import { summarise } from './quantiles.ts'
import type { Series } from './result.ts'

export interface ChartRow {
  label: string
  series: Series
}

const LABEL_WIDTH = 330
const PLOT_WIDTH = 520
const ROW_HEIGHT = 22
const TOP = 34
/** Both read against white and against near-black (contrast of at least 3 on each). */
const INK = '#6e7781'
const BAR = '#2f81d7'
const DOT = '#c4612e'

export function toChart(rows: readonly ChartRow[]): string {
  const shown = rows.filter(({ series }) => series.samples.length > 0)
  const all = shown.map(({ series }) => summarise(series.samples.map((sample) => toMs(series, sample))))
  const highest = Math.max(10, ...all.map(({ max }) => max))
  const decades = Math.ceil(Math.log10(highest))
  const x = (ms: number): number => LABEL_WIDTH + (PLOT_WIDTH * Math.log10(Math.max(ms, 1))) / decades
  const height = TOP + shown.length * ROW_HEIGHT + 12
  const width = LABEL_WIDTH + PLOT_WIDTH + 90
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>Latency by scenario: p50 to p99 as a bar, the maximum as a dot, logarithmic</title>',
    ...Array.from({ length: decades + 1 }, (_, power) => toGridLine(x(10 ** power), 10 ** power, height)),
    ...shown.flatMap(({ label }, at) => {
      const summary = all[at]
      return summary ? toRow(label, summary, TOP + at * ROW_HEIGHT, x) : []
    }),
    '</svg>',
    '',
  ].join('\n')
}

const toMs = ({ unit }: Series, sample: number): number => (unit === 's' ? sample * 1_000 : sample)

const toGridLine = (x: number, ms: number, height: number): string =>
  `<line x1="${fixed(x)}" y1="${TOP - 8}" x2="${fixed(x)}" y2="${height - 8}" stroke="${INK}" stroke-opacity="0.35"/>` +
  `<text x="${fixed(x)}" y="${TOP - 14}" fill="${INK}" text-anchor="middle">${toDuration(ms)}</text>`

function toRow(label: string, summary: ReturnType<typeof summarise>, y: number, x: (ms: number) => number): string[] {
  const { p50, p99, max } = summary
  const middle = y + ROW_HEIGHT / 2
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${middle + 4}" fill="${INK}" text-anchor="end">${escapeText(label)}</text>`,
    `<rect x="${fixed(x(p50))}" y="${middle - 5}" width="${fixed(Math.max(x(p99) - x(p50), 2))}" height="10" rx="2" fill="${BAR}"/>`,
    `<circle cx="${fixed(x(max))}" cy="${middle}" r="3.5" fill="${DOT}"/>`,
    `<text x="${fixed(x(max) + 8)}" y="${middle + 4}" fill="${INK}">${toDuration(p50)} / ${toDuration(p99)}</text>`,
  ]
}

const toDuration = (ms: number): string =>
  ms >= 1_000 ? `${Number((ms / 1_000).toPrecision(3))} s` : `${Number(ms.toPrecision(3))} ms`

const fixed = (value: number): string => value.toFixed(1)

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
