// Rows 1 and 15: a try that starts a Glue run is so late that Temporal may have begun the next. Its look for a run hangs, or
// its worker stands still between that look and the start. Never two runs of one attempt (activities/try-age.ts).
import { expect, test } from 'vitest'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { startFreezing } from './freezing.ts'
import { leftOf, rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, pass, useRowStage } from './row-stage.ts'
import { feed, putRaw, setFault, toRawEntry, until, untilQuiet } from './walks.ts'
import { answeringTry, answersOf, countUses, noticesOf, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(2)

/** A role gives a call up after 10 s. */
const HANGS_MS = 12_000
/** Calls of one look that hang, then one that is only slow: 40 to 45 s, more than a try may take and less than Temporal waits. */
const HANGS = 4

test(
  'row 1: a look for a run that took too long starts none; the next try starts one',
  () =>
    playCase(stage(), { row: 1, name: 'the look for a run takes over 40 s' }, async ({ draw, healed }) => {
      const [walk] = take(1) as [Walk]
      const cycle = leftOf(walk)
      await stage().roleOf('worker', 'd1').stop()
      await stage().start({ role: 'worker', domain: 'd1', env: { AWS_MAX_ATTEMPTS: String(HANGS + 1) } })
      await setSlowLook(walk, 'hangs', { times: HANGS, ms: HANGS_MS })
      await setSlowLook(walk, 'slow', { times: 1, ms: draw.between(0, 5_000) })
      const seen = await watchLedger(stage())
      await feed(stage(), [walk])
      await until('the look was answered at last', 2 * MINUTE_MS, async () => countUses(await seen(), 'slow') === 1)
      healed('Glue answers at once')
      await untilQuiet(stage(), [walk])
      expect(countUses(await seen(), 'hangs')).toBe(HANGS)
      expect(await answeringTry(stage(), cycle, 'startGlueJob')).toMatchObject({
        ...{ attempt: 2, type: 'TryTooOld' },
        says: expect.stringContaining('took too long'),
      })
      expect(await answersOf(stage(), cycle, 'startGlueJob'), 'started by the second').toMatchObject([
        { adopted: false },
      ])
      expect(noticesOf(await seen(), cycle), 'one late try needs nobody').toEqual([])
      return { walks: [walk] }
    }),
  15 * MINUTE_MS,
)

/** Of this walk only as long as no other of its lane is under way: a look names the job. */
const setSlowLook = ({ lane }: Walk, id: string, { times, ms }: { times: number; ms: number }): Promise<void> =>
  setFault(stage(), {
    ...{ id, service: 'glue', operation: 'GetJobRuns', where: { JobName: `d1-left-${lane}` }, times },
    action: { kind: 'delay', ms },
  })

test(
  'row 15: a worker that stood still after its look for a run starts none when it wakes up: the next try has',
  () =>
    playCase(stage(), { row: 15, name: 'worker stands still between look and start' }, async (run) => {
      const [walk] = take(1) as [Walk]
      const cycle = leftOf(walk)
      const [first = '', second = ''] = rawProducts(walk)
      const seen = await watchLedger(stage())
      const isStarted = async (): Promise<boolean> => startedRuns(await seen()).some((one) => one.cycle === cycle)
      await stage().roleOf('worker', 'd1').stop()
      const { frozen, hasFrozen } = await startFreezing(stage(), { role: 'worker', domain: 'd1' }, 'GetJobRuns')
      // Only `left` starts: the first look that the worker makes is its own.
      await putRaw(stage(), [toRawEntry(first, walk.key)])
      await until('the worker stands still after its look', 2 * MINUTE_MS, async () => hasFrozen())
      expect(await isStarted(), 'it stands before the start').toBe(false)
      run.note('worker d1 stands still; another takes its place')
      await stage().start({ role: 'worker', domain: 'd1' })
      await putRaw(stage(), [toRawEntry(second, walk.key)])
      await until('the next try started a run', 5 * MINUTE_MS, isStarted)
      await pass(run.draw.between(0, 5_000))
      frozen.thaw()
      run.healed('the first goes on beside the other')
      await until('it came back to its try', 2 * MINUTE_MS, async () => {
        const starts = startedRuns(await seen()).filter((one) => one.cycle === cycle)
        return (
          starts.length > 1 || frozen.lastLines(Number.POSITIVE_INFINITY).includes('looking for a run took too long')
        )
      })
      await untilQuiet(stage(), [walk], 5 * MINUTE_MS)
      await frozen.kill()
      expect(await answeringTry(stage(), cycle, 'startGlueJob')).toMatchObject({
        ...{ attempt: 2, type: undefined },
        says: expect.stringMatching(/StartToClose timeout/),
      })
      expect(noticesOf(await seen(), cycle), 'one late try needs nobody').toEqual([])
      return { walks: [walk] }
    }),
  20 * MINUTE_MS,
)
