// Row 32: the definitions change while cycles are open: loops, a removed and a renamed product, a dependency that is dropped,
// added or rematched. By the command line. What is wrong is refused whole; an open cycle goes on by the version that it
// carries and refreshes exactly once; one that has not begun takes the new one when asked.
import { expect, test } from 'vitest'
import { type CaseRun, playCase } from './cases.ts'
import { countCatalogPuts, type Definitions, editDefinitions, expectCarried, sluice, upgrade } from './edits.ts'
import { endOf, leftOf, rightOf, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { expectRefreshes, inputsOf, type Refreshed, untilInput, untilSettled, untilState } from './refreshes.ts'
import { RUNS } from './seeds.ts'
import { DATES, putRaw, toRawEntry } from './walks.ts'
import { stateOf } from './witness.ts'

/** One lane for one run; more runs leave some walks at the end of each lane. */
const { stage, take: takeAny } = useRowStage(RUNS === 1 ? DATES : DATES + 5)

/** Of one lane, on days one after another, backwards: an edit is of a product, and so of one lane. */
function take(count: number): Walk[] {
  const walks = takeAny(count)
  return walks.every(({ lane }) => lane === walks[0]?.lane) ? walks : take(count)
}

const joinOf = ({ lane, key }: Walk): string => `d1/join-${lane}/${key}`
const leftyOf = ({ lane, key }: Walk): string => `d1/lefty-${lane}/${key}`

/** Its left side follows from `one`, its right side and the wait of its end from `two`. */
const put = (walk: Walk, ...which: ('one' | 'two')[]): Promise<void> =>
  putRaw(
    stage(),
    which.map((name) => toRawEntry(`raw/${name}-${walk.lane}`, walk.key)),
  )

test(
  'row 32: a loop and a product that waits for itself are refused with words, nothing is applied, and open cycles go on',
  () =>
    playCase(stage(), { row: 32, name: 'a loop, and a product that waits for itself' }, async ({ healed }) => {
      const walks = take(1) as [Walk]
      const [open] = walks
      const { lane } = open
      await put(open, 'two')
      await untilIs(joinOf(open), 'WAITING')
      const puts = await countCatalogPuts(stage())
      const mesh = editDefinitions(stage())
      try {
        mesh.waitsFor(`d1/left-${lane}`, `[raw/one-${lane}, d1/join-${lane}]`)
        const loop = `a loop, so none of these could ever start: d1/join-${lane} waits for d1/left-${lane}, which waits for d1/join-${lane}`
        expect(await mesh.apply()).toMatchObject({ code: 1, out: expect.stringContaining(loop), err: NOTHING })
        mesh.waitsFor(`d1/left-${lane}`, `[d1/left-${lane}]`)
        const self = `d1/left-${lane} waits for itself; it could never start`
        expect(await mesh.apply()).toMatchObject({ code: 1, out: expect.stringContaining(self), err: NOTHING })
      } finally {
        await mesh.restore()
      }
      healed('put back')
      expect(await countCatalogPuts(stage())).toBe(puts)
      expect(await mesh.apply()).toMatchObject({ code: 0, err: expect.stringMatching(/^Nothing had changed\.\n/) })
      await put(open, 'one')
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 32: of a removed and a renamed product the open cycles end by their snapshot, exactly once; who waits for the old name is upgraded',
  () =>
    playEdits('removed, and renamed', async (mesh, run) => {
      const [whole, halved, later] = take(3) as [Walk, Walk, Walk]
      const { lane } = whole
      for (const walk of [whole, halved]) await put(walk, 'two')
      await stage().open(`d1/left-${lane}`, whole.key)
      for (const cycle of [joinOf(whole), endOf(whole), leftOf(whole), joinOf(halved), endOf(halved)])
        await untilIs(cycle, 'WAITING')

      mesh.rename(`d1/left-${lane}`, `d1/lefty-${lane}`)
      const dangling = await mesh.apply('--prune')
      expect([dangling.code, dangling.err]).toEqual([1, NOTHING])
      mesh.waitsFor(`d1/join-${lane}`, `[d1/lefty-${lane}, d1/right-${lane}]`)
      mesh.remove(`d2/end-${lane}`)
      const { out } = await mesh.mustApply('--prune')
      for (const gone of [`d1/left-${lane}`, `d2/end-${lane}`]) expect(out).toMatch(new RegExp(`^- ${gone}\\b`, 'm'))

      for (const walk of [whole, halved]) await put(walk, 'one')
      await put(later, 'one', 'two')
      await expectOnce(whole, [
        [leftOf(whole), [`raw/one-${lane}`]],
        [rightOf(whole), [`raw/two-${lane}`]],
        [joinOf(whole), [`d1/left-${lane}`, `d1/right-${lane}`]],
        [endOf(whole), [`d1/join-${lane}`, `raw/two-${lane}`]],
      ])
      await expectOnce(later, [
        [leftyOf(later), [`raw/one-${lane}`]],
        [joinOf(later), [`d1/lefty-${lane}`, `d1/right-${lane}`]],
      ])
      await expectOnce(halved, [[leftyOf(halved), [`raw/one-${lane}`]]])
      for (const never of [leftOf(later), endOf(later), leftOf(halved)])
        expect(await stateOf(stage(), never), never).toBeUndefined()

      expect(await stateOf(stage(), joinOf(halved))).toMatchObject({ state: 'WAITING' })
      const upgraded = await upgrade(stage(), joinOf(halved))
      run.healed('upgraded')
      expect(upgraded).toMatchObject({ code: 0, out: expect.stringContaining(`waits for ${leftyOf(halved)} too`) })
      await expectOnce(halved, [
        [joinOf(halved), [`d1/lefty-${lane}`, `d1/right-${lane}`]],
        [endOf(halved), [`d1/join-${lane}`, `raw/two-${lane}`]],
      ])
    }),
  15 * MINUTE_MS,
)

test(
  'row 32: a dependency dropped between opening and arrival, before and after it: who is not upgraded waits as before, who is does not',
  () =>
    playEdits('dropped while cycles are open', async (mesh, run) => {
      const [kept, lacking, having, later] = take(4) as [Walk, Walk, Walk, Walk]
      const { lane } = kept
      for (const walk of [kept, lacking]) await put(walk, 'one')
      await put(having, 'two')
      for (const walk of [kept, lacking]) await untilHas(joinOf(walk), leftOf(walk))
      await untilHas(joinOf(having), rightOf(having))

      mesh.waitsFor(`d1/join-${lane}`, `[d1/left-${lane}]`)
      const { err } = await mesh.mustApply()
      expect(err).toContain(`of d1/join-${lane} go on with version`)
      await expectCarried(stage(), joinOf(kept), 'sluice upgrade')

      const both = [`d1/left-${lane}`, `d1/right-${lane}`]
      for (const walk of [lacking, having]) {
        const upgraded = await upgrade(stage(), joinOf(walk))
        expect(upgraded).toMatchObject({
          code: 0,
          out: expect.stringContaining(`waits for ${rightOf(walk)} no more`),
        })
      }
      await expectOnce(lacking, [[joinOf(lacking), [both[0] ?? '']]])
      expect(await stateOf(stage(), joinOf(kept))).toMatchObject({ state: 'WAITING' })
      expect(await stateOf(stage(), joinOf(having))).toMatchObject({ state: 'WAITING' })

      for (const walk of [kept, lacking]) await put(walk, 'two')
      await put(having, 'one')
      await put(later, 'one', 'two')
      run.healed('all arrived')
      await expectOnce(kept, [[joinOf(kept), both]])
      await expectOnce(having, [[joinOf(having), [both[0] ?? '']]])
      await expectOnce(later, [[joinOf(later), [both[0] ?? '']]])
      for (const walk of [kept, lacking, having, later])
        await expectOnce(walk, [[endOf(walk), [`d1/join-${lane}`, `raw/two-${lane}`]]])
    }),
  15 * MINUTE_MS,
)

test(
  'row 32: a dependency added between opening and arrival, before and after it: who is not upgraded does without, who is has it recalled or waits',
  () =>
    playEdits('added while cycles are open', async (mesh, run) => {
      const [kept, recalled, waiting, later] = take(4) as [Walk, Walk, Walk, Walk]
      const { lane } = kept
      for (const walk of [kept, recalled, waiting]) await stage().open(`d1/right-${lane}`, walk.key)
      for (const walk of [kept, recalled]) await put(walk, 'one')
      for (const walk of [kept, recalled]) await untilIs(leftOf(walk), 'COMPLETED')
      for (const walk of [kept, recalled, waiting]) await untilIs(rightOf(walk), 'WAITING')

      mesh.waitsFor(`d1/right-${lane}`, `[raw/two-${lane}, d1/left-${lane}]`)
      await mesh.mustApply()
      for (const walk of [recalled, waiting])
        expect(await upgrade(stage(), rightOf(walk))).toMatchObject({
          ...{ code: 0, out: expect.stringContaining(`waits for ${leftOf(walk)} too`) },
        })
      for (const walk of [kept, recalled, waiting]) await put(walk, 'two')
      await put(later, 'one', 'two')
      const both = [`d1/left-${lane}`, `raw/two-${lane}`]
      await expectOnce(kept, [[rightOf(kept), [both[1] ?? '']]])
      await expectOnce(recalled, [[rightOf(recalled), both]])
      await untilHas(rightOf(waiting), `raw/two-${lane}/${waiting.key}`)
      expect(await stateOf(stage(), rightOf(waiting))).toMatchObject({ state: 'WAITING' })

      await put(waiting, 'one')
      run.healed('all arrived')
      await expectOnce(waiting, [[rightOf(waiting), both]])
      await expectOnce(later, [[rightOf(later), both]])
      for (const walk of [kept, recalled, waiting, later])
        await expectOnce(walk, [[endOf(walk), [`d1/join-${lane}`, `raw/two-${lane}`]]])
    }),
  15 * MINUTE_MS,
)

test(
  'row 32: of an added dependency whose refresh came before its domain waited for it, explain says what brings it, and that does',
  () =>
    playEdits(
      'added after a refresh that nobody kept',
      async (mesh, run) => {
        const [walk] = take(1) as [Walk]
        const { lane, key } = walk
        await stage().open(`d2/end-${lane}`, key)
        await put(walk, 'one')
        await untilHas(joinOf(walk), leftOf(walk))
        // Of raw/one the domain d2 knows nothing so far.
        await settled()

        mesh.waitsFor(`d2/end-${lane}`, `[d1/join-${lane}, raw/two-${lane}, raw/one-${lane}]`)
        await mesh.mustApply()
        expect(await upgrade(stage(), endOf(walk))).toMatchObject({ code: 0 })
        await put(walk, 'two')
        for (const upstream of [joinOf(walk), `raw/two-${lane}/${key}`]) await untilHas(endOf(walk), upstream)
        expect(await stateOf(stage(), endOf(walk))).toMatchObject({ state: 'WAITING' })
        const { out } = await sluice(stage(), 'central', 'explain', endOf(walk))
        expect(out).toContain(`If raw/one-${lane}/${key} has refreshed: sluice events send raw/one-${lane}/${key}\n`)

        const sent = await sluice(stage(), 'raw', 'events', 'send', `raw/one-${lane}/${key}`)
        run.healed('sent')
        expect(sent).toMatchObject({ code: 0 })
        await expectOnce(walk, [[endOf(walk), [`d1/join-${lane}`, `raw/one-${lane}`, `raw/two-${lane}`]]])
        // Once: a domain keeps events for a version that was superseded lately, too.
      },
      1,
    ),
  15 * MINUTE_MS,
)

test(
  'row 32: a dependency rematched between opening and arrival, before and after it: who is not upgraded takes its own day, who is the day before',
  () =>
    playEdits('rematched while cycles are open', async (mesh, run) => {
      // Each day before stands right behind its day.
      const [kept, there, beforeThere, missing, beforeMissing] = take(5) as [Walk, Walk, Walk, Walk, Walk]
      const { lane } = kept
      for (const walk of [kept, there, missing, beforeMissing]) await put(walk, 'two')
      await put(beforeThere, 'one', 'two')
      await untilIs(endOf(beforeThere), 'COMPLETED')
      for (const walk of [kept, there, missing, beforeMissing])
        await untilHas(endOf(walk), `raw/two-${lane}/${walk.key}`)

      const dayBefore = `{ product: d1/join-${lane}, cycle: { calendarDaysBefore: 1 } }`
      mesh.waitsFor(`d2/end-${lane}`, `[${dayBefore}, raw/two-${lane}]`)
      await mesh.mustApply()
      for (const [walk, before] of [
        [there, beforeThere],
        [missing, beforeMissing],
      ] as const) {
        const upgraded = await upgrade(stage(), endOf(walk))
        expect(upgraded).toMatchObject({ code: 0, out: expect.stringContaining(`waits for ${joinOf(walk)} no more`) })
        expect(upgraded.out).toContain(`waits for ${joinOf(before)} too`)
      }
      const inputs = [`d1/join-${lane}`, `raw/two-${lane}`]
      await expectOnce(there, [[endOf(there), inputs]])
      for (const walk of [kept, there, missing]) await put(walk, 'one')
      await expectOnce(kept, [[endOf(kept), inputs]])
      await expectOnce(missing, [[joinOf(missing), [`d1/left-${lane}`, `d1/right-${lane}`]]])
      await settled()
      expect(await stateOf(stage(), endOf(missing))).toMatchObject({ state: 'WAITING' })

      await put(beforeMissing, 'one')
      run.healed('all arrived')
      for (const walk of [missing, beforeMissing]) await expectOnce(walk, [[endOf(walk), inputs]])
      expect(await inputsOf(stage(), endOf(missing))).toContain(joinOf(beforeMissing))
      expect(await inputsOf(stage(), endOf(kept))).toContain(joinOf(kept))
    }),
  15 * MINUTE_MS,
)

const NOTHING = 'Nothing was applied: 1 problem.\n'

/**
 * No walk is a plain one: the case says itself what became of each, beside the invariants. The definitions are put back
 * whatever comes of it: the next case begins with those of the stage.
 */
const playEdits = (
  name: string,
  play: (mesh: Definitions, run: CaseRun) => Promise<void>,
  runs?: number,
): Promise<void> =>
  playCase(
    stage(),
    { row: 32, name },
    async (run) => {
      const mesh = editDefinitions(stage())
      try {
        await play(mesh, run)
        await settled()
      } finally {
        await mesh.restore()
      }
      return { walks: [] }
    },
    runs,
  )

const untilIs = (cycle: string, state: string): Promise<void> => untilState(stage(), cycle, state)
const untilHas = (cycle: string, upstream: string): Promise<void> => untilInput(stage(), cycle, upstream)
const settled = (): Promise<void> => untilSettled(stage())
const expectOnce = (walk: Walk, cycles: Refreshed[]): Promise<void> => expectRefreshes(stage(), walk, cycles)
