// Glue's own limits: a start that Glue has no room for waits until it has, and shows as that. Never: an ERROR, an attempt used.
import { Context } from '@temporalio/activity'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { toAwsFailure, toGlueOrderRules } from '../../activities/aws-failures.ts'
import { tellingWhenHeldUp } from '../../activities/held-up.ts'
import { flagWords } from '../../model/cycle/flags.ts'
import { arrivalOf } from '../../model/samples.test-data.ts'
import { createGate, eventually } from './eventually.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage(inject('ground'), 'limits')
})
afterAll(() => stage.close())

const METADATA = '__temporal_workflow_metadata'

describe.concurrent('a start that Glue refuses', () => {
  test.each([
    ['ConcurrentRunsExceededException', 'concurrent-runs'],
    ['ResourceNumberLimitExceededException', 'account-quota'],
    ['ThrottlingException', 'call-rate'],
  ] as const)('%s is a wait with a flag of its own, and no attempt', async (name, limit) => {
    const room = createGate()
    let hasRoom = false
    const tries: number[] = []
    void room.opened.then(() => (hasRoom = true))
    const cycle = stage.cycle(limit, {
      dependsOn: ['raw/a'],
      script: {
        startGlueJob: async (order) => {
          const info = Context.current().info
          const handle = stage.client.workflow.getHandle(info.workflowExecution?.workflowId ?? '')
          tries.push(info.attempt)
          const starts = async () => {
            if (hasRoom) return { runId: 'jr_1', adopted: false }
            throw toAwsFailure(Object.assign(new Error('no room'), { name }), 'start it', toGlueOrderRules(1_000))
          }
          const never = () => Promise.reject(new Error('not asked'))
          const telling = { startGlueJob: starts, awaitGlueJob: never, publishRefreshEvent: never }
          return tellingWhenHeldUp(telling, {
            attempt: () => info.attempt,
            hasFailed: async () => true,
            signal: (signal, payload) => handle.signal(signal, payload),
            warn: (message) => expect.fail(message),
          }).startGlueJob(order)
        },
      },
    })
    await cycle.arrive(arrivalOf('raw/a'))
    const waiting = await cycle.until('it says what it waits for', ({ heldUp }) => heldUp?.limit === limit)
    expect(waiting).toMatchObject({ state: 'PROCESSING', lastAttempt: 1, retryAtMs: null })
    const flag = `waits-for-${limit}`
    const flags = () => cycle.asked('recordCycle').map(({ snapshot }) => snapshot.flags ?? [])
    await eventually('the flag is written', flags, (all) => all.some((found) => found.join() === flag))
    const { currentDetails } = await stage.client.workflow
      .getHandle(cycle.id)
      .query<{ currentDetails: string }>(METADATA)
    expect(currentDetails).toContain(`PROCESSING, ${flagWords(flag)} since `)
    await eventually(
      'it is tried again',
      () => tries.length,
      (count) => count > 2,
    )
    room.open()
    await cycle.glueEnds(1)
    expect(await cycle.result()).toMatchObject({ state: 'COMPLETED', lastAttempt: 1 })
    expect(flags().at(-1)).toEqual([])
    const { transitions } = await cycle.now()
    expect(transitions.map(({ to }) => to)).toEqual(['WAITING', 'PROCESSING', 'COMPLETED'])
    expect(cycle.asked('notifyFailure')).toEqual([])
  })
})
