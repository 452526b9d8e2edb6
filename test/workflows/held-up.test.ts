// A step that does not get on: its activity says so, the record and the Temporal UI repeat it, and where only a person
// can mend it the owner is told, once.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { HoldUp } from '../../model/cycle/held-up.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { HELD_UP_SIGNAL } from '../../workflows/contract.ts'
import { createGate, eventually } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'
import type { StagedCycle } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'held')
})
afterAll(() => stage.close())

const FULL: HoldUp = { step: 'start', reason: 'Could not start: the quota is in use', isRefusal: false }
const REFUSED: HoldUp = { step: 'start', reason: 'Could not start: AccessDeniedException', isRefusal: true }

/** Its start is asked for, and answered when the gate opens. */
async function beginStart(name: string, answered: ReturnType<typeof createGate>): Promise<StagedCycle> {
  const startGlueJob = async () => {
    await answered.opened
    return { runId: 'jr_1', adopted: false }
  }
  const cycle = stage.cycle(name, { script: { startGlueJob } })
  await cycle.arrive(arrivalOf('raw/a'), arrivalOf('raw/b'))
  await cycle.untilAsked('startGlueJob')
  return cycle
}

const sayAndSee = async (cycle: StagedCycle, said: HoldUp): Promise<void> => {
  await cycle.signal(HELD_UP_SIGNAL, said)
  await cycle.until('it is known', ({ heldUp }) => heldUp?.reason === said.reason)
}

const finish = async (cycle: StagedCycle): Promise<void> => {
  await cycle.glueEnds(1)
  expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
}

describe.concurrent('a step that is held up', () => {
  test('is written with its reason, and without it once it got on', async () => {
    const answered = createGate()
    const cycle = await beginStart('waits', answered)
    await sayAndSee(cycle, FULL)
    await cycle.untilAsked('recordCycle')
    const reasons = () => cycle.asked('recordCycle').map(({ snapshot }) => [snapshot.state, snapshot.reason])
    await eventually('it is written', reasons, (all) =>
      all.some(([state, reason]) => state === 'PROCESSING' && reason === FULL.reason),
    )
    answered.open()
    await finish(cycle)
    expect(reasons().at(-1)).toEqual(['COMPLETED', null])
    expect(cycle.asked('notifyFailure')).toEqual([])
  })

  test('is told to the owner once, whatever is said again, and goes on when it is mended', async () => {
    const answered = createGate()
    const cycle = await beginStart('refused', answered)
    await sayAndSee(cycle, FULL)
    await sayAndSee(cycle, REFUSED)
    expect(cycle.asked('notifyFailure')).toEqual([])
    await cycle.signal(HELD_UP_SIGNAL, REFUSED)
    await cycle.untilAsked('notifyFailure')
    await cycle.signal(HELD_UP_SIGNAL, FULL)
    await cycle.signal(HELD_UP_SIGNAL, REFUSED)
    await sayAndSee(cycle, { ...REFUSED, reason: 'Could not start: still AccessDeniedException' })
    answered.open()
    await finish(cycle)
    expect(cycle.asked('notifyFailure')).toMatchObject([
      { state: 'PROCESSING', step: 'start', reason: REFUSED.reason, attempt: 1 },
    ])
  })

  test('that gets on before its notice could go out tells nobody afterwards, and the run closes', async () => {
    const answered = createGate()
    const cycle = await beginStart('mended', answered)
    cycle.script({ notifyFailure: () => Promise.reject(new Error('the queue refuses it too')) })
    await cycle.signal(HELD_UP_SIGNAL, REFUSED)
    await cycle.signal(HELD_UP_SIGNAL, REFUSED)
    await cycle.untilAsked('notifyFailure')
    answered.open()
    await finish(cycle)
    const { events } = await stage.client.workflow.getHandle(cycle.id).fetchHistory()
    // Whether it also ends as cancelled is up to the try that may be under way while the run closes.
    expect(events?.filter((event) => event.activityTaskCancelRequestedEventAttributes)).toHaveLength(1)
  })

  test('says nothing about a step that is over, and nonsense changes nothing', async () => {
    const answered = createGate()
    const cycle = await beginStart('over', answered)
    answered.open()
    await cycle.until('Glue runs', (now) => now.attempts[0]?.runId === 'jr_1')
    const { version } = await cycle.now()
    for (const said of [REFUSED, { step: 'wait', reason: 'x' }, 'held up', { step: 'run' }])
      await cycle.signal(HELD_UP_SIGNAL, said)
    expect(await cycle.now()).toMatchObject({ version, heldUp: null })
    await finish(cycle)
    expect(cycle.asked('notifyFailure')).toEqual([])
  })
})
