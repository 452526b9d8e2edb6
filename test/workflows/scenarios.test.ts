// Each scenario of test/scenarios on the real stack: the same answer as the simulation gives, cycle by cycle and event by event.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type CycleRow, type EventRow, toCycleRow } from '../../model/simulate/report.ts'
import { simulate } from '../../model/simulate/simulate.ts'
import { listScenarios, readScenario } from '../scenarios/scenario.ts'
import { play } from './scenarios-play.ts'
import { openScenarioStage, type ScenarioStage } from './scenarios-stage.ts'

/** The second, on a slow machine, takes its time (scenarios-play.ts). */
const TWO_TRIES_MS = 600_000

let stage: ScenarioStage

beforeAll(async () => {
  stage = await openScenarioStage(inject('ground'))
})
afterAll(() => stage?.close())

/** Production gives no reason while it waits. */
const comparable = (row: CycleRow): CycleRow => (row.state === 'WAITING' ? { ...row, reason: null } : row)
const wordsOf = ({ line, outcomes }: EventRow) => ({ line, outcomes })

describe.concurrent('on the real stack', () => {
  test.each(listScenarios())(
    '%s',
    async (name) => {
      const { order, expected } = await readScenario(name)
      const simulated = simulate(order)
      const played = await play(stage, order, `scenario${listScenarios().indexOf(name)}`)
      expect(played.cycles).toEqual(simulated.cycles.map(toCycleRow).map(comparable))
      expect(played.events.map(wordsOf)).toEqual(simulated.events.map(wordsOf))
      const told = expected.cycles.filter(({ inputs }) => inputs !== undefined)
      expect(told.map(({ cycle }) => ({ cycle, inputs: played.inputs[cycle] }))).toEqual(
        told.map(({ cycle, inputs }) => ({ cycle, inputs })),
      )
    },
    TWO_TRIES_MS,
  )
})
