// A cycle brought back by a person: from ERROR in the same run, from the closed in a new one, once for each request.
import { WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { HELD_UP_SIGNAL, RERUN } from '../../workflows/contract.ts'
import { createGate, SOON_MS } from './eventually.ts'
import { refused } from './outside.ts'
import { type CycleWish, openStage, type Stage } from './stage.ts'
import { type StagedCycle, toCommand } from './staged-cycle.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'reruns')
})
afterAll(() => stage.close())

async function ready(name: string, wish: CycleWish = {}): Promise<StagedCycle> {
  const cycle = stage.cycle(name, { dependsOn: ['raw/a'], ...wish })
  await cycle.arrive(arrivalOf('raw/a'))
  return cycle
}

/** Its first Glue run failed, and the definition allows no other. */
async function failed(name: string, wish: CycleWish = {}): Promise<StagedCycle> {
  const cycle = await ready(name, wish)
  await cycle.glueEnds(1, 'FAILED')
  await cycle.untilState('ERROR')
  return cycle
}

/** Why the validator said no. */
async function refusalOf(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`Not refused: ${String(error)}`)
  return error.cause?.message ?? ''
}

describe.concurrent('an open cycle in ERROR', () => {
  test('tells consumers and the owner, waits, and runs again by an update', async () => {
    const cycle = await failed('by-update', { run: { attempts: 1 } })
    await Promise.all([cycle.untilAsked('publishNotRefreshed'), cycle.untilAsked('notifyFailure')])
    const reason = 'Glue run jr_1 ended FAILED, a failure of the job (1 of 1): no such table'
    expect(await cycle.now()).toMatchObject({ state: 'ERROR', step: 'run', reason })
    expect(cycle.asked('publishNotRefreshed')).toMatchObject([{ state: 'ERROR', step: 'run', reason }])
    expect(cycle.asked('notifyFailure')).toMatchObject([
      {
        ...{ cycle: cycle.id, state: 'ERROR', step: 'run', reason, attempt: 1, run: { job: 'd1-ds3', runId: 'jr_1' } },
        owner: { team: 'wealth-data' },
        nextStep: expect.stringContaining(`sluice rerun ${cycle.id}`),
      },
    ])

    expect(await cycle.rerun({ actor: 'ann', reason: 'the table is there now' })).toEqual({ attempt: 2 })
    expect(await cycle.now()).toMatchObject({ state: 'PROCESSING', reason: 'rerun by ann: the table is there now' })
    await cycle.glueEnds(2)

    expect(await cycle.result()).toMatchObject({ runNumber: 1, state: 'COMPLETED', lastAttempt: 2, revision: 1 })
    const audited = cycle.asked('recordCycle').flatMap(({ actions }) => actions)
    expect(audited).toMatchObject([{ action: 'rerun', actor: 'ann', reason: 'the table is there now', refused: null }])
    expect(cycle.asked('notifyFailure')).toHaveLength(1)
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ attempt: 2, kind: 'initial' }])
  })

  test('has all attempts of its definition again', async () => {
    const cycle = await ready('all-attempts', { run: { attempts: 2 } })
    await cycle.glueEnds(1, 'FAILED')
    await cycle.glueEnds(2, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.rerun()
    await cycle.glueEnds(3, 'FAILED')
    await cycle.glueEnds(4)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 4 })
  })

  test('runs again by a plain signal, as the Temporal CLI and UI send it', async () => {
    const cycle = await failed('by-signal')
    await cycle.signal(RERUN, { actor: 'ann', reason: 'the table is there now' })
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
    expect((await cycle.now()).actions).toMatchObject([{ actor: 'ann', refused: null }])
  })

  test.each<[string, unknown, string]>([
    ['without-a-reason', { actor: 'ann' }, 'a reason'],
    ['with-a-blank-reason', { actor: 'ann', reason: '  ' }, 'a reason'],
    ['without-an-actor', { reason: 'the table is there now' }, 'an actor'],
    ['without-anything', undefined, 'an actor and a reason'],
    ['with-a-text', 'again please', 'an actor and a reason'],
    ['with-numbers', { actor: 7, reason: 8, requestId: 9 }, 'an actor and a reason'],
  ])('refuses and records a signal %s', async (name, command, lacking) => {
    const cycle = await failed(`signal-${name}`)
    await cycle.signal(RERUN, command)
    const { actions, state } = await cycle.until('it is recorded', (now) => now.actions.length === 1)
    expect([actions[0]?.refused, state]).toEqual([`A rerun needs ${lacking}.`, 'ERROR'])
    await cycle.rerun()
    await cycle.glueEnds(2)
    await cycle.result()
    const audited = cycle.asked('recordCycle').flatMap((record) => record.actions)
    expect(audited.map((action) => action.refused)).toEqual([`A rerun needs ${lacking}.`, null])
  })

  const sound = { actor: 'ann', reason: 'the table is there now' }

  test.each<[string, object, RegExp]>([
    ['too-long', { ...sound, reason: 'x'.repeat(120_000) }, /^The reason is 120000 characters long; at most 1000 are/],
    ['control', { ...sound, reason: 'a\u0000b' }, /^The reason has a control character \(U\+0000\)/],
    ['the-system', { ...sound, actor: ' Sluice' }, /^"Sluice" is the name by which Sluice itself asks/],
    ['half-heard', { ...sound, publish: 'no', cascade: 'boom' }, /^"publish" of a rerun is true or false/],
    ['cascade', { ...sound, cascade: 'boom' }, /^"cascade" of a rerun is "all", or a list/],
    [
      'unknown',
      { ...sound, definition: 3 },
      /^A rerun has no "definition"; it takes actor, reason, requestId, publish/,
    ],
    ['backfill', { ...sound, openedBy: 'backfill' }, /^A signal takes neither "to" nor "openedBy"/],
  ])('does not do what it was not asked: %s', async (name, command, why) => {
    const cycle = await failed(`not-asked-${name}`)
    const said = name === 'backfill' ? /Only a backfill reruns as one/ : new RegExp(why.source.slice(1))
    expect(await refusalOf(cycle.rerun(command))).toMatch(said)
    await cycle.rerun({ actor: 'ben' })
    await cycle.glueEnds(2, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.signal(RERUN, command)
    const { actions, state } = await cycle.until('it is recorded', (now) => now.actions.length === 2)
    expect([actions[1]?.refused, state]).toEqual([expect.stringMatching(why), 'ERROR'])
    expect(actions[1]?.refused).not.toContain('asked for it first')
    expect(JSON.stringify(actions[1]).length).toBeLessThan(3_000)
    expect(actions[1]?.reason).not.toContain('\u0000')
    expect(actions[1]?.actor).toBe(name === 'the-system' ? 'Sluice (not the system)' : 'ann')
    await cycle.rerun({ actor: 'ben', reason: 'after\n\tall' })
    await cycle.glueEnds(3)
    await cycle.result()
    expect((await cycle.now()).actions.at(-1)).toMatchObject({ refused: null, reason: 'after all' })
  })

  test('of the publication publishes without another Glue run, and says which attempt that is', async () => {
    const publishRefreshEvent = async () => {
      throw refused()
    }
    const cycle = await ready('publish', { run: { attempts: 2 }, script: { publishRefreshEvent } })
    await cycle.glueEnds(1, 'FAILED')
    await cycle.glueEnds(2)
    const unpublished = await cycle.untilState('ERROR')
    expect(unpublished).toMatchObject({ step: 'publish', reason: 'the bus policy does not allow it', revision: 0 })

    cycle.script({ publishRefreshEvent: async () => ({ eventId: `${cycle.id}/r1` }) })
    expect(await cycle.rerun()).toEqual({ attempt: 2 })

    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2, revision: 1, runNumber: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(2)
    expect(cycle.asked('publishRefreshEvent').at(-1)).toMatchObject({ attempt: 2, runId: 'jr_2', revision: 1 })
  })
})

describe.concurrent('an update is refused before it leaves a trace', () => {
  test('without actor, reason or request id', async () => {
    const cycle = await failed('incomplete')
    for (const gap of ['actor', 'reason', 'requestId'])
      expect(await refusalOf(cycle.rerun({ [gap]: ' ' }, `without ${gap}`))).toBe(
        'A rerun needs an actor, a reason and a request id.',
      )
    await cycle.rerun()
    await cycle.glueEnds(2)
    await cycle.result()
    expect((await cycle.now()).actions).toHaveLength(1)
    expect(await acceptedUpdatesOf(cycle.id)).toBe(1)
  })

  test('while the cycle waits, and while it runs', async () => {
    const cycle = stage.cycle('too-early', { dependsOn: ['raw/a', 'raw/b'] })
    await cycle.arrive(arrivalOf('raw/a'))
    expect(await refusalOf(cycle.rerun())).toBe(
      `${cycle.id} cannot be rerun now. It has not run yet: it waits for raw/b.`,
    )
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.untilGlueRuns(1)
    expect(await refusalOf(cycle.rerun())).toContain('It is running now.')
    await cycle.glueEnds(1)
    await cycle.result()
    expect((await cycle.now()).actions).toEqual([])
  })

  test('while an upstream is missing after the cutoff', async () => {
    const cutoff = { at: { time: '02:00', days: 1, unit: 'day' as const }, then: 'error' as const }
    const cycle = stage.cycle('missing', { definition: { cutoff }, input: { cutoffMs: Date.now() + SOON_MS } })
    await cycle.arrive(arrivalOf('raw/a'))
    await cycle.untilState('ERROR')
    expect(await refusalOf(cycle.rerun())).toContain('It still misses raw/b and starts by itself when they arrive.')
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.glueEnds(1)
    await cycle.result()
  })
})

describe.concurrent('a request', () => {
  test('that is repeated is one rerun with one answer', async () => {
    const cycle = await failed('repeated')
    const command = { requestId: 'the-request' }
    const answers = await Promise.all([
      cycle.rerun(command, 'u1'),
      cycle.rerun(command, 'u1'),
      cycle.rerun(command, 'u2'),
    ])
    await cycle.untilGlueRuns(2)
    answers.push(await cycle.rerun(command, 'u3'))
    await cycle.signal(RERUN, toCommand(command))

    expect(answers).toEqual([{ attempt: 2 }, { attempt: 2 }, { attempt: 2 }, { attempt: 2 }])
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 2 })
    expect((await cycle.now()).actions).toHaveLength(1)
  })
})

describe.concurrent('a closed cycle', () => {
  test('comes back by a start that carries the command: next run, next attempt, next revision', async () => {
    const cycle = await ready('comes-back')
    await cycle.glueEnds(1)
    const first = await cycle.result()
    const runId = await cycle.comeBack(first, { actor: 'ann', reason: 'the vendor corrected it', requestId: 'back' })
    expect(await cycle.rerun({ requestId: 'back' }, 'asked-again')).toEqual({ attempt: 2 })
    await cycle.glueEnds(2)

    expect(await cycle.result()).toMatchObject({
      ...{ runNumber: 2, state: 'COMPLETED', lastAttempt: 2, revision: 2, publishedEventId: `${cycle.id}/r2` },
      dependencies: first.dependencies,
    })
    expect((await stage.client.workflow.getHandle(cycle.id).describe()).runId).toBe(runId)
    expect(cycle.asked('publishRefreshEvent').at(-1)).toMatchObject({
      ...{ revision: 2, kind: 'rerun', attempt: 2, runId: 'jr_2', causationIds: [arrivalOf('raw/a').eventId] },
    })
    const second = cycle.asked('recordCycle').filter(({ runNumber }) => runNumber === 2)
    expect(second[0]).toMatchObject({ actions: [{ actor: 'ann', requestId: 'back', refused: null }] })
    expect(second.flatMap(({ transitions }) => transitions.map(({ from, to }) => [from, to]))).toEqual([
      ['COMPLETED', 'PROCESSING'],
      ['PROCESSING', 'COMPLETED'],
    ])
    expect(cycle.asked('recallArrivals')).toHaveLength(1)
  })

  test('never comes back by an arrival or by the scheduler', async () => {
    const cycle = await ready('stays-closed')
    await cycle.glueEnds(1)
    await cycle.result()
    const correction = arrivalOf('raw/a', { revision: 2 })
    await expect(cycle.arrive(correction)).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError)
    await expect(cycle.start()).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError)
    expect((await cycle.now()).runNumber).toBe(1)
  })

  test('is brought back once by five commands at once', async () => {
    const cycle = await ready('five-at-once')
    await cycle.glueEnds(1)
    const first = await cycle.result()
    const starts = await Promise.allSettled([1, 2, 3, 4, 5].map(() => cycle.comeBack(first)))
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await cycle.glueEnds(2)
    expect(await cycle.result()).toMatchObject({ runNumber: 2, lastAttempt: 2, revision: 2 })
  })

  test('that was skipped does not run on inputs it never had: the run records the refusal and closes', async () => {
    const cycle = await ready('skipped')
    await cycle.glueEnds(1)
    const first = await cycle.result()
    await cycle.comeBack({ ...first, state: 'SKIPPED' })
    expect(await cycle.result()).toMatchObject({ runNumber: 2, state: 'SKIPPED', lastAttempt: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
    const audited = cycle.asked('recordCycle').flatMap(({ actions }) => actions)
    expect(audited).toMatchObject([{ refused: expect.stringContaining('It was skipped') }])
    expect(cycle.asked('publishNotRefreshed')).toEqual([])
  })
})

describe.concurrent('a run that ended without an end', () => {
  const [a, b] = [arrivalOf('raw/a'), arrivalOf('raw/b')]

  test('while it waited: the next run waits for what is missing, and recalls what came meanwhile', async () => {
    const cycle = stage.cycle('ended-waiting', { dependsOn: ['raw/a', 'raw/b', 'raw/c'] })
    await cycle.arrive(a)
    const past = await cycle.terminate(({ dependencies }) => dependencies[0]?.state === 'ARRIVED')
    cycle.script({ recallArrivals: async () => ({ arrivals: [a, b] }) })

    await cycle.comeBack(past, { requestId: 'back' })
    const waiting = await cycle.until('raw/b is recalled', ({ dependencies }) => dependencies[1]?.state === 'ARRIVED')
    expect(waiting).toMatchObject({ runNumber: 2, state: 'WAITING', actions: [{ refused: null, attempt: 1 }] })
    expect(await refusalOf(cycle.rerun())).toContain('It has not run yet: it waits for raw/c.')
    expect(await cycle.rerun({ requestId: 'back' }, 'asked-again')).toEqual({ attempt: 1 })
    const { searchAttributes } = await stage.client.workflow.getHandle(cycle.id).describe()
    expect(searchAttributes).toMatchObject({ SluiceState: ['WAITING'] })

    await cycle.signal('arrivals', [arrivalOf('raw/c')])
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ runNumber: 2, state: 'COMPLETED', lastAttempt: 1, revision: 1 })
  })

  test('while Glue worked: the next run waits for that Glue run and starts no other', async () => {
    const cycle = await ready('ended-working')
    await cycle.untilGlueRuns(1)
    const past = await cycle.terminate(({ attempts }) => attempts[0]?.runId === 'jr_1')
    await cycle.comeBack(past)
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ runNumber: 2, state: 'COMPLETED', lastAttempt: 1, revision: 1 })
    expect(cycle.asked('startGlueJob')).toHaveLength(1)
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ attempt: 1, runId: 'jr_1', kind: 'initial' }])
  })

  test('while Glue was asked to start: the next run looks for that attempt, from when it began', async () => {
    const started = createGate()
    const startGlueJob = async () => {
      await started.opened
      return { runId: 'jr_1', adopted: false }
    }
    const cycle = await ready('ended-starting', { script: { startGlueJob } })
    await cycle.untilAsked('startGlueJob')
    await cycle.signal(HELD_UP_SIGNAL, { step: 'start', reason: 'Glue is full', isRefusal: false })
    const past = await cycle.terminate(({ state, attempts }) => state === 'PROCESSING' && attempts.length === 1)
    started.open()
    cycle.script({ startGlueJob: async () => ({ runId: 'jr_1', adopted: true }) })
    await cycle.comeBack(past)
    await cycle.glueEnds(1)
    await cycle.result()
    const [first, second] = cycle.asked('startGlueJob')
    expect(second).toEqual({ ...first, notBeforeMs: second?.notBeforeMs })
    expect(second?.notBeforeMs).toBeLessThan(past.attempt?.begunAtMs ?? 0)
    expect((await cycle.now()).attempts).toMatchObject([{ number: 1, runId: 'jr_1', adopted: true }])
  })

  test('before the mirror knew that Glue was asked: the next run looks for that attempt, however old', async () => {
    const started = createGate()
    const startGlueJob = async () => {
      await started.opened
      return { runId: 'jr_1', adopted: false }
    }
    const cycle = await ready('ended-unwritten', { dependsOn: ['raw/a', 'raw/b'], script: { startGlueJob } })
    await cycle.untilAsked('recordCycle')
    await cycle.arrive(arrivalOf('raw/b'))
    await cycle.untilAsked('startGlueJob')
    const past = await cycle.terminate(({ state }) => state === 'WAITING')
    started.open()
    cycle.script({
      startGlueJob: async () => ({ runId: 'jr_1', adopted: true }),
      recallArrivals: async () => ({ arrivals: [arrivalOf('raw/b')] }),
    })
    await cycle.comeBack(past)
    await cycle.glueEnds(1)
    await cycle.result()
    expect(cycle.asked('startGlueJob').map(({ attempt }) => attempt)).toEqual([1, 1])
    expect(cycle.asked('startGlueJob')[1]?.notBeforeMs).toBe(0)
  })

  test('because nobody mended ERROR(wait) in time: the next run waits on, and the arrival starts it', async () => {
    const cutoff = { at: { time: '02:00', days: 1, unit: 'day' as const }, then: 'error' as const }
    const settings = { checkGlueMs: 60_000, errorWaitMs: 1_000, recordRetryMs: 1_000 }
    const cycle = stage.cycle('given-up', {
      definition: { cutoff },
      input: { cutoffMs: Date.now() + SOON_MS, settings },
    })
    await cycle.arrive(a)
    const { details } = await cycle.failure()
    expect(details).toMatchObject({ state: 'ERROR', step: 'wait' })

    await cycle.comeBack(details, {}, { settings: { ...settings, errorWaitMs: 60_000 } })
    const reason = 'opened again by ann: the cause is mended; still waiting for raw/b'
    expect(await cycle.now()).toMatchObject({ runNumber: 2, state: 'ERROR', step: 'wait', reason })
    await cycle.untilAsked('recallArrivals', 2)
    await cycle.signal('arrivals', [b])
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ runNumber: 2, state: 'COMPLETED', lastAttempt: 1, revision: 1 })
    expect(cycle.asked('notifyFailure')).toHaveLength(1)
  })
})

describe.concurrent('a rerun reads the newest correction', () => {
  const second = arrivalOf('raw/a', { revision: 2 })
  const builtFrom = [{ product: 'raw/a', cycle: second.key, revision: 2 }]
  const readBy = (cycle: StagedCycle): unknown[] =>
    cycle
      .asked('startGlueJob')
      .map((order) => JSON.parse(order.arguments['--sluice_inputs'] ?? '')[0].revision as unknown)

  test('that came during the attempt before it, in the same run', async () => {
    const cycle = await ready('corrected')
    await cycle.untilGlueRuns(1)
    await cycle.arrive(second)
    await cycle.until('it is judged', ({ deliveries }) => deliveries.length === 2)
    await cycle.glueEnds(1, 'FAILED')
    await cycle.untilState('ERROR')
    await cycle.rerun()
    await cycle.glueEnds(2)
    expect((await cycle.result()).dependencies).toMatchObject([{ arrival: second }])
    expect(readBy(cycle)).toEqual([1, 2])
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ builtFrom, causationIds: [second.eventId] }])
  })

  test('and so does the run that brings a closed cycle back', async () => {
    const cycle = await ready('corrected-then-closed')
    await cycle.untilGlueRuns(1)
    await cycle.arrive(second)
    await cycle.until('it is judged', ({ deliveries }) => deliveries.length === 2)
    await cycle.glueEnds(1)
    const first = await cycle.result()
    expect(cycle.asked('publishRefreshEvent')).toMatchObject([{ builtFrom: [{ revision: 1 }] }])
    await cycle.comeBack(first)
    await cycle.glueEnds(2)
    await cycle.result()
    expect(readBy(cycle)).toEqual([1, 2])
    expect(cycle.asked('publishRefreshEvent').at(-1)).toMatchObject({ revision: 2, builtFrom })
  })
})

async function acceptedUpdatesOf(workflowId: string): Promise<number> {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length
}
