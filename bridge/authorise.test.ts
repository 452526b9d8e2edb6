// Who may say that a product has refreshed: its domain, from its account, or over the central bus; nobody else.
import { describe, expect, test } from 'vitest'
import { buildIndex } from '../model/calendar/routing.ts'
import type { Domain } from '../model/ids.ts'
import { arrivalOf, KEY, toProduct } from '../model/samples.test-data.ts'
import { authorise } from './authorise.ts'
import type { Parsed, Refused, Sender } from './parse.ts'

const CENTRAL = '999999999999'
const RAW = '111111111111'
const OWN = '222222222222'
const STRANGER = '333333333333'

const index = buildIndex({
  revision: 1,
  domain: {
    ...{ domain: 'd1' as Domain, account: OWN, owner: { team: 'wealth-data', email: 'wealth-data@example.com' } },
    ...{ calendar: 'weekdays', timezone: 'UTC', location: null },
  },
  ...{ products: [], earlier: [], accounts: { raw: RAW, d1: OWN }, known: [toProduct('raw/rd1')] },
  ...{ calendars: [], schedules: {}, externals: [] },
})

const refreshed = (sender: Sender, product = 'raw/rd1'): Exclude<Parsed, Refused> => {
  const arrival = arrivalOf(product)
  return { kind: 'refreshed', eventId: arrival.eventId, sender, arrival }
}

const notRefreshed = (sender: Sender): Exclude<Parsed, Refused> => ({
  ...{ kind: 'not-refreshed', eventId: 'n-1', sender },
  blocker: {
    ...{ eventId: 'n-1', product: toProduct('raw/rd1'), key: KEY, state: 'ERROR', step: 'run', reason: '' },
    occurredAt: '2026-11-20T21:59:00Z',
  },
})

const glueEnd = (sender: Sender): Exclude<Parsed, Refused> => ({
  ...{ kind: 'glue-end', eventId: 'g-1', sender, jobName: 'd1-ds3', runId: 'jr_1', state: 'FAILED' },
  event: { ...sender, detailType: 'Glue Job State Change', time: '2026-11-20T21:59:00Z', id: 'g-1', detail: {} },
})

describe.each([
  ['refreshed', refreshed],
  ['not refreshed', notRefreshed],
])('%s', (_kind, event) => {
  test.each([
    ['its owner', 'dataproduct.raw', RAW, true],
    ['the central bus on its behalf', 'dataproduct.raw', CENTRAL, true],
    ['a stranger under its name', 'dataproduct.raw', STRANGER, false],
    ['another domain under its own name', 'dataproduct.d1', OWN, false],
    ['another domain under its name', 'dataproduct.raw', OWN, false],
    ['its owner under another name', 'dataproduct.d1', RAW, false],
    ['the central bus for another domain', 'dataproduct.d1', CENTRAL, false],
    ['a source that only begins like it', 'dataproduct.raw2', RAW, false],
  ])('said by %s', (_who, source, account, isAllowed) => {
    const refusal = authorise(index, CENTRAL, event({ source, account }))
    if (isAllowed) return expect(refusal).toBeNull()
    expect(refusal).toMatchObject({ code: 'wrong-source', product: 'raw/rd1', sender: { source, account } })
    expect(refusal?.reason).toBe(
      `source ${source} in account ${account} may not publish raw/rd1; expected dataproduct.raw in ${RAW}`,
    )
  })
})

test('of a domain that nobody knows there is no account to compare: routing has the word', () => {
  const sender = { source: 'dataproduct.elsewhere', account: STRANGER }
  expect(authorise(index, CENTRAL, refreshed(sender, 'elsewhere/ds1'))).toBeNull()
})

test.each([
  ['aws.glue', OWN, true],
  ['aws.glue', STRANGER, false],
  ['aws.glue', CENTRAL, false],
  ['dataproduct.d1', OWN, false],
])('a Glue state change by %s in %s', (source, account, isAllowed) => {
  const refusal = authorise(index, CENTRAL, glueEnd({ source, account }))
  expect(refusal === null).toBe(isAllowed)
  if (refusal) expect(refusal).toMatchObject({ code: 'wrong-source', eventId: 'g-1' })
})
