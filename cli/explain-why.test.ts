// Why a cycle waits where the mirror does not answer, and why it ran where it does.
import { afterEach, expect, test, vi } from 'vitest'
import { applyArrival, applyBlocker } from '../model/cycle/arrivals.ts'
import {
  arrivalOf,
  cycleOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../model/samples.test-data.ts'
import { type Cycle, openRun } from '../model/cycle/cycle.ts'
import { toUnopened, withGrace } from '../model/cycle/unopened.ts'
import type { Connection } from './connection.ts'
import { blockerLines, readWhy, reasonLines, toWhyData } from './explain-why.ts'

let said = ''
const away = {
  db: () => {
    throw new Error('Could not connect to PostgreSQL')
  },
} as unknown as Connection

afterEach(() => vi.restoreAllMocks())

const whyOf = (live: Cycle, isMirrorAsked: boolean) => {
  said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text)
    return true
  })
  return readWhy(
    away,
    { parts: { product: live.input.product, key: KEY }, live, report: undefined, isMirrorAsked },
    NOON_MS,
  )
}

test('what it waits for is named, and that no more is known', async () => {
  const why = await whyOf(applyArrival(cycleOf(), arrivalOf('d1/ds1'), NOON_MS), false)
  expect(reasonLines(why)).toEqual([
    'It waits for raw/rd2; how these stand is not known, because the mirror does not answer.',
    'no cutoff: it waits for as long as it takes',
    'nothing says by when it is expected',
  ])
  // It was said when its report was asked for.
  expect(said).toBe('')
  expect(blockerLines(why)).toEqual([])
  expect(toWhyData(why)).toMatchObject({ blockers: null, ran: [], times: { cutoffThen: null } })
})

test('from when on it goes on without what nobody had opened is said', async () => {
  const dependsOn = [{ product: toProduct('raw/a'), ifSkipped: 'run-without' as const }]
  const condition = { kind: 'cycle' as const, at: 0, ifSkipped: 'run-without' as const }
  const opened = openRun({ ...inputOf(definitionOf('d1/top', [], { dependsOn })), condition }, NOON_MS)
  const unopened = toUnopened({ product: toProduct('raw/a'), key: KEY }, '2026-11-20T12:00:00Z')
  const why = await whyOf(applyBlocker(opened, withGrace(opened, unopened)), false)
  expect(reasonLines(why)).toContain(`no cutoff, but from 2026-11-20T12:10:00.000Z on it goes on without raw/a/${KEY}`)
  expect(toWhyData(why).times.goesOn).toEqual([
    { at: '2026-11-20T12:10:00.000Z', cycles: [`raw/a/${KEY}`], then: 'without' },
  ])
})

test('where the mirror goes away in between, that is said in one sentence', async () => {
  const why = await whyOf(cycleOf(), true)
  expect(said).toBe('What it waits for cannot be followed further: Could not connect to PostgreSQL\n')
  expect(reasonLines(why)[0]).toMatch(/^It waits for d1\/ds1, raw\/rd2; how these stand is not known/)
})

test('of a cycle that has begun there is nothing that it waits for', async () => {
  const why = await whyOf(publishedOf(openRun(inputOf(definitionOf('d1/done')), NOON_MS)), true)
  expect(reasonLines(why)).toEqual([])
})
