import { describe, expect, test } from 'vitest'
import { calendarOf, catalogOf, definitionOf, KEY, toKey, toProduct, versionOf } from '../model/samples.test-data.ts'
import { type Carrier, toVersionLine } from './older-version.ts'

const product = toProduct('d1/ds3')
const definition = definitionOf(product, ['raw/rd1'])
const present = versionOf(definition, 7)
const catalog = catalogOf([present])

const carrier = (more: Partial<Carrier> = {}): Carrier => ({
  ...{ product, key: KEY, definitionVersion: 6, state: 'WAITING', step: null },
  ...more,
})

describe('a cycle that carries an older version', () => {
  const newer = `carries version 6; 7 is in force since ${present.appliedAt}`

  test.each<Partial<Carrier>>([{}, { state: 'ERROR', step: 'wait' }])(
    'and has not begun can be upgraded: %j',
    (more) => {
      expect(toVersionLine(catalog, carrier(more))).toBe(
        `${newer}: sluice upgrade d1/ds3/2026-11-20 --reason … lets it go by that`,
      )
    },
  )

  test.each<Partial<Carrier>>([{ state: 'PROCESSING' }, { state: 'ERROR', step: 'run' }])(
    'and has begun stays: %j',
    (more) => {
      expect(toVersionLine(catalog, carrier(more))).toBe(`${newer}: it has begun, so it stays with version 6`)
    },
  )

  test('goes on as it is where the newer one knows no such cycle', () => {
    const closed = { ...catalog, calendars: [calendarOf('weekdays', { '2026-11-20': 'Storm' })] }
    const line = toVersionLine(closed, carrier())
    expect(line).toMatch(/, by which d1\/ds3 has no cycle 2026-11-20: .*Storm.*: it goes on as it is$/)
    expect(line).not.toContain('sluice upgrade')
    expect(toVersionLine(catalog, carrier({ key: toKey('2026-11-21') }))).toContain('has no cycle 2026-11-21')
  })

  test('goes on as it is where its product was removed', () => {
    expect(toVersionLine({ ...catalog, products: [] }, carrier())).toBe(
      'carries version 6; no definition of d1/ds3 is in force any more, and it goes on as it is',
    )
  })
})

test('nothing is said of a cycle that goes by the version in force, nor of one that is over', () => {
  expect(toVersionLine(catalog, carrier({ definitionVersion: 7 }))).toBeNull()
  for (const state of ['COMPLETED', 'SKIPPED', 'CANCELLED'] as const)
    expect(toVersionLine(catalog, carrier({ state }))).toBeNull()
})
