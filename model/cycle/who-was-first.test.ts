// Of two who ask the same of a cycle the second is told who was first.
import { expect, test } from 'vitest'
import { arrivalOf, cycleOf, endOf, NOON_MS } from '../samples.test-data.ts'
import { applyArrival } from './arrivals.ts'
import { refuseCommand } from './commands.ts'
import type { Command, Cycle } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'

const ONE = ['raw/a']
const ready = (): Cycle => applyArrival(cycleOf({}, ONE), arrivalOf('raw/a'), NOON_MS)
const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((before, fact) => applyFact(before, fact, NOON_MS), cycle)

const commandOf = (action: Command['action'], actor: string): Command =>
  ({ action, actor, reason: `${actor} says so`, requestId: actor, of: 'cycle', products: null }) as Command
const by = (action: Command['action'], actor: string): Fact => ({
  kind: 'commanded',
  command: commandOf(action, actor),
})

const ask = (cycle: Cycle, action: Command['action']): string | null =>
  refuseCommand(cycle, commandOf(action, 'ben'), 'open', NOON_MS)

const FIRST = /ann asked for it first, at 2026-11-20T12:00:00.000Z: ann says so\.$/

test.each<[Command['action'], Cycle, RegExp]>([
  ['skip', after(cycleOf(), by('skip', 'ann')), /It is skipped already\. Why it is: skipped by ann: ann says so\.$/],
  ['waive', after(cycleOf(), by('waive', 'ann')), FIRST],
  ['hold', after(cycleOf(), by('hold', 'ann')), /held already, by ann since 2026-11-20T12:00:00.000Z: ann says so\.$/],
  ['release', after(cycleOf(), by('hold', 'ann'), by('release', 'ann')), FIRST],
  ['cancel', after(cycleOf(), by('cancel', 'ann')), /is being cancelled already, by ann: ann says so\.$/],
  [
    'rerun',
    after(
      ready(),
      { kind: 'begun' },
      { kind: 'run-started', runId: 'jr_1', adopted: false },
      { kind: 'run-ended', end: endOf('FAILED') },
      by('rerun', 'ann'),
    ),
    /It is running now\. .* sluice cancel d1\/ds3\/2026-11-20 --reason "…"\. ann asked for it first/,
  ],
])('a second %s names the first', (action, cycle, why) => {
  expect(ask(cycle, action)).toMatch(why)
})

test('nobody is named who asked for something else, or was refused', () => {
  expect(ask(after(cycleOf(), by('waive', 'ann')), 'release')).not.toContain('ann')
  const refused = after(ready(), { kind: 'begun' }, by('rerun', 'ann'))
  expect(ask(refused, 'rerun')).not.toContain('ann')
})

test('what has its inputs and is held is told to be released, not that it starts by itself', () => {
  const held = after(ready(), by('hold', 'ann'))
  expect(ask(held, 'waive')).toMatch(
    /no input left to waive\. It is held, by ann .* sluice release d1\/ds3\/2026-11-20 --reason "…"$/,
  )
})
