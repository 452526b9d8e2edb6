import { expect, test } from 'vitest'
import { beginTry } from './try-age.ts'

const SCHEDULED_MS = Date.parse('2026-11-20T22:00:00Z')

interface Case {
  /** After the try was scheduled, by the worker's clock. */
  begunAfterMs: number
  askedAfterMs: number
  /** The try that Temporal waits for. */
  pending?: number
}

/** The answer, and how often Temporal was asked for it. */
async function ask({ begunAfterMs, askedAfterMs, pending }: Case) {
  let [nowMs, asked] = [SCHEDULED_MS + begunAfterMs, 0]
  const readPending = async () => {
    asked += 1
    return pending === undefined ? undefined : { attempt: pending }
  }
  const isTooOld = beginTry({ attempt: 2, scheduledAtMs: SCHEDULED_MS, nowMs: () => nowMs, readPending })
  nowMs = SCHEDULED_MS + askedAfterMs
  return { why: await isTooOld(), asked }
}

test('a try that was handed out and got here at once asks nobody', async () => {
  expect(await ask({ begunAfterMs: 10, askedAfterMs: 200 })).toEqual({ why: null, asked: 0 })
  expect(await ask({ begunAfterMs: -4_000, askedAfterMs: -3_000 })).toEqual({ why: null, asked: 0 })
})

test('a look-up of half a minute is too long, whatever Temporal says', async () => {
  const slow = { begunAfterMs: 10, askedAfterMs: 30_011, pending: 2 }
  expect(await ask(slow)).toEqual({ why: 'looking for a run took too long', asked: 0 })
})

test('a try that waited an hour for a worker may start', async () => {
  const hour = 3_600_000
  expect(await ask({ begunAfterMs: hour, askedAfterMs: hour + 100, pending: 2 })).toEqual({ why: null, asked: 1 })
})

test('a try that Temporal has given up, while the process was frozen, may not start', async () => {
  const late = { begunAfterMs: 70_000, askedAfterMs: 70_100 }
  for (const pending of [{ pending: 3 }, {}])
    expect(await ask({ ...late, ...pending })).toEqual({ why: 'Temporal has given this try up', asked: 1 })
})

test.each([-3_600, -31, 31, 45, 59, 61, 3_600])('a clock that differs by %i s hinders nobody', async (seconds) => {
  const begunAfterMs = seconds * 1_000
  expect(await ask({ begunAfterMs, askedAfterMs: begunAfterMs + 100, pending: 2 })).toEqual({ why: null, asked: 1 })
})
