// What becomes of a Glue job's end: of our own account and of another, with and without an external that means it.
import { expect, test } from 'vitest'
import { buildIndex } from '../model/calendar/routing.ts'
import type { Domain } from '../model/ids.ts'
import type { ExternalDefinition } from '../model/definition.ts'
import { CALENDARS, definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { sortOut, type Verdict } from './sort-out.ts'
import { createTakenBack } from './taken-back.ts'

const OWN = '222222222222'
const PARTNER = '999999999999'
const STRANGER = '333333333333'
const NOW_MS = Date.parse('2026-11-20T22:00:00Z')

const loadOf = (account?: string, cycle = '{time}'): ExternalDefinition => ({
  ...{ product: toProduct('d1/load'), description: '', every: 'business-day', calendar: 'weekdays', timezone: 'UTC' },
  mappings: [
    {
      ...{ source: 'aws.glue', detailType: 'Glue Job State Change', cycle, ...(account && { account }) },
      where: { 'detail.jobName': 'd1-ds3', 'detail.state': 'SUCCEEDED' },
    },
  ],
})

/** What the bridge of d1 makes of the end of the job `d1-ds3`, which is one of its own, too. */
async function verdictsOf(externals: ExternalDefinition[], account: string, state = 'SUCCEEDED'): Promise<Verdict[]> {
  const waiting = versionOf(definitionOf('d1/ds3', ['d1/load']))
  const run = { ...waiting.definition.run, glue: 'd1-ds3' }
  const index = buildIndex({
    revision: 1,
    domain: {
      ...{ domain: 'd1' as Domain, account: OWN, owner: { team: 'wealth-data', email: 'wealth-data@example.com' } },
      ...{ calendar: 'weekdays', timezone: 'UTC', location: null },
    },
    ...{ products: [{ ...waiting, definition: { ...waiting.definition, run } }], earlier: [], accounts: { d1: OWN } },
    known: [toProduct('d1/ds3'), toProduct('d1/load')],
    ...{ calendars: CALENDARS, schedules: {}, externals },
  })
  const parts = {
    index: { current: () => index, reload: () => Promise.resolve() },
    ...{ centralAccount: '111111111111', window: { acceptForMs: 1e9, horizonMs: 1e9 }, nowMs: () => NOW_MS },
    takenBack: createTakenBack(),
  }
  const Body = JSON.stringify({
    ...{ id: 'g-1', 'detail-type': 'Glue Job State Change', source: 'aws.glue', account },
    ...{ time: '2026-11-20T21:59:00Z', detail: { jobName: 'd1-ds3', jobRunId: 'jr_1', state } },
  })
  return (await sortOut(parts, [{ Body }])).map(({ verdict }) => verdict)
}

test('of another account that an external names it is an arrival, and ends no run of ours', async () => {
  expect(await verdictsOf([loadOf(PARTNER)], PARTNER)).toMatchObject([
    { kind: 'routed', news: { arrival: { product: 'd1/load', key: '2026-11-20' }, sender: { account: PARTNER } } },
  ])
})

test('of another account that an external names, but without a cycle, it is kept with the reason', async () => {
  expect(await verdictsOf([loadOf(PARTNER, '{detail.date}')], PARTNER)).toMatchObject([
    { kind: 'unmapped', reason: expect.stringContaining('d1/load: it has not all') },
  ])
})

test.each([
  ['no external means it', []],
  ['the external means the own account', [loadOf()]],
  ['the external means a third account', [loadOf(PARTNER)]],
])('of another account it is refused when %s', async (_why, externals) => {
  expect(await verdictsOf(externals, STRANGER)).toMatchObject([
    { kind: 'refused', refusal: { code: 'wrong-source', eventId: 'g-1', sender: { account: STRANGER } } },
  ])
})

test('of another account in a state that does not count it is refused', async () => {
  expect(await verdictsOf([loadOf(PARTNER)], PARTNER, 'FAILED')).toMatchObject([{ kind: 'refused' }])
})

test('of our own account it ends our run, and is what an external of our account means by it', async () => {
  expect(await verdictsOf([loadOf()], OWN)).toMatchObject([{ kind: 'glue-end' }, { kind: 'routed' }])
})

test('of our own account it is no stranger to an external that means the same name in another', async () => {
  expect(await verdictsOf([loadOf(PARTNER)], OWN)).toMatchObject([{ kind: 'glue-end' }])
})
