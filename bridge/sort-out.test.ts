// What becomes of a Glue job's end: of our own account and of another, with and without an external that means it; and of a
// refresh that was taken back before it came.
import { expect, test } from 'vitest'
import { buildIndex } from '../model/calendar/routing.ts'
import type { Domain } from '../model/ids.ts'
import type { ExternalDefinition } from '../model/definition.ts'
import { NOT_REFRESHED, REFRESHED } from '../model/refresh-event.ts'
import { CALENDARS, definitionOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { type SortingParts, sortOut, type Verdict } from './sort-out.ts'
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

/** As the bridge of d1 has them: its job `d1-ds3` is one of its own, and `d1/ds3` waits for `d1/load`. */
function partsOf(externals: ExternalDefinition[]): SortingParts {
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
  return {
    index: { current: () => index, reload: () => Promise.resolve() },
    ...{ centralAccount: '111111111111', window: { acceptForMs: 1e9, horizonMs: 1e9 }, nowMs: () => NOW_MS },
    takenBack: createTakenBack(),
  }
}

/** What the bridge makes of the end of the job. */
async function verdictsOf(externals: ExternalDefinition[], account: string, state = 'SUCCEEDED'): Promise<Verdict[]> {
  const Body = JSON.stringify({
    ...{ id: 'g-1', 'detail-type': 'Glue Job State Change', source: 'aws.glue', account },
    ...{ time: '2026-11-20T21:59:00Z', detail: { jobName: 'd1-ds3', jobRunId: 'jr_1', state } },
  })
  return (await sortOut(partsOf(externals), [{ Body }])).map(({ verdict }) => verdict)
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

test('the word that a refresh was taken back counts for the whole batch, wherever in it it stands, and for later ones', async () => {
  const about = { domain: 'd1', product: 'load', cycle: '2026-11-20' }
  const messageOf = (type: string, id: string, data: object) => ({
    Body: JSON.stringify({
      ...{ id: 'e-1', 'detail-type': type, source: 'dataproduct.d1', account: OWN, time: '2026-11-20T21:59:00Z' },
      detail: {
        metadata: { id: `d1/load/2026-11-20/${id}`, schemaVersion: '1.0', occurredAt: '2026-11-20T21:59:00Z' },
        data: { ...about, ...data },
      },
    }),
  })
  const refreshOf = (revision: number) => messageOf(REFRESHED, `r${revision}`, { revision })
  const taken = messageOf(NOT_REFRESHED, 'not-refreshed-withdrawn.r1', { state: 'CANCELLED', withdraws: 1 })
  const parts = partsOf([])
  const openingsOf = async (...messages: { Body: string }[]) =>
    (await sortOut(parts, messages)).map(({ verdict }) => verdict.kind === 'routed' && verdict.routes[0]?.opening)
  expect(await openingsOf(refreshOf(1))).toEqual(['open'])
  expect(await openingsOf(refreshOf(1), taken, refreshOf(2))).toEqual(['taken-back', 'open', 'open'])
  expect(await openingsOf(refreshOf(1))).toEqual(['taken-back'])
})
