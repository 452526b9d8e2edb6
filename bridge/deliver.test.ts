// What Temporal's answers mean. A stand-in gives the answers that a real server gives only in a race or when misconfigured.
import { type Client, ServiceError, WorkflowNotFoundError } from '@temporalio/client'
import { expect, test } from 'vitest'
import type { Route } from '../model/calendar/routing.ts'
import type { Blocker } from '../model/cycle/cycle.ts'
import { arrivalOf, definitionOf, inputOf, KEY, timetableOf, toProduct, versionOf } from '../model/samples.test-data.ts'
import { type CycleDelivery, deliver } from './deliver.ts'

const definition = definitionOf('d1/ds3', ['raw/rd1'])
const { settings } = inputOf(definition)
const route: Route = {
  ...{ cycle: `d1/ds3/${KEY}` as Route['cycle'], key: KEY, version: versionOf(definition) },
  ...{ isCurrent: true, isLookBack: false, dueAtMs: 0, timetable: timetableOf() },
}
const blocker: Blocker = {
  ...{ eventId: `raw/rd1/${KEY}/not-refreshed-1.4`, product: toProduct('raw/rd1'), key: KEY, state: 'ERROR' },
  ...{ step: 'run', reason: '', occurredAt: '2026-11-20T21:59:00.000Z' },
}
const both: CycleDelivery = { route, opening: 'open', arrivals: [arrivalOf('raw/rd1')], blockers: [blocker] }
const arrivalOnly: CycleDelivery = { ...both, blockers: [] }

/** Answers as it is told to; a start is the one call that opens a cycle. */
const temporalThat = (answers: { start?: Error; signal?: Error }): Client => {
  const answer = async (error?: Error): Promise<void> => {
    if (error) throw error
  }
  return {
    withDeadline: (_atMs: number, send: () => Promise<unknown>) => send(),
    workflow: {
      signalWithStart: () => answer(answers.start),
      getHandle: () => ({ signal: () => answer(answers.signal) }),
    },
  } as unknown as Client
}

const notFound = new WorkflowNotFoundError('no such workflow', route.cycle, undefined)
const invalid = (details: string): Error => {
  const cause = Object.assign(new Error(details), { code: 3, details, metadata: {} })
  return new ServiceError('Failed to start workflow', { cause })
}

test('arrivals that were accepted stay so when the blockers find the cycle closed meanwhile', async () => {
  expect(await deliver(temporalThat({ signal: notFound }), settings, both)).toEqual({
    arrivals: { kind: 'accepted' },
    blockers: { kind: 'absent' },
  })
})

test('blockers are named to an open cycle also when Temporal takes the arrivals no more', async () => {
  expect(await deliver(temporalThat({ start: invalid('signal count exceeds limit') }), settings, both)).toEqual({
    arrivals: { kind: 'refused', reason: 'Temporal refused it: signal count exceeds limit' },
    blockers: { kind: 'accepted' },
  })
})

test('an attribute that is not registered is ours to mend; a value that no attribute takes is refused', async () => {
  const unregistered = invalid('Namespace sluice has no mapping defined for search attribute SluiceDomain')
  expect(await deliver(temporalThat({ start: unregistered }), settings, arrivalOnly)).toMatchObject({
    arrivals: { kind: 'unavailable', concerns: 'all' },
  })
  const tooLong = invalid('search attribute SluiceWaitingFor value size 3073 exceeds size limit 2048')
  expect(await deliver(temporalThat({ start: tooLong }), settings, arrivalOnly)).toMatchObject({
    arrivals: { kind: 'refused', reason: expect.stringContaining('exceeds size limit') },
  })
})

test('a definition that no cycle can be opened of is no outage: only what it concerns waits', async () => {
  const availableBy = { time: '08:00', days: 0, unit: 'day' as const }
  const version = versionOf({ ...definition, timezone: 'Mars/Olympus', availableBy })
  const delivery = { ...arrivalOnly, route: { ...route, version } }
  expect(await deliver(temporalThat({}), settings, delivery)).toMatchObject({
    arrivals: {
      ...{ kind: 'unavailable', concerns: 'message' },
      error: { message: expect.stringMatching(/^Could not open d1\/ds3 for 2026-11-20: /) },
    },
  })
})
