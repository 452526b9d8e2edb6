// `sluice complete`, which shells ask at each Tab, against a real mirror, one that hangs, and none.
import { createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { printCandidates } from '../../cli/complete.ts'
import { createProgram } from '../../cli/program.ts'
import { NAME_QUERIES } from '../../mirror/names.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { openRun } from '../../model/cycle/cycle.ts'
import { toRecord } from '../../model/cycle/record.ts'
import { definitionOf, inputOf, NOON_MS, toKey } from '../../model/samples.test-data.ts'
import { insertApplied } from './applied-rows.ts'
import { type LentDatabase, lendDatabase } from './postgres.ts'

let lent: LentDatabase
let said = { out: '', err: '' }
beforeAll(async () => {
  lent = await lendDatabase()
  for (const key of ['2026-11-19', '2026-11-20']) {
    const input = inputOf(definitionOf('d1/a'), { key: toKey(key) })
    await recordCycle(lent.db, toRecord(openRun(input, NOON_MS), 0))
    if (key === '2026-11-20') await insertApplied(lent.db, input, [])
  }
})
afterAll(() => lent.drop())
beforeEach(() => {
  vi.stubEnv('DATABASE_URL', lent.url)
  said = { out: '', err: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((said.out += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said.err += String(text))))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** As long as it takes. */
const tab = (...words: string[]): Promise<boolean> =>
  printCandidates(createProgram(''), words, { forNamesMs: 60_000, ofServerMs: 60_000 })

test('cycles are offered newest first with their state, products by name', async () => {
  expect(await tab('explain', 'd1/')).toBe(false)
  expect(said).toEqual({ out: 'd1/a/2026-11-20\tWAITING\nd1/a/2026-11-19\tWAITING\n', err: '' })
  said.out = ''
  await tab('upgrade', '--product', '')
  expect(said.out).toBe('d1/a\t\n')
})

test('of a hold products and cycles, of a release what is held, of a withdrawal no notice', async () => {
  const offered = async (...words: string[]) => {
    said.out = ''
    await tab(...words)
    return said.out.split('\n').flatMap((line) => line.split('\t')[0] || [])
  }
  expect(await offered('hold', 'd1/')).toEqual(['d1/a', 'd1/a/2026-11-20', 'd1/a/2026-11-19'])
  expect(await offered('release', '')).toEqual([])
  await lent.db.rows(
    `insert into product_hold (product, domain, actor, reason, since) values ('d1/a', 'd1', 'ann', 'why', now())`,
  )
  await lent.db.rows(
    `update data_product_status set held = '{"of": "cycle", "sinceMs": 1}' where cycle = 'd1/a/2026-11-19'`,
  )
  expect(await offered('release', 'd1')).toEqual(['d1/a', 'd1/a/2026-11-19'])
  await lent.db.rows(
    `insert into event_ledger (domain, event_id, outcome, first_seen_at)
     select 'd1', 'd1/a/2026-11-20/' || one, 'routed', now() from unnest(array['r1', 'not-refreshed-withdrawn.r1', 'not-refreshed-1.2']) as one`,
  )
  expect(await offered('events', 'withdraw', 'd1/')).toEqual(['d1/a/2026-11-20/r1'])
})

test.each(Object.keys(NAME_QUERIES))(
  'the question for names of kind %s is one that the schema answers',
  async (kind) => {
    const found = await lent.db.rows(NAME_QUERIES[kind as keyof typeof NAME_QUERIES], ['d1', 5])
    expect(found.every((row) => 'name' in row && 'said' in row)).toBe(true)
  },
)

test('what the command line itself knows stands before the names', async () => {
  await tab('help', 'sta')
  expect(said.out).toBe('')
  await tab('status', '--product=d1')
  expect(said.out).toBe('--product=d1/a\t\n')
})

test('a mirror that takes the connection and is silent is not waited for, and nothing is said', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address() as { port: number }
  vi.stubEnv('DATABASE_URL', `postgres://me:pw@127.0.0.1:${address.port}/x`)
  const hangs = await printCandidates(createProgram(''), ['explain', 'd1/'])
  expect(hangs, 'the process has to be ended').toBe(true)
  expect(said).toEqual({ out: '', err: '' })
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test.each(['postgres://me:pw@127.0.0.1:1/x', 'no url', ''])(
  'with the database "%s" there are no names, and no word',
  async (url) => {
    vi.stubEnv('DATABASE_URL', url)
    await tab('status', '--domain', '')
    await tab('status', '--st')
    expect(said).toEqual({ out: expect.stringMatching(/^--state\t.*\n--stack\t.*\n$/), err: '' })
  },
)
