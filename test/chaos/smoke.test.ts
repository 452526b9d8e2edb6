// The stage by itself: with no fault, walks complete as they must; else no fault could be told from a broken stage.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { playCase } from './cases.ts'
import { collectWalks, findBreaches } from './oracle.ts'
import { type Stage, startStage } from './stage.ts'
import { feed, setGlueTimeline, toWalks } from './walks.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ lanes: 1 })
  await setGlueTimeline(stage, 200)
  await stage.startAll()
})
afterAll(() => stage.stop())

test('with no fault every walk of the stage completes, and a breach planted in its evidence is seen', async () => {
  const walks = toWalks(1, 0, 3)
  await playCase(
    stage,
    { row: 0, name: 'no fault' },
    async () => {
      await feed(stage, walks)
      return { walks }
    },
    1,
  )
  const evidence = await collectWalks(stage, walks)
  const doubled = { ...evidence, sandbox: [...evidence.sandbox, ...evidence.sandbox] }
  expect(findBreaches(doubled, walks)).not.toEqual([])
})
