import { expect, test } from 'vitest'
import { type Here, livePollers, type Poller } from './pollers.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const here: Here = { host: 'desk', isRunning: (pid) => pid === 7 }

const poller = (identity: string, silentSeconds: number): Poller => ({
  ...{ identity, buildId: 'b1', lastPollMs: NOW_MS - silentSeconds * 1_000 },
})
const livesAmong = (pollers: Poller[]): string[] => livePollers(pollers, here, NOW_MS).map(({ identity }) => identity)

test('a worker of this machine counts as long as its process runs, whenever it polled', () => {
  expect(livesAmong([poller('7@desk', 290), poller('8@desk', 0)])).toEqual(['7@desk'])
})

test('of another machine, or under a name of its own, it counts until it was silent for longer than a poll lasts', () => {
  expect(livesAmong([poller('8@rack', 61), poller('8@rack2', 120), poller('a-worker', 0)])).toEqual([
    '8@rack',
    'a-worker',
  ])
})
