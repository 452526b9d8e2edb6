// docs/temporal-ui.md: the links are what its queries say, and ask only for what a cycle has.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ACTION_WORDS } from '../model/cycle/commands.ts'
import { CYCLE_STATES } from '../model/states.ts'
import { BACKFILL_WORKFLOW } from '../workflows/backfill-contract.ts'
import { CYCLE_WORKFLOW, SEARCH_ATTRIBUTES, toScheduleId } from '../workflows/contract.ts'

const PAGE = readFileSync(new URL('../docs/temporal-ui.md', import.meta.url), 'utf8')
const ROW = /^\| \[(?<question>[^\]]+)\]\((?<link>[^)]+)\) \| `(?<query>[^`]+)` \|$/gm
const rows = [...PAGE.matchAll(ROW)].map(({ groups }) => groups as { question: string; link: string; query: string })

test('there are such links', () => {
  expect(rows.length).toBeGreaterThan(10)
})

test.each(rows)('the link of "$question" carries its query', ({ link, query }) => {
  const url = new URL(link)
  expect([url.pathname, url.searchParams.get('query')]).toEqual(['/namespaces/default/workflows', query])
  expect(link).toBe(`${url.origin}${url.pathname}?query=${encodeURIComponent(query)}`)
})

test('each update that a person may send is listed by its name', () => {
  const [, table = ''] = PAGE.split('| update | ')
  const names =
    table
      .split('\n\n')[0]
      ?.split('\n')
      .slice(2)
      .join('\n')
      .match(/^\| [^|]+/gm) ?? []
  expect(names.flatMap((cell) => cell.match(/[a-z]+/g) ?? []).toSorted()).toEqual(Object.keys(ACTION_WORDS).toSorted())
})

test.each(rows)('what stands in the state of an open cycle has an open run: "$question"', ({ query }) => {
  if (/SluiceState="(WAITING|PROCESSING)"/.test(query)) expect(query).toContain('ExecutionStatus="Running"')
})

test.each(rows)('the query of "$question" names attributes, states and types that there are', ({ query }) => {
  const names = query.replaceAll(/"[^"]*"/g, '').match(/\b[A-Z][A-Za-z]+\b/g) ?? []
  const known = [...Object.keys(SEARCH_ATTRIBUTES), ...TEMPORALS]
  expect(names.filter((name) => !known.includes(name) && name !== name.toUpperCase())).toEqual([])
  const values = (name: string): string[] =>
    [...query.matchAll(new RegExp(`${name}!?="([^"]*)"`, 'g'))].map(([, value]) => value ?? '')
  for (const state of values('SluiceState')) expect(CYCLE_STATES).toContain(state)
  for (const type of values('WorkflowType')) expect([CYCLE_WORKFLOW, BACKFILL_WORKFLOW]).toContain(type)
  for (const id of values('TemporalScheduledById')) expect(id).toBe(toScheduleId('d1'))
})

const TEMPORALS = ['WorkflowType', 'ExecutionStatus', 'StartTime', 'TemporalScheduledById', 'TemporalReportedProblems']
