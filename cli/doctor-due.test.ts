// The count before the scheduler catches up, in the words of doctor.
import { afterEach, expect, test, vi } from 'vitest'
import { listDue } from '../model/calendar/catch-up.ts'
import type { CatchUp, DefinitionVersion } from '../model/definition.ts'
import { definitionOf, HOUR_MS, timetableOf, versionOf } from '../model/samples.test-data.ts'
import type { Connection } from './connection.ts'
import { examine, type Finding, tell } from './doctor.ts'
import { countUnopened, type DueFound } from './doctor-due.ts'

/** A Friday noon in New York. */
const NOON_MS = Date.parse('2026-11-20T17:00:00Z')
const timetable = timetableOf()
const DAYS = [16, 17, 18, 19, 20]

const define = (product: string, catchUp?: CatchUp) => versionOf(definitionOf(product, [], catchUp ? { catchUp } : {}))

/** Everything was opened up to Tuesday. */
function count(definitions: DefinitionVersion[], { known = [16, 17], tickMs = 600_000 } = {}): DueFound {
  const products = definitions.map(({ definition: { product } }) => product)
  return countUnopened(timetable, listDue(timetable, definitions, NOON_MS), {
    ...{ atMs: NOON_MS, tickMs },
    known: new Set(products.flatMap((product) => known.map((day) => `${product}/2026-11-${day}`))),
  })
}

async function printedOf(found: DueFound): Promise<{ finding: Finding; lines: string[] }> {
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  const findings: Finding[] = []
  await examine({} as Connection, [{ name: 'd1: due cycles', look: async () => found, todo: '' }], findings)
  const [finding] = findings
  if (!finding) throw new Error('Nothing was found.')
  tell(finding)
  return { finding, lines: printed.trimEnd().split('\n') }
}

afterEach(() => vi.restoreAllMocks())

test('after an outage: how many cycles are not open, what the next tick opens and what it leaves out, by product', async () => {
  const { finding, lines } = await printedOf(
    count([define('d1/every'), define('d1/newest', 'latest'), define('d1/never', 'none')]),
  )
  expect(lines[0]).toContain(
    'd1: due cycles: 15 cycles fell due in the last 7 days, 9 unopened: the next tick opens 4 and leaves out 5',
  )
  expect(lines.slice(1).map((line) => line.trim())).toEqual([
    'd1/every (catchUp: all): opens 3 (2026-11-18 to 2026-11-20)',
    'd1/newest (catchUp: latest): opens 2026-11-20, leaves out 2 (2026-11-18 to 2026-11-19)',
    'd1/never (catchUp: none): leaves out 3 (2026-11-18 to 2026-11-20)',
  ])
  expect(finding).toMatchObject({
    ok: true,
    unopened: [
      { product: 'd1/every', catchUp: 'all', opens: ['2026-11-18', '2026-11-19', '2026-11-20'], leavesOut: [] },
      { product: 'd1/newest', opens: ['2026-11-20'], leavesOut: ['2026-11-18', '2026-11-19'] },
      { product: 'd1/never', opens: [], leavesOut: ['2026-11-18', '2026-11-19', '2026-11-20'] },
    ],
  })
})

test('where all was opened there is one line', async () => {
  const { lines } = await printedOf(count([define('d1/every', 'none')], { known: DAYS }))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/5 cycles fell due in the last 7 days, none is unopened$/)
})

test('of many products ten are named', async () => {
  const many = Array.from({ length: 12 }, (_, at) => define(`d1/p${at}`))
  const { finding, lines } = await printedOf(count(many))
  expect(lines).toHaveLength(12)
  expect(lines.at(-1)?.trim()).toBe('and 2 more products')
  expect(finding.unopened).toHaveLength(12)
})

test('where ticks come rarely, what two of them have not opened yet is not missed', () => {
  const { unopened } = count([define('d1/never', 'none')], { tickMs: 7 * HOUR_MS })
  expect(unopened[0]?.opens).toEqual(['2026-11-20'])
})

test('a definition that cannot be followed is named, and the others are counted', () => {
  const bad = versionOf(definitionOf('d1/bad', [], { calendar: 'tradng-days' }))
  expect(count([bad, define('d1/every')], { known: DAYS }).found).toMatch(
    /^5 cycles fell due in the last 7 days, none is unopened; d1\/bad cannot be counted: There is no calendar/,
  )
})
