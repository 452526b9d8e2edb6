// Row 31: the bus takes an event and delivers it to nobody, or to all but one. The tick finds in the mirror what is missing.
// Not here, since nothing finds it: an event of a product that no cycle of Sluice publishes; only who put it knows of it.
import { expect, test } from 'vitest'
import { playCase } from './cases.ts'
import { lose, type PLACES, untilLost } from './losses.ts'
import { type ChaosDomain, endOf, joinOf, leftOf, rawProducts, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { tick } from './tick.ts'
import { askDoctor } from './told.ts'
import { putRaw, toRawEntry, until, untilQuiet } from './walks.ts'
import { answersOf, signalledIds, stateOf, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(4)

interface Loss {
  place: keyof typeof PLACES
  from: (walk: Walk) => string
  to: (walk: Walk) => string
  domain: ChaosDomain
}

const TO_D2 = { from: joinOf, to: endOf, domain: 'd2' as const }
const LOSSES: Loss[] = [
  { place: 'on the central bus', ...TO_D2 },
  { place: 'by the rule that forwards to one domain', ...TO_D2 },
  { place: 'before the queue', ...TO_D2 },
  { place: "on the domain's own bus", from: leftOf, to: joinOf, domain: 'd1' },
]

test.for(LOSSES)(
  'row 31: lost $place: the tick tells the cycle that waits, which refreshes once, and doctor counts it',
  { timeout: 10 * MINUTE_MS },
  ({ place, from, to, domain }) =>
    playCase(stage(), { row: 31, name: `lost ${place}` }, async ({ note, healed }) => {
      const [walk] = take(1) as [Walk]
      const [one = '', two = ''] = rawProducts(walk)
      const [upstream, consumer] = [from(walk), to(walk)]
      const eventId = `${upstream}/r1`
      const seen = await watchLedger(stage())
      await lose(stage(), place, eventId)
      await putRaw(stage(), [toRawEntry(two, walk.key)])
      // What was published before a cycle opened it finds by itself; this one is open, and has looked.
      await until(`${consumer} has looked for what there is`, MINUTE_MS, () => hasLooked(consumer))
      await putRaw(stage(), [toRawEntry(one, walk.key)])
      await untilLost(stage(), seen, upstream, 1)
      note(`${eventId} was lost`)
      expect(await stateOf(stage(), consumer)).toMatchObject({ state: 'WAITING' })
      expect((await tick(stage(), domain)).repaired, 'cycles that the tick told').toBe(1)
      healed('the tick told it', [walk])
      const { found } = (await askDoctor(stage(), `${domain}: last tick`, domain)) ?? {}
      expect(found).toContain('told 1 cycle what had passed by')
      await untilQuiet(stage(), [walk])
      expect((await signalledIds(stage(), consumer)).filter((id) => id === eventId)).toEqual([eventId])
      expect((await tick(stage(), domain)).repaired, 'nothing is left to tell').toBe(0)
      return { walks: [walk] }
    }),
)

async function hasLooked(cycle: string): Promise<boolean> {
  return (await stateOf(stage(), cycle)) !== undefined && (await answersOf(stage(), cycle, 'recallArrivals')).length > 0
}
