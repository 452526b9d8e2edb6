// What doctor says of parts that are away, alone and together: the checks are stand-ins, the words are the product's.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connection } from './connection.ts'
import { type Check, examine, type Finding, tell } from './doctor.ts'
import { toDomainChecks } from './doctor-domain.ts'
import { MESH_CHECKS } from './doctor-mesh.ts'

let printed = ''

beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})

afterEach(() => vi.restoreAllMocks())

/** Who is asked since when, and does not answer, fails the test. */
const unasked = { temporal: () => expect.unreachable(), db: () => expect.unreachable() } as unknown as Connection
const signs = (statusAt: string | null, eventAt: string | null = null) =>
  ({ db: () => ({ one: async () => ({ statusAt, eventAt }) }) }) as unknown as Connection

/** By the names that the product gives them. */
const MESH = MESH_CHECKS.filter(({ outage }) => outage)

const toStandIn = (check: Check, away: string[]): Check => ({
  ...check,
  look: async () => (away.includes(check.name) ? Promise.reject(new Error('does not answer')) : 'answers'),
})

async function findingsOf(away: string[], connection: Connection): Promise<Map<string, Finding>> {
  const checks = MESH.map((check) => toStandIn(check, away))
  const findings: Finding[] = []
  await examine(connection, checks, findings)
  return new Map(findings.map((finding) => [finding.check, finding]))
}

test('with PostgreSQL and Temporal away neither line assumes the other, and since when is not known', async () => {
  const found = await findingsOf(['PostgreSQL', 'Temporal'], unasked)
  const [postgres, temporal] = [found.get('PostgreSQL'), found.get('Temporal')]
  expect(postgres).toMatchObject({ since: 'not known', works: 'no cycle moves, as Temporal has a problem too' })
  expect(postgres?.catchesUp).toMatch(/^once Temporal is back too, /)
  expect(temporal).toMatchObject({
    since: 'not known',
    works: expect.stringContaining('kept in the queues for 14 days'),
  })
  expect(temporal?.works).not.toContain('can be read;')
  expect(temporal?.works).toContain('no status or event can be read, as PostgreSQL has a problem too')
  expect(temporal?.catchesUp).toContain('what they do is written down once PostgreSQL is back too')
  for (const finding of found.values()) tell(finding)
  expect(printed.match(/^ {9}since when is not known$/gm)).toHaveLength(2)
})

test('Temporal away alone: the rest can be read, and the mirror says since when', async () => {
  const found = (await findingsOf(['Temporal'], signs('2026-11-20T12:00:00.000Z'))).get('Temporal')
  expect(found?.works).toContain('status, events and definitions can be read')
  expect(found?.since).toBe('the last status was written at 2026-11-20T12:00:00.000Z')
})

test('Temporal away before any status was written: the last event says since when, else nobody does', async () => {
  const heard = (await findingsOf(['Temporal'], signs(null, '2026-11-20T11:00:00.000Z'))).get('Temporal')
  expect(heard?.since).toBe('the last event was written down at 2026-11-20T11:00:00.000Z')
  const silent = (await findingsOf(['Temporal'], signs(null))).get('Temporal')
  expect(silent?.since).toBe('not known')
})

test.each([
  ['PostgreSQL', 'AWS has a problem too', ['PostgreSQL', 'central bus']],
  ['central bus', 'no cycle moves, as Temporal has a problem too', ['Temporal', 'central bus']],
  ['central bus', 'no status can be read, as PostgreSQL has a problem too', ['PostgreSQL', 'central bus']],
  ['Temporal', 'what AWS does cannot be seen', ['Temporal', 'central bus']],
])('%s: %s', async (check, said, away) => {
  const told = { ...signs('2026-11-20T12:00:00.000Z'), temporal: () => Promise.reject(new Error('no')) }
  const found = await findingsOf(away, told as unknown as Connection)
  expect(found.get(check)?.works).toContain(said)
})

/** Temporal with one open cycle, whose activity failed and is tried again. */
const retrying = (activity: string) => ({
  options: { namespace: 'default' },
  workflow: {
    list: async function* () {
      yield { workflowId: 'd1/ds1/2026-11-20' }
    },
    getHandle: () => ({
      fetchHistory: async () => ({
        events: [
          {
            eventTime: { seconds: Date.parse('2026-11-20T12:00:00Z') / 1_000 },
            activityTaskScheduledEventAttributes: { activityId: '1' },
          },
        ],
      }),
    }),
  },
  workflowService: {
    describeWorkflowExecution: async () => ({
      pendingActivities: [{ activityId: '1', activityType: { name: activity }, attempt: 2 }],
    }),
  },
})

test.each(['recordCycle', 'recallArrivals'])(
  'since when PostgreSQL is away is told by a failing %s',
  async (activity) => {
    const told = { temporal: async () => retrying(activity) } as unknown as Connection
    const found = await findingsOf(['PostgreSQL'], told)
    expect(found.get('PostgreSQL')?.since).toMatch(/^2026-11-20T12:00:00.000Z: 1 cycle /)
  },
)

test('an error of the part that could tell since when is said as it is', async () => {
  const refusing = { temporal: () => Promise.reject(new Error('no right to list')) } as unknown as Connection
  const found = await findingsOf(['PostgreSQL'], refusing)
  expect(found.get('PostgreSQL')?.since).toBe('cannot be told: no right to list')
})

/** Of d1, with these away, the mesh's parts included. */
async function domainFindingsOf(away: string[]): Promise<Map<string, Finding>> {
  const checks = [...MESH, ...toDomainChecks('d1')].map((check) => toStandIn(check, away))
  const findings: Finding[] = []
  const told = { ...signs('2026-11-20T12:00:00.000Z'), temporal: () => Promise.reject(new Error('no')) }
  await examine(told as unknown as Connection, checks, findings)
  return new Map(findings.map((finding) => [finding.check, finding]))
}

test.each([
  [['d1: bridge'], 'd1: bridge', 'open cycles go on, and their Glue runs are asked for every few minutes; events'],
  [['d1: bridge', 'PostgreSQL'], 'd1: bridge', 'no status is written, as PostgreSQL has a problem too'],
  [['d1: bridge', 'd1: worker'], 'd1: bridge', 'no cycle goes on, as the worker has a problem too'],
  [['d1: worker'], 'd1: worker', 'the bridge delivers arrivals to the cycles, which keep them; Glue runs go on'],
  [['d1: bridge', 'd1: worker'], 'd1: worker', 'kept in the queue for 14 days, as the bridge has a problem too'],
  [['d1: worker', 'central bus'], 'd1: worker', 'events wait for AWS, which has a problem too'],
])('a domain’s part knows what else is away: %j, %s', async (away, check, said) => {
  expect((await domainFindingsOf(away)).get(check)?.works).toContain(said)
})

test('without AWS nothing is said against a bridge whose queue cannot be asked, nor of the queues', async () => {
  const found = await domainFindingsOf(['central bus'])
  for (const check of ['d1: bridge', 'd1: queues'])
    expect(found.get(check)).toEqual({ check, ok: false, found: 'could not be checked: see central bus' })
})

test('without Temporal nothing is said against a bridge, which then leaves events where they are', async () => {
  const findings: Finding[] = [{ check: 'Temporal', ok: false, found: 'does not answer' }]
  const bridge = toDomainChecks('d1').filter(({ name }) => name === 'd1: bridge')
  await examine(unasked, bridge, findings)
  expect(findings.at(-1)).toEqual({ check: 'd1: bridge', ok: false, found: 'could not be checked: see Temporal' })
})
