// Row 30: the bus takes part of a call, refuses it, or takes it and its answer is lost.
import { expect, test } from 'vitest'
import type { SandboxRow } from '../../verify/evidence.ts'
import { refreshesPut } from '../../verify/sandbox-rows.ts'
import { playCase } from './cases.ts'
import { cyclesOf, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { feed, setFault, until, untilQuiet } from './walks.ts'
import { countUses, removeFault, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(4)
const PUTS = { service: 'events', operation: 'PutEvents' }

/** The AWS SDK itself tries a call that fails as a whole three times: so many reach the activity's own tries too. */
const BEYOND_THE_SDK = { least: 7, most: 9 }
const TROUBLES = [
  { name: 'partial', action: { kind: 'fail-entry', index: 0, code: 'InternalFailure' }, least: 2, most: 4 },
  { name: 'throttled', action: { kind: 'throttle' }, ...BEYOND_THE_SDK },
  { name: 'reply lost', action: { kind: 'lose-reply' }, ...BEYOND_THE_SDK },
]

test.for(TROUBLES)(
  'row 30: PutEvents $name: put again under the same id, until it is taken',
  { timeout: 10 * MINUTE_MS },
  ({ name, action, least, most }) =>
    playCase(stage(), { row: 30, name: `PutEvents ${name}` }, async ({ draw }) => {
      const walks = take(1)
      const seen = await watchLedger(stage())
      const times = draw.between(least, most)
      await setFault(stage(), { ...PUTS, id: name, account: stage().accounts['d1'], times, action })
      await feed(stage(), walks)
      // However often it was put, each refresh is one id; another would be another event to whoever hears it.
      const own = cyclesOf(walks[0] as Walk).map(({ cycle }) => `${cycle}/r1`)
      await until('the bus took each refresh, or one under another id', 3 * MINUTE_MS, async () => {
        const ids = idsTaken(await seen())
        return own.every((id) => ids.includes(id)) || ids.some((id) => !own.includes(id))
      })
      expectIds(await seen(), own)
      await untilQuiet(stage(), walks)
      const rows = await seen()
      await removeFault(stage(), name)
      expect(countUses(rows, name)).toBe(times)
      expectIds(rows, own)
      return { walks }
    }),
)

/** The raw ones are the test's own. */
const idsTaken = (rows: SandboxRow[]): string[] =>
  [...new Set(refreshesPut(rows).map(({ eventId }) => eventId))].filter((id) => !id.startsWith('raw/')).toSorted()

function expectIds(rows: SandboxRow[], own: string[]): void {
  const ids = idsTaken(rows)
  expect(ids, `the bus took ${ids.join(', ')}; it should have ${own.join(', ')}`).toEqual(own.toSorted())
}
