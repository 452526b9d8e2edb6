import { expect, test } from 'vitest'
import type { DefinitionVersion } from '../definition.ts'
import type { CycleKey } from '../ids.ts'
import { CALENDARS, definitionOf, toProduct, versionOf } from '../samples.test-data.ts'
import { judgeEmptyBy } from './empty-cell.ts'
import type { DomainCatalog } from './routing.ts'

const catalogOf = (products: DefinitionVersion[], schedules: DomainCatalog['schedules'] = {}): DomainCatalog =>
  ({ ...{ calendars: CALENDARS, products, schedules } }) as DomainCatalog

const version = (product: string, change: Parameters<typeof definitionOf>[2]): DefinitionVersion => ({
  ...versionOf(definitionOf(product, [], change)),
  firstAppliedAt: '2026-11-18T12:00:00Z',
})
const judge = judgeEmptyBy([
  catalogOf(
    [
      version('d1/daily', { calendar: 'equities' }),
      version('d1/hourly', { every: 'hour', calendar: 'equities', onNonBusinessDay: 'skip' }),
      version('d1/monthly', { every: 'month' }),
    ],
    { 'raw/rd1': { every: 'business-day', calendar: 'bonds', timezone: 'America/New_York' } },
  ),
])
const kindOf = (product: string, key: string) => judge(toProduct(product), key as CycleKey).kind

test.each([
  ['d1/daily', '2026-11-20', 'due'],
  ['d1/daily', '2026-11-21', 'closed'],
  ['d1/daily', '2026-11-26', 'closed'],
  ['d1/daily', '2026-11', 'none'],
  ['d1/hourly', '2026-11-20', 'due'],
  ['d1/hourly', '2026-11-22', 'closed'],
  ['d1/monthly', '2026-11', 'due'],
  ['d1/monthly', '2026-11-30', 'none'],
])('%s at %s: %s', (product, key, kind) => {
  expect(kindOf(product, key)).toBe(kind)
})

test('the reason names the holiday and the calendar', () => {
  expect(judge(toProduct('d1/daily'), '2026-11-26' as CycleKey)).toEqual({
    kind: 'closed',
    reason: 'not a business day of equities (Thanksgiving Day)',
  })
})

test('what fell due before the product came into being is not due: nobody opens it by itself', () => {
  expect([kindOf('d1/daily', '2026-11-17'), kindOf('d1/daily', '2026-11-18')]).toEqual(['none', 'due'])
})

test('of another domain it is known when it is closed, not what is due: not all of its cycles are seen', () => {
  expect([kindOf('raw/rd1', '2026-11-11'), kindOf('raw/rd1', '2026-11-12')]).toEqual(['closed', 'none'])
  expect(kindOf('raw/rd2', '2026-11-11')).toBe('none')
})

test('a date beyond what the calendar covers is not known to be closed', () => {
  expect(kindOf('d1/daily', '2200-01-02')).toBe('unknown')
})
