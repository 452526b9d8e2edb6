// The oracle of cascades and fences: each breach planted in a sound world is seen.
import { beforeAll, expect, test } from 'vitest'
import type { Attempt } from '../../model/cycle/attempt.ts'
import { toEventId } from '../../model/ids.ts'
import type { Publication } from '../../model/refresh-event.ts'
import type { Evidence } from '../../verify/evidence.ts'
import { askedOf, recordsOf } from '../../verify/fold.ts'
import { cascadesIn, checkCascades } from './cascades.ts'
import { checkFences } from './fences.ts'
import { LIMIT_MS } from './play-seeds.ts'
import { type Plant, playSound } from './planting.ts'

const WORLDS = 12
let sound: Evidence[]

beforeAll(async () => {
  sound = await playSound(WORLDS)
}, WORLDS * LIMIT_MS)

const publicationsIn = ({ cycles }: Evidence): Publication[] =>
  cycles.flatMap(({ runs }) =>
    runs.flatMap((run) => askedOf(run, 'publishRefreshEvent').map(({ input }) => input as Publication)),
  )

const attemptsIn = ({ cycles }: Evidence): Attempt[] =>
  cycles.flatMap(({ runs }) => runs.flatMap((run) => recordsOf(run).flatMap(({ snapshot }) => snapshot.attempts)))

const PLANTS: [breach: string, seen: string, plant: Plant][] = [
  [
    'a publication asks for more than anybody said',
    'nobody asked for more than',
    (evidence) => {
      const [first] = publicationsIn(evidence)
      if (first) first.cascade = 'all'
      return first !== undefined
    },
  ],
  [
    'a publication forgets what was asked for',
    'was asked for',
    (evidence) => {
      const asking = publicationsIn(evidence).find(({ cascade }) => cascade !== undefined)
      for (const one of publicationsIn(evidence))
        if (asking && toEventId(one.cycle, one.revision) === toEventId(asking.cycle, asking.revision))
          delete one.cascade
      return asking !== undefined
    },
  ],
  [
    'a consumer that was named went on with the older revision',
    'which has not run on it',
    (evidence) => {
      const ran = cascadesIn(evidence).includes('a cycle ran again by itself for a cascade')
      for (const { inputs = [] } of attemptsIn(evidence)) for (const input of inputs) input.revision = 1
      return ran
    },
  ],
  [
    'what was to tell nobody is published',
    'was to tell nobody',
    (evidence) => {
      const silent = attemptsIn(evidence).filter(({ isUnpublished }) => isUnpublished)
      const told = new Set(publicationsIn(evidence).map(({ attempt }) => attempt))
      const found = silent.find(({ number }) => told.has(number))
      const of = evidence.cycles.find(({ runs }) =>
        runs.some((run) => recordsOf(run).some(({ snapshot }) => found && snapshot.attempts.includes(found))),
      )
      const run = of?.runs.find((one) => askedOf(one, 'publishRefreshEvent').length > 0)
      const step = run && askedOf(run, 'publishRefreshEvent')[0]
      if (!step || !found) return false
      step.atMs = evidence.collectedAtMs
      Object.assign(step.input as Publication, { attempt: found.number })
      return true
    },
  ],
]

test.each(PLANTS)('%s', (_breach, seen, plant) => {
  const evidence = sound.map((one) => structuredClone(one)).find((one) => plant(one))
  if (!evidence) throw new Error(`No world of the first ${WORLDS} holds what it needs.`)
  expect(checkCascades(evidence)).toContainEqual(expect.stringContaining(seen))
})

test('sound worlds break nothing', () => {
  expect(sound.flatMap(checkCascades)).toEqual([])
})

test('a Glue run that began long after its product was held is seen; one on its way, or after the release, is not', () => {
  const run = (startedAtMs: number) => ({ id: 'jr_1', startedAtMs, arguments: { '--sluice_product': 'd1/p1' } })
  const judge = (startedAtMs: number) =>
    checkFences({
      glues: new Map([['d1', { runs: [run(startedAtMs)] }]]),
      mesh: { heldSpells: [{ product: 'd1/p1', fromMs: 0, untilMs: 300_000 }] },
    } as never)
  expect([judge(59_000), judge(61_000), judge(300_001)].map(({ length }) => length)).toEqual([0, 1, 0])
})
