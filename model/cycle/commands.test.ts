// What an operator may do with a cycle as it stands: the table in docs/operators.md, made here and held against the page.
// In: cycles that really came to each state, by facts. Out: the lines of the table. Never: an answer that refuseCommand did not give.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { arrivalOf, cycleOf, definitionOf, endOf, HOUR_MS, inputOf, NOON_MS, toProduct } from '../samples.test-data.ts'
import { CYCLE_STATES, STEPS } from '../states.ts'
import { applyArrival } from './arrivals.ts'
import { refuseCommand } from './commands.ts'
import { type Command, type Cycle, openRun } from './cycle.ts'
import { applyFact, type Fact } from './facts.ts'
import type { RunStatus } from './rerun.ts'

const who = { actor: 'ann', reason: 'vendor is down', requestId: 'request-1' }

const ACTIONS = ['rerun', 'skip', 'waive', 'hold', 'release', 'cancel'] as const
type Action = (typeof ACTIONS)[number]

const COMMANDS: Record<Action, Command> = {
  rerun: { action: 'rerun', ...who },
  skip: { action: 'skip', ...who },
  waive: { action: 'waive', products: null, ...who },
  hold: { action: 'hold', of: 'cycle', ...who },
  release: { action: 'release', of: 'cycle', ...who },
  cancel: { action: 'cancel', ...who },
}

const after = (cycle: Cycle, ...facts: Fact[]): Cycle =>
  facts.reduce((found, fact) => applyFact(found, fact, NOON_MS), cycle)
const started: Fact = { kind: 'run-started', runId: 'jr_1', adopted: false }
const ended = (state: 'SUCCEEDED' | 'FAILED'): Fact => ({ kind: 'run-ended', end: endOf(state, 'jr_1') })
const cancelled: Fact = { kind: 'cancelled', reason: 'reads the wrong bucket' }

const waiting = (): Cycle => cycleOf()
const complete = (cycle: Cycle): Cycle =>
  ['d1/ds1', 'raw/rd2'].reduce((found, product) => applyArrival(found, arrivalOf(product), NOON_MS), cycle)
const running = (): Cycle => after(complete(waiting()), { kind: 'begun' }, started)
const made = (): Cycle => after(running(), ended('SUCCEEDED'))
const published = (cycle: Cycle): Cycle => after(cycle, { kind: 'published', eventId: 'e', revision: 1 })

/** One that runs again by itself once corrections have settled. */
function corrected(): Cycle {
  const dependsOn = ['d1/ds1', 'raw/rd2'].map((product) => ({
    product: toProduct(product),
    onRevision: 'rerun' as const,
  }))
  const opened = openRun(inputOf(definitionOf('d1/ds3', ['d1/ds1', 'raw/rd2'], { dependsOn })), NOON_MS)
  const done = published(after(complete(opened), { kind: 'begun' }, started, ended('SUCCEEDED')))
  return applyArrival(done, arrivalOf('raw/rd2', { revision: 2 }), NOON_MS)
}

/** The cycles of one line differ in nothing that an operator may do: the test asks each. */
const SAMPLES: { state: string; cycles: Cycle[] }[] = [
  { state: '`WAITING`, an input is missing', cycles: [waiting()] },
  {
    state: '`WAITING` for its time',
    cycles: [complete(cycleOf({ notBeforeMs: NOON_MS + HOUR_MS }))],
  },
  { state: '`PROCESSING`', cycles: [after(complete(waiting()), { kind: 'begun' }), running(), made()] },
  { state: '`ERROR` (`wait`)', cycles: [after(waiting(), { kind: 'missed', missing: ['d1/ds1', 'raw/rd2'] })] },
  {
    state: '`ERROR` (`start`, `run`, `publish`)',
    cycles: [
      after(complete(waiting()), { kind: 'begun' }, { kind: 'start-failed', error: 'no such job' }),
      after(running(), ended('FAILED')),
      after(made(), { kind: 'publish-failed', error: 'the bus refuses' }),
    ],
  },
  {
    state: '`ERROR` of a rerun: it has published before',
    cycles: [after(published(made()), { kind: 'rerun', command: who }, { kind: 'begun' }, started, ended('FAILED'))],
  },
  { state: '`COMPLETED`', cycles: [published(made())] },
  { state: '`COMPLETED`, about to run again for a correction', cycles: [corrected()] },
  { state: '`SKIPPED`', cycles: [after(waiting(), { kind: 'skipped', reason: 'nothing comes' })] },
  {
    state: '`CANCELLED`, an attempt had begun or all inputs are there',
    cycles: [after(running(), cancelled), after(complete(waiting()), cancelled)],
  },
  {
    state: '`CANCELLED` of a rerun: it has published before',
    cycles: [after(published(made()), { kind: 'rerun', command: who }, { kind: 'begun' }, started, cancelled)],
  },
  { state: '`CANCELLED` before its inputs had come', cycles: [after(waiting(), cancelled)] },
]

/** By itself where it can be; else with its product, as one may be that is over. */
const held = (cycle: Cycle, run: RunStatus): Cycle =>
  run === 'open' && refuseCommand(cycle, COMMANDS.hold, run, NOON_MS) === null
    ? after(cycle, { kind: 'commanded', command: COMMANDS.hold })
    : { ...cycle, held: { ...who, sinceMs: NOON_MS, of: 'product' } }

/** A release is asked of one that is held. */
function isAllowed(cycles: Cycle[], action: Action, run: RunStatus): boolean {
  const answers = cycles.map((cycle) =>
    refuseCommand(action === 'release' ? held(cycle, run) : cycle, COMMANDS[action], run, NOON_MS),
  )
  const allowed = new Set(answers.map((refused) => refused === null))
  expect(allowed.size, `${action} of ${cycles[0]?.state}, run ${run}: ${answers.join(' | ')}`).toBe(1)
  return allowed.has(true)
}

function toCell(cycles: Cycle[], action: Action): string {
  const [whileOpen, onceClosed] = [isAllowed(cycles, action, 'open'), isAllowed(cycles, action, 'closed')]
  if (whileOpen) return onceClosed ? 'yes' : 'open'
  return onceClosed ? 'closed' : '–'
}

const toLine = ({ state, cycles }: (typeof SAMPLES)[number]): string =>
  `| ${state} | ${ACTIONS.map((action) => toCell(cycles, action)).join(' | ')} |`

describe('docs/operators.md', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8')

  test('says of each state what an operator may do in it, as the code does', () => {
    const [, section = ''] = page.split('\n## Which action in which state\n')
    const [own = ''] = section.split('\n## ')
    const table = own.split('\n').filter((line) => line.startsWith('| `'))
    expect(table).toEqual(SAMPLES.map(toLine))
  })
})

test('every state and every step of an ERROR is asked', () => {
  const cycles = SAMPLES.flatMap((sample) => sample.cycles)
  expect([...new Set(cycles.map(({ state }) => state))].sort()).toEqual([...CYCLE_STATES].sort())
  expect([...new Set(cycles.flatMap(({ step }) => step ?? []))].sort()).toEqual([...STEPS].sort())
})

test('while a cycle is held a rerun is refused wherever it stands, and says how to release it', () => {
  for (const cycle of SAMPLES.flatMap((sample) => sample.cycles))
    expect(refuseCommand(held(cycle, 'open'), COMMANDS.rerun, 'open', NOON_MS)).toContain('sluice release d1/ds3')
})

test.each(ACTIONS)('a refused %s says why in a sentence, whatever the state', (action) => {
  for (const cycle of SAMPLES.flatMap((sample) => sample.cycles)) {
    const refused = refuseCommand(cycle, COMMANDS[action], 'open', NOON_MS)
    if (refused !== null) expect(refused).toMatch(/^[A-Z].*[^ ]$/)
  }
})
