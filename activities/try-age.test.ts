import { expect, test } from 'vitest'
import { beginTry, type PendingTry } from './try-age.ts'

const SCHEDULED_MS = Date.parse('2026-11-20T22:00:00Z')

interface Case {
  /** After the try was scheduled, by the worker's clock. */
  begunAfterMs: number
  askedAfterMs: number
  pending?: PendingTry
}

/** The answer, and how often Temporal was asked for it. */
async function ask({ begunAfterMs, askedAfterMs, pending }: Case) {
  let [nowMs, asked] = [SCHEDULED_MS + begunAfterMs, 0]
  const readPending = async () => {
    asked += 1
    return pending
  }
  const isTooOld = beginTry({ attempt: 2, scheduledAtMs: SCHEDULED_MS, nowMs: () => nowMs, readPending })
  nowMs = SCHEDULED_MS + askedAfterMs
  return { why: await isTooOld(), asked }
}

const pendingSince = (startedAfterMs: number, attempt = 2): PendingTry => ({
  attempt,
  startedAtMs: SCHEDULED_MS + startedAfterMs,
})

test('a try that was handed out and got here at once asks nobody', async () => {
  expect(await ask({ begunAfterMs: 10, askedAfterMs: 200 })).toEqual({ why: null, asked: 0 })
  expect(await ask({ begunAfterMs: -4_000, askedAfterMs: -3_000 })).toEqual({ why: null, asked: 0 })
})

test('a look-up of half a minute is too long, whatever Temporal says', async () => {
  const slow = { begunAfterMs: 10, askedAfterMs: 30_011, pending: pendingSince(5) }
  expect(await ask(slow)).toEqual({ why: 'looking for a run took too long', asked: 0 })
})

test('a try that waited an hour for a worker may start, one that was frozen in between may not', async () => {
  const hour = 3_600_000
  const waited = { begunAfterMs: hour, askedAfterMs: hour + 100, pending: pendingSince(hour - 10) }
  expect(await ask(waited)).toEqual({ why: null, asked: 1 })
  const frozen = { ...waited, pending: pendingSince(hour - 45_000) }
  expect(await ask(frozen)).toEqual({ why: 'this try began too long ago', asked: 1 })
})

test('a try that Temporal has given up may not start', async () => {
  const late = { begunAfterMs: 70_000, askedAfterMs: 70_100 }
  for (const pending of [pendingSince(65_000, 3), undefined])
    expect(await ask(pending ? { ...late, pending } : late)).toEqual({
      why: 'Temporal has given this try up',
      asked: 1,
    })
})

test('clocks that disagree by an hour hinder nobody', async () => {
  for (const skewMs of [-3_600_000, 3_600_000]) {
    const skewed = { begunAfterMs: skewMs, askedAfterMs: skewMs + 100, pending: pendingSince(10) }
    expect(await ask(skewed)).toEqual({ why: null, asked: 1 })
  }
})
