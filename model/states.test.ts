// The words of the model against the two other places where they stand: the SQL of the migrations, docs/states.md.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { OPENERS } from './cycle/cycle.ts'
import { CUTOFF_ACTIONS } from './definition.ts'
import {
  CYCLE_STATES,
  DELIVERY_OUTCOMES,
  DEPENDENCY_STATES,
  isLegalMove,
  isSettled,
  LEDGER_OUTCOMES,
  LEGAL_MOVES,
  STEPS,
} from './states.ts'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

describe('legal moves', () => {
  test('each state has its moves, and they lead to states', () => {
    expect(Object.keys(LEGAL_MOVES).sort()).toEqual([...CYCLE_STATES].sort())
    for (const [from, targets] of Object.entries(LEGAL_MOVES)) {
      expect(new Set(targets).size).toBe(targets.length)
      expect(targets).not.toContain(from)
      for (const to of targets) expect(CYCLE_STATES).toContain(to)
    }
  })

  test('every state can be reached from the first one', () => {
    const reached = new Set<string>(['WAITING'])
    for (const state of reached) for (const to of LEGAL_MOVES[state as 'WAITING']) reached.add(to)
    expect([...reached].sort()).toEqual([...CYCLE_STATES].sort())
  })

  test('nothing goes back to WAITING, nothing leaves SKIPPED, COMPLETED is left for PROCESSING only', () => {
    for (const from of CYCLE_STATES) {
      expect(isLegalMove(from, 'WAITING')).toBe(false)
    }
    expect(LEGAL_MOVES.COMPLETED).toEqual(['PROCESSING'])
    expect(LEGAL_MOVES.CANCELLED).toEqual(['PROCESSING', 'SKIPPED'])
    expect(LEGAL_MOVES.SKIPPED).toEqual([])
    expect(CYCLE_STATES.filter(isSettled)).toEqual(['COMPLETED', 'SKIPPED', 'CANCELLED'])
  })
})

describe('the SQL checks', () => {
  const checks = readdirSync(new URL('../migrations', import.meta.url))
    .filter((name) => /^\d.*\.sql$/.test(name))
    .flatMap((name) => checksOf(read(`migrations/${name}`)))

  test.each([
    ['data_product_status', 'state', CYCLE_STATES],
    ['data_product_status', 'step', STEPS],
    ['data_product_status', 'opened_by', OPENERS],
    ['data_product_status_history', 'from_state', CYCLE_STATES],
    ['data_product_status_history', 'to_state', CYCLE_STATES],
    ['data_product_status_history', 'step', STEPS],
    ['data_product_dependencies_events_status', 'state', DEPENDENCY_STATES],
    ['data_product_dependencies_events_status_history', 'state', DEPENDENCY_STATES],
    ['data_product_dependencies_events_status_history', 'outcome', DELIVERY_OUTCOMES],
    ['event_delivery', 'outcome', DELIVERY_OUTCOMES],
    ['event_ledger', 'outcome', LEDGER_OUTCOMES],
    ['data_product_schedule', 'cutoff_then', CUTOFF_ACTIONS],
  ])('%s.%s takes the words of the model and no other', (table, column, words) => {
    // A later migration may take more words.
    const last = checks.findLast((check) => check.table === table && check.column === column)
    expect(last).toEqual({ table, column, words: [...words] })
  })

  test('a column of these names has a check wherever it stands', () => {
    const text = readdirSync(new URL('../migrations', import.meta.url))
      .filter((name) => /^\d.*\.sql$/.test(name))
      .map((name) => read(`migrations/${name}`))
      .join('\n')
    const unchecked = text
      .split('\n')
      .filter((line) => /^ {2}(state|from_state|to_state|step|outcome|cutoff_then|opened_by) text\b/.test(line))
      .filter((line) => !/ check \(/.test(line))
    expect(unchecked).toEqual([])
  })
})

describe('docs/states.md', () => {
  const page = read('docs/states.md')

  test('draws the legal moves, all of them and no other', () => {
    const [, diagram = ''] = /```mermaid\n(stateDiagram-v2\n[^`]*)```/.exec(page) ?? []
    const drawn = [...diagram.matchAll(/^\s*(\S+)\s*-->\s*([^\s:]+)/gm)]
      .map(([, from, to]) => `${from} --> ${to}`)
      .filter((edge) => !edge.includes('[*]'))
    const legal = CYCLE_STATES.flatMap((from) => LEGAL_MOVES[from].map((to) => `${from} --> ${to}`))
    expect(drawn.sort()).toEqual(legal.sort())
  })

  test.each([
    ['A cycle', CYCLE_STATES],
    ['The step of an ERROR', STEPS],
    ['A dependency', DEPENDENCY_STATES],
    ['What an event meant to a cycle: the outcome of a delivery', DELIVERY_OUTCOMES],
    ['What became of an event in a domain: the outcome in the ledger', LEDGER_OUTCOMES],
  ])('"%s" explains every word, each in a sentence', (heading, words) => {
    const [, section = ''] = page.split(`\n## ${heading}\n`)
    const [own = ''] = section.split('\n## ')
    const rows = [...own.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)]
    expect(rows.map(([, word]) => word)).toEqual([...words])
    for (const [, , sentence] of rows) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })
})

interface Check {
  table: string
  column: string
  words: string[]
}

/** The checks of one file of the form `check (column in ('a', 'b'))`, also those an `alter table` adds later. */
function checksOf(sql: string): Check[] {
  return [...sql.matchAll(/^(?:create|alter) table (\w+)[^;]*;/gm)].flatMap(([statement, table = '']) =>
    [...statement.matchAll(/check \((\w+) in \(([^)]*)\)\)/g)].map(([, column = '', list = '']) => ({
      table,
      column,
      words: [...list.matchAll(/'([^']*)'/g)].map(([, word = '']) => word),
    })),
  )
}
