// Each scenario through the simulation: what business rules mean, as tables. In: folders. Out: what was written by hand.
import { expect, test } from 'vitest'
import { toCycleRow } from '../../model/simulate/report.ts'
import { simulate } from '../../model/simulate/simulate.ts'
import { listScenarios, readScenario, toExpectedWords, toOutcomeWords } from './scenario.ts'

test.each(listScenarios())('%s', async (name) => {
  const { expected, order } = await readScenario(name)
  const { cycles, events } = simulate(order)
  const rows = new Map(cycles.map((one) => [`${one.product}/${one.key}`, toCycleRow(one)]))
  const found = expected.cycles.map((one) => {
    const row = rows.get(one.cycle)
    return row ? toExpectedWords(row, one) : { ...one, state: 'never opened' }
  })
  expect(found).toEqual(expected.cycles)
  const outcomes = events.map((row) => [String(row.line), toOutcomeWords(row)] as const)
  const asked = outcomes.filter(([line]) => expected.events?.[line] !== undefined)
  expect(Object.fromEntries(asked)).toEqual(expected.events ?? {})
  expect((expected.neverOpened ?? []).filter((cycle) => rows.has(cycle))).toEqual([])
})
