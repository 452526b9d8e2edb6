// Row 30: the bus takes part of a call, refuses it, or takes it and its answer is lost.
import { expect, test } from 'vitest'
import { refreshesPut } from '../../verify/sandbox-rows.ts'
import { playCase } from './cases.ts'
import { cyclesOf, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { feed, setFault, untilQuiet } from './walks.ts'
import { countUses, removeFault, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(4)
const PUTS = { service: 'events', operation: 'PutEvents' }

const TROUBLES = [
  { name: 'partial', action: { kind: 'fail-entry', index: 0, code: 'InternalFailure' } },
  { name: 'throttled', action: { kind: 'throttle' } },
  { name: 'reply lost', action: { kind: 'lose-reply' } },
]

test.for(TROUBLES)(
  'row 30: PutEvents $name: put again under the same id, until it is taken',
  { timeout: 10 * MINUTE_MS },
  ({ name, action }) =>
    playCase(stage(), { row: 30, name: `PutEvents ${name}` }, async ({ draw }) => {
      const walks = take(1)
      const seen = await watchLedger(stage())
      const times = draw.between(2, 4)
      await setFault(stage(), { ...PUTS, id: name, account: stage().accounts['d1'], times, action })
      await feed(stage(), walks)
      await untilQuiet(stage(), walks)
      const rows = await seen()
      await removeFault(stage(), name)
      expect(countUses(rows, name)).toBe(times)
      // Three cycles of d1 publish: what the bus took has their three ids, however often it was put.
      const own = cyclesOf(walks[0] as Walk).map(({ cycle }) => `${cycle}/r1`)
      const ids = refreshesPut(rows).flatMap(({ eventId }) => (eventId.startsWith('d1/') ? [eventId] : []))
      expect([...new Set(ids)].toSorted()).toEqual(own.filter((id) => id.startsWith('d1/')).toSorted())
      return { walks }
    }),
)
