// What doctor says of parts that are away, alone and together: the checks are stand-ins, the words are the product's.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Domain } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import { type Check, examine, type Finding, type Outage, tell } from './doctor.ts'
import { toDomainChecks } from './doctor-domain.ts'
import { AWS_OUTAGE, POSTGRES_OUTAGE, TEMPORAL_OUTAGE, toBridgeOutage } from './doctor-outage.ts'

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

const MESH: [string, Outage][] = [
  ['PostgreSQL', POSTGRES_OUTAGE],
  ['Temporal', TEMPORAL_OUTAGE],
  ['central bus', AWS_OUTAGE],
]

async function findingsOf(away: string[], connection: Connection): Promise<Map<string, Finding>> {
  const checks = MESH.map(
    ([name, outage]): Check => ({
      ...{ name, outage, todo: 'Start it.' },
      look: async () => (away.includes(name) ? Promise.reject(new Error('does not answer')) : 'answers'),
    }),
  )
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

test('an error of the part that could tell since when is said as it is', async () => {
  const refusing = { temporal: () => Promise.reject(new Error('no right to list')) } as unknown as Connection
  const found = await findingsOf(['PostgreSQL'], refusing)
  expect(found.get('PostgreSQL')?.since).toBe('cannot be told: no right to list')
})

test('a domain’s part knows what of the mesh is away', async () => {
  const bridge: Check = {
    ...{ name: 'd1: bridge', todo: 'Start it.', outage: toBridgeOutage('d1' as Domain) },
    look: async () => Promise.reject(new Error('nobody takes what is there')),
  }
  const findings: Finding[] = [{ check: 'PostgreSQL', ok: false, found: 'does not answer' }]
  await examine(unasked, [bridge], findings)
  expect(findings.at(-1)).toMatchObject({ since: 'not known', works: expect.stringContaining('open cycles go on') })
})

test('without Temporal nothing is said against a bridge, which then leaves events where they are', async () => {
  const findings: Finding[] = [{ check: 'Temporal', ok: false, found: 'does not answer' }]
  const bridge = toDomainChecks('d1').filter(({ name }) => name === 'd1: bridge')
  await examine(unasked, bridge, findings)
  expect(findings.at(-1)).toEqual({ check: 'd1: bridge', ok: false, found: 'could not be checked: see Temporal' })
})
