// In: what the kept runs found. Out: the summary as Markdown. Never: a rounded goal that is met only by its rounding.
import { summarise } from './quantiles.ts'
import { type Figure, type Finding, type Goal, isMet, type Series } from './result.ts'

/** Where and how a run was made; the same for all series of a run, never shared between runs. */
export interface RunFacts {
  at: string
  commit: string
  machine: string
  temporal: string
  postgres: string
  node: string
  seed: number
  isQuick: boolean
  load: string
}

export interface KeptRun {
  facts: RunFacts
  finding: Finding
}

export function toReport(runs: readonly KeptRun[]): string {
  const goals = runs.flatMap(({ finding }) => finding.goals.map((goal) => ({ ...goal, scenario: finding.scenario })))
  const rows = goals.map((goal) => [goal.scenario, goal.what, toText(goal.found), toLimit(goal), verdict(goal)])
  return [
    '# What was measured',
    'Written by `bench/`; the raw samples are in [raw/](raw/). How to run it and how to read it: [README](README.md).',
    '![Latency by scenario](results.svg)',
    '## Goals',
    toTable(['scenario', 'goal', 'found', 'limit', 'verdict'], rows),
    ...runs.map(toSection),
    '',
  ].join('\n\n')
}

function toSection({ facts, finding }: KeptRun): string {
  const parts = [`## ${finding.scenario}: ${finding.title}`, toFactLine(facts)]
  if (finding.series.length > 0) parts.push(toSeriesTable(finding.series))
  if (finding.figures.length > 0) parts.push(toFigureTable(finding.figures))
  if (finding.notes.length > 0) parts.push(finding.notes.map((note) => `- ${note}`).join('\n'))
  return parts.join('\n\n')
}

const toFactLine = (facts: RunFacts): string =>
  `${facts.isQuick ? '**A quick trial, no result.** ' : ''}${facts.at}, commit ${facts.commit}, ${facts.machine}; ` +
  `${facts.temporal}; PostgreSQL ${facts.postgres}; Node ${facts.node}; seed ${facts.seed}; load before: ${facts.load}.`

const toSeriesTable = (series: Series[]): string =>
  toTable(
    ['series', 'n', 'p50', 'p90', 'p99', 'max', 'unit'],
    series.map(({ name, unit, samples }) => {
      const { n, p50, p90, p99, max } = summarise(samples)
      return [name, String(n), ...[p50, p90, p99, max].map(toText), unit]
    }),
  )

const toFigureTable = (figures: Figure[]): string =>
  toTable(
    ['figure', 'value', 'unit'],
    figures.map(({ name, value, unit }) => [name, toText(value), unit]),
  )

function toTable(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

const toLimit = ({ kind, limit }: Goal): string => `${kind === 'at most' ? '≤' : '≥'} ${toText(limit)}`

const verdict = (goal: Goal): string => {
  if (Number.isNaN(goal.found)) return 'not measured'
  return isMet(goal) ? 'met' : '**missed**'
}

/** Three digits that count; whole numbers as they are. */
export const toText = (value: number): string =>
  Number.isNaN(value) ? '–' : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)))
