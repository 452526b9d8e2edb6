// How long the loops pause while something is away, and what is said about it. Pauses are noted, not waited for.
import pino from 'pino'
import { beforeEach, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { createOutage, toHiddenMs } from './outage.ts'

const pauses: number[] = []
const lines: Record<string, unknown>[] = []
let nowMs = 0
beforeEach(() => {
  pauses.length = 0
  lines.length = 0
  nowMs = Date.parse('2026-11-20T22:00:00Z')
})

const open = () => {
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
  const pause: Clock['pause'] = async (ms, _value, options) => {
    options?.signal.throwIfAborted()
    pauses.push(ms)
    nowMs += ms
  }
  return createOutage(log, { nowMs: () => nowMs, pause })
}

test('without trouble nobody pauses and nothing is said', async () => {
  const outage = open()
  outage.answered('temporal', await outage.pass())
  await outage.pass()
  expect([pauses, lines]).toEqual([[], []])
})

test.each([
  ['AccessDenied', 50],
  ['ExpiredTokenException', 50],
  ['ECONNREFUSED', 40],
])('%s is logged at level %i: a refusal needs a person', (code, level) => {
  open().report('queue', Object.assign(new Error('SQS receive message failed: no'), { name: 'SQSError', code }))
  expect(lines).toMatchObject([{ level, msg: 'Messages stay in the queue', away: 'queue' }])
})

test('a refusal in the middle of an outage is told once more, as an error', () => {
  const outage = open()
  const refused = Object.assign(new Error('no'), { code: 'AccessDenied' })
  for (const error of [new Error('503'), new Error('503'), refused, refused]) outage.report('queue', error)
  expect(lines.map(({ level }) => level)).toEqual([40, 50])
})

test('pauses double with each trouble, up to half a minute, and begin anew after a success', async () => {
  const outage = open()
  for (let trouble = 0; trouble < 9; trouble++) {
    outage.report('queue', new Error('away'))
    await outage.pass()
  }
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  outage.answered('queue', await outage.pass())
  pauses.pop()
  await outage.pass()
  outage.report('queue', new Error('away'))
  await outage.pass()
  expect(pauses.slice(9)).toEqual([250])
})

test('loops that fail side by side are one trouble: the pause does not grow with their number', async () => {
  const outage = open()
  for (let round = 0; round < 4; round++) {
    for (let loop = 0; loop < 4; loop++) outage.report('queue', new Error('away'))
    await outage.pass()
  }
  expect(pauses).toEqual([250, 500, 1_000, 2_000])
})

test('a message that stays comes back soon at first, and does not use up its 1,000 receives within three days', () => {
  expect([1, 2, 3, 8, 59, 60].map(toHiddenMs)).toEqual([250, 500, 1_000, 30_000, 30_000, 300_000])
  const untilDeadMs = Array.from({ length: 1_000 }, (_none, at) => toHiddenMs(at + 1)).reduce((sum, ms) => sum + ms, 0)
  expect(untilDeadMs).toBeGreaterThan(3 * 86_400_000)
})

test('an outage is two lines: that it began, with the reason, and that it is over, with how long it was', () => {
  const outage = open()
  outage.report('queue', new Error('Temporal does not answer'))
  nowMs += 90_000
  outage.report('queue', new Error('still not'))
  const asked = { queue: 2, temporal: 0 }
  outage.answered('queue', asked)
  outage.answered('queue', asked)
  expect(lines).toMatchObject([
    { msg: 'Messages stay in the queue', error: 'Temporal does not answer' },
    { msg: 'Messages are taken again', since: '2026-11-20T22:00:00.000Z', lastedMs: 90_000 },
  ])
})

test('each trouble has its own begin and end', async () => {
  const outage = open()
  outage.report('queue', new Error('no receive'))
  outage.report('temporal', new Error('Temporal does not answer'))
  outage.answered('queue', await outage.pass())
  outage.answered('queue', await outage.pass())
  outage.answered('temporal', await outage.pass())
  expect(lines.map(({ msg, away, answers }) => [msg, away ?? answers])).toEqual([
    ['Messages stay in the queue', 'queue'],
    ['Messages stay in the queue', 'temporal'],
    ['Messages are taken again', 'queue'],
    ['Messages are taken again', 'temporal'],
  ])
})

test('batches that need no Temporal go on without pauses while it is away, and it is told once', async () => {
  const outage = open()
  for (let round = 0; round < 3; round++) {
    const asked = await outage.pass()
    outage.report('temporal', new Error('Temporal does not answer'))
    outage.answered('queue', asked)
    outage.answered('queue', await outage.pass())
  }
  expect([pauses, lines.length]).toEqual([[250, 250, 250], 1])
})

test.each(['queue', 'temporal'] as const)('what was on its way to %s when it failed ends nothing', async (away) => {
  const outage = open()
  const asked = await outage.pass()
  outage.report(away, new Error('no answer'))
  outage.answered(away, asked)
  outage.report(away, new Error('no answer'))
  expect(lines.map(({ msg }) => msg)).toEqual(['Messages stay in the queue'])
  const next = await outage.pass()
  outage.answered(away, next)
  outage.answered('queue', next)
  await outage.pass()
  expect([pauses, lines.at(-1)?.['msg']]).toEqual([[250], 'Messages are taken again'])
})

test('the end of all waiting ends every pause, and is no trouble to speak of', async () => {
  const outage = open()
  outage.report('queue', new Error('away'))
  outage.end()
  await outage.pass()
  outage.report('queue', new Error('aborted'))
  expect([pauses, lines.length]).toEqual([[], 1])
})

test('messages that wait for something of their own are told once a minute, with since when', () => {
  const outage = open()
  const since = new Date(nowMs).toISOString()
  outage.waiting(3, new Error('PostgreSQL is away'))
  nowMs += 30_000
  outage.waiting(1, new Error('PostgreSQL is away'))
  nowMs += 30_000
  outage.waiting(2, new Error('PostgreSQL is away'))
  expect(lines.map(({ messages, since }) => [messages, since])).toEqual([
    [3, since],
    [2, since],
  ])
  nowMs += 700_000
  outage.waiting(1, new Error('Glue is throttled'))
  expect(lines.at(-1)).toMatchObject({ since: new Date(nowMs).toISOString(), error: 'Glue is throttled' })
})
