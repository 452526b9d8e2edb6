// Events in any order and as often as one likes: where no rule asks for the time of an arrival, the end is the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProductDefinition } from '../definition.ts'
import { definitionOf } from '../samples.test-data.ts'
import { comes, type Played, play, type Said } from './play.test-data.ts'

/** A Friday, and the Monday after, which is not told whole. */
const [FRI, MON] = ['2026-11-20', '2026-11-23'] as const

/** What comes before that hour is one set of inputs, whichever revision of it came first. */
const GATE: Partial<ProductDefinition> = { notBefore: { time: '20:00', days: 0, unit: 'day' } }
const PRODUCTS = [
  definitionOf('d1/first', ['raw/a', 'raw/b'], GATE),
  definitionOf('d1/left', ['d1/first', 'raw/b'], GATE),
  definitionOf('d1/end', ['d1/first', 'd1/left'], GATE),
]

/** The last revision of each comes in time; the others whenever, also before the cycle is due, and after it has closed. */
const IN_TIME = [
  ['raw/a', FRI, 2],
  ['raw/b', FRI, 2],
  ['raw/a', MON, 1],
] as const
const WHENEVER = [
  ['raw/a', FRI, 1],
  ['raw/b', FRI, 1],
] as const

const minutesFrom = (date: string, minutes: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + minutes * 60_000).toISOString().slice(0, -1)
/** From a day before the cycle is due until its gate, which is at 01:00 of the next day in UTC; coarse, so that many meet. */
const beforeGate = fc.integer({ min: -14, max: 24 }).map((hours) => hours * 60)
const whenever = fc.integer({ min: -14, max: 80 }).map((hours) => hours * 60)

type Told = readonly [product: string, key: string, revision: number]
const toSaid = ([product, key, revision]: Told, minutes: number): Said =>
  comes(minutesFrom(key, minutes), product, key, revision)

/** Each once at its time, and up to twice more at any later time. */
const comings = (told: Told, first: fc.Arbitrary<number>): fc.Arbitrary<Said[]> =>
  fc
    .tuple(first, fc.array(whenever, { maxLength: 2 }))
    .map(([minutes, again]) => [minutes, ...again.filter((later) => later >= minutes)].map((at) => toSaid(told, at)))

const stories = fc
  .tuple(...IN_TIME.map((told) => comings(told, beforeGate)), ...WHENEVER.map((told) => comings(told, whenever)))
  .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }))

const endsOf = ({ cycles }: Played) =>
  cycles
    .filter(({ key }) => key === FRI || key === MON)
    .map(({ product, key, state, startedAtMs, revision, dependencies }) => ({
      ...{ product, key, state, startedAtMs, revision },
      read: dependencies.map(({ product, arrival }) => `${product} ${arrival?.revision ?? 'nothing'}`),
    }))

const GATE_MS = Date.parse('2026-11-21T01:00:00Z')
const done = (product: string, read: string[]) => ({
  ...{ product, key: FRI, state: 'COMPLETED', startedAtMs: GATE_MS, revision: 1, read },
})
const waits = (product: string, read: string[]) => ({
  ...{ product, key: MON, state: 'WAITING', startedAtMs: null, revision: 0, read },
})
/** By hand. */
const ENDS = [
  done('d1/end', ['d1/first 1', 'd1/left 1']),
  waits('d1/end', ['d1/first nothing', 'd1/left nothing']),
  done('d1/first', ['raw/a 2', 'raw/b 2']),
  waits('d1/first', ['raw/a 1', 'raw/b nothing']),
  done('d1/left', ['d1/first 1', 'raw/b 2']),
  waits('d1/left', ['d1/first nothing', 'raw/b nothing']),
]

test('early, doubled, late and out of order: the same states, starts, revisions and inputs', () => {
  fc.assert(
    fc.property(stories, (said) => {
      expect(endsOf(play({ products: PRODUCTS, said, from: FRI, to: '2026-11-27' }))).toEqual(ENDS)
    }),
    { numRuns: 300 },
  )
})

test('every event has an outcome, and only the first coming of an event is more than a duplicate to a cycle', () => {
  fc.assert(
    fc.property(stories, (said) => {
      const { events } = play({ products: PRODUCTS, said, from: FRI, to: '2026-11-27' })
      expect(events.filter(({ outcomes }) => outcomes.length === 0)).toEqual([])
      const words = events.flatMap(({ line, outcomes }) =>
        outcomes
          .filter(({ outcome }) => outcome !== 'duplicate' && outcome !== 'early')
          .map(({ consumer }) => `${JSON.stringify(idOf(said[line - 1]))} ${consumer}`),
      )
      expect(new Set(words).size).toBe(words.length)
    }),
    { numRuns: 300 },
  )
})

const idOf = (said: Said | undefined): string => (said?.kind === 'event' ? said.arrival.eventId : '')
