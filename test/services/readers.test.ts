// Who uses a cycle, as each login may know it: every consumer is in exactly one of the two lists, by name or in the count.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { listOverwritten } from '../../mirror/backfill.ts'
import { ensureDomainRole } from '../../mirror/domain-role.ts'
import { readReaders } from '../../mirror/readers.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { applyArrival } from '../../model/cycle/arrivals.ts'
import { type Cycle, openRun } from '../../model/cycle/cycle.ts'
import { applyFact } from '../../model/cycle/facts.ts'
import { withdrawalEffects } from '../../model/cycle/readers.ts'
import { toRecord } from '../../model/cycle/record.ts'
import type { Domain } from '../../model/ids.ts'
import {
  arrivalOf,
  definitionOf,
  inputOf,
  KEY,
  NOON_MS,
  publishedOf,
  toProduct,
} from '../../model/samples.test-data.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

const PRICES = { product: toProduct('vendor/prices'), key: KEY }
const SECRET = { product: toProduct('vendor/secret'), key: KEY }
const DOMAINS = ['vendor', 'shop', 'desk']
const VISIBILITIES = ['mesh', 'domain'] as const
const ENDS = ['waits', 'begun', 'published', 'skipped'] as const
const CONSUMERS = DOMAINS.flatMap((domain) =>
  VISIBILITIES.flatMap((visibility) => ENDS.map((end) => ({ domain, visibility, end }))),
)
type Consumer = (typeof CONSUMERS)[number]

const nameOf = ({ domain, visibility, end }: Consumer): string => `${domain}/${visibility}-${end}/${KEY}`

function cycleOf({ domain, visibility, end }: Consumer): Cycle {
  const definition = definitionOf(`${domain}/${visibility}-${end}`, [PRICES.product, 'raw/rd1'], { visibility })
  const opened = openRun(inputOf(definition), NOON_MS)
  const command = { action: 'skip', actor: 'ann', reason: 'none today', requestId: 'r' } as const
  if (end === 'waits') return opened
  if (end === 'skipped') return applyFact(opened, { kind: 'commanded', command }, NOON_MS)
  const arrived = applyArrival(opened, arrivalOf(PRICES.product, { revision: 2 }), NOON_MS)
  return end === 'begun' ? applyFact(arrived, { kind: 'begun' }, NOON_MS) : publishedOf(arrived)
}

let lent: LentDatabase
const logins = new Map<string, Postgres>()
beforeAll(async () => {
  lent = await lendDatabase()
  const password = 'a password of the test'
  for (const domain of DOMAINS) {
    const username = await ensureDomainRole(lent.db, domain as Domain, password)
    logins.set(domain, openPostgres(Object.assign(new URL(lent.url), { username, password }).href))
  }
  const prices = publishedOf(openRun(inputOf(definitionOf(PRICES.product)), NOON_MS))
  const secret = openRun(inputOf(definitionOf(SECRET.product, ['raw/rd1'], { visibility: 'domain' })), NOON_MS)
  const told = openRun(inputOf(definitionOf('desk/told', [SECRET.product], { visibility: 'domain' })), NOON_MS)
  for (const cycle of [prices, secret, told, ...CONSUMERS.map(cycleOf)]) await recordCycle(lent.db, toRecord(cycle, 0))
})
afterAll(async () => {
  await Promise.all([...logins.values()].map((db) => db.end()))
  await lent.drop()
})

const readBy = (login: string, parts = PRICES) => readReaders(logins.get(login) ?? lent.db, parts)
const isPublished = ({ visibility, end }: Consumer): boolean =>
  visibility === 'mesh' && (end === 'published' || end === 'skipped')

describe.each([
  ['the owner of the tables', () => true],
  ['vendor', (one: Consumer) => one.domain === 'vendor' || isPublished(one)],
  // What others have used of a third domain is not told by name.
  ['shop', (one: Consumer) => one.domain === 'shop'],
])('to %s', (login, isShown) => {
  test('every consumer is either named or counted', async () => {
    const { shown, hidden } = await readBy(login)
    expect(shown.map(({ cycle }) => cycle)).toEqual(CONSUMERS.filter(isShown).map(nameOf).toSorted())
    const left = CONSUMERS.filter((one) => !isShown(one))
    expect(hidden).toEqual(
      DOMAINS.toSorted().flatMap((domain) => {
        const cycles = left.filter((one) => one.domain === domain).length
        return cycles > 0 ? [{ domain, cycles }] : []
      }),
    )
  })
})

test('of a published consumer of another domain it is told what becomes of it', async () => {
  const effects = withdrawalEffects(await readBy('vendor'), 2)
  expect(effects).toContain(
    `shop/mesh-published/${KEY} (COMPLETED) was made from revision 2: it is flagged, and nothing runs again by itself.`,
  )
  expect(effects.at(-1)).toBe('6 more of domain shop have used it or wait for it, which this login may not see.')
})

test('nothing else of the inputs of another domain is shown, and to nobody but the owner of the input', async () => {
  const seen = 'select distinct upstream_product as of, split_part(cycle, $1, 1) as by from mesh_reader order by 2'
  expect(await logins.get('vendor')?.rows(seen, ['/'])).toEqual([
    { of: PRICES.product, by: 'desk' },
    { of: PRICES.product, by: 'shop' },
  ])
  expect(await logins.get('shop')?.rows(seen, ['/'])).toEqual([])
})

test('that a private product is there, and used, is told to its own domain alone', async () => {
  const hiddenFrom = async (login: string) => (await readBy(login, SECRET)).hidden
  expect(await hiddenFrom('vendor')).toEqual([{ domain: 'desk', cycles: 1 }])
  expect(await hiddenFrom('shop')).toEqual([])
  expect(await logins.get('shop')?.rows('select distinct upstream_product as of from hidden_reader')).toEqual([
    { of: PRICES.product },
  ])
})

test('a backfill that makes it anew counts the same consumers', async () => {
  const countedBy = async (db: Postgres | undefined) =>
    (await listOverwritten(db ?? lent.db, PRICES.product, [PRICES.key])).map(({ usedBy, hidden }) => [usedBy, hidden])
  expect(await countedBy(undefined)).toEqual([[12, 0]])
  // Its own four, and of the two others one published each.
  expect(await countedBy(logins.get('vendor'))).toEqual([[6, 12]])
})
