// In: a cycle. Out: what the Temporal UI shows of it, in Markdown: the state in words and the checklist.
import type { Attempt, HeldUp } from '../model/cycle/attempt.ts'
import { type Cycle, currentAttempt, type DependencyStatus } from '../model/cycle/cycle.ts'
import { judgeInputs } from '../model/cycle/inputs.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import { toHeldWords } from '../model/cycle/commands.ts'
import { LIMIT_WORDS } from '../model/cycle/flags.ts'
import { waitingFor } from '../model/cycle/outgoing.ts'
import { isSettled } from '../model/states.ts'

/** The UI takes 20,000 characters; the dev server does not enforce it, so it is cut here. */
const LONGEST = 19_000

export function toDetails(cycle: Cycle, nowMs: number): string {
  const lines = [`**${toSentence(cycle, nowMs)}**`, '', ...toChecklist(cycle), ...toBlockers(cycle), ...toRun(cycle)]
  return lines.join('\n').slice(0, LONGEST)
}

function toSentence(cycle: Cycle, nowMs: number): string {
  const where = cycle.step ? `${cycle.state} (${cycle.step})` : cycle.state
  const { held } = cycle
  if (held && !isSettled(cycle.state))
    return `${where}, held ${held.of === 'product' ? 'with its product ' : ''}${toHeldWords({ ...held, reason: toLine(held.reason) })}`
  if (cycle.heldUp) return `${where}, ${toHeldUp(cycle.heldUp)}: ${toLine(cycle.heldUp.reason)}`
  if (cycle.reason) return `${where}: ${cycle.reason}`
  const missing = waitingFor(cycle, nowMs)
  return missing.length > 0 ? `${where} for ${missing.join(', ')}` : where
}

const toHeldUp = ({ limit, sinceMs }: HeldUp): string =>
  `${limit ? `waits for ${LIMIT_WORDS[limit]}` : 'held up'} since ${toIso(sinceMs)}`

function toChecklist(cycle: Cycle): string[] {
  if (cycle.dependencies.length === 0) return toNone(cycle)
  return [
    '| upstream | cycle | state | arrived |',
    '| --- | --- | --- | --- |',
    ...cycle.dependencies.map((one) => toRow(cycle, one)),
  ]
}

/** None at all, or none that would do. */
const toNone = (cycle: Cycle): string[] => [
  'Waits for no upstream.',
  ...judgeInputs(cycle, Infinity).never.map(({ why }) => `It would wait for ever: ${why}.`),
]

const toRow = (
  { deliveries }: Cycle,
  { product, key, why, state, arrival, arrivedAtMs, blocker, waivedBy }: DependencyStatus,
): string => {
  const waived = waivedBy ? `by ${toCell(waivedBy.actor)}: ${toCell(waivedBy.reason)}` : ''
  // Of a correction that was taken its own time; an earlier run may have heard of it.
  const cameAtMs = deliveries.find(({ eventId }) => eventId === arrival?.eventId)?.atMs ?? arrivedAtMs
  const when = cameAtMs === null ? waived : `${toIso(cameAtMs)}, revision ${arrival?.revision ?? '?'}`
  return `| ${product} | ${key}${why ? ` (${why})` : ''} | ${state} | ${when}${blocker ? 'blocked, see below' : ''} |`
}

const toCell = (text: string): string => toLine(text).replaceAll('|', '/').slice(0, 100)

/** Below the table: a reason is too long for a cell. */
const toBlockers = ({ dependencies }: Cycle): string[] =>
  dependencies.flatMap(({ product, key, blocker }) => {
    if (!blocker) return []
    const state = blocker.isUnopened ? 'never opened' : blocker.state
    const where = blocker.step ? `${state} (${blocker.step})` : state
    return ['', `Blocked by **${product}/${key}**, ${where}: ${toLine(blocker.reason)}`]
  })

const toLine = (text: string): string => toOneLine(text).slice(0, 300)

function toRun(cycle: Cycle): string[] {
  const attempt = currentAttempt(cycle)
  if (!attempt) return []
  const run = attempt.runId ? ` Glue run \`${attempt.runId}\`` : ''
  const pause = cycle.retryAtMs === null ? '' : `, next attempt at ${toIso(cycle.retryAtMs)}`
  return [
    '',
    `Attempt ${attempt.number} of job \`${cycle.input.definition.run.glue}\`${run}: ${toEnd(attempt)}${pause}`,
  ]
}

/** The class where the state alone does not say it. */
const toEnd = ({ end, failure }: Attempt): string =>
  `${end?.state ?? 'under way'}${failure && end?.state === 'FAILED' ? ` (${failure})` : ''}`

const toIso = (atMs: number): string => new Date(atMs).toISOString()
