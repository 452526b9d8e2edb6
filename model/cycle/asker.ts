// Who asks for something and why, as everybody outside may say it. In: the texts that came. Out: why they are not taken, in a
// sentence, or null; and what of them may be kept where they can only be refused after the fact, as with a signal. Pure.
// Never: a text of any length in a cycle's memory, which goes whole into its record; a character that a terminal obeys; a person
// taken for the system.
import type { Command, OperatorCommand } from './cycle.ts'
import type { CycleId } from '../ids.ts'
import { SLUICE } from './revisions.ts'

/** Characters. An action with the longest of them is below 6 kB, mostly below 2 kB: hundreds fit into one record, of which Temporal takes 2 MB. */
export const MOST = { actor: 200, reason: 1_000, requestId: 200 } as const

const NAMES = { actor: 'The actor', reason: 'The reason', requestId: 'The request id' } as const
const TEXTS = ['actor', 'reason', 'requestId'] as const

/** One line: what ends a line, and a tab, is a space. */
export const toLine = (text: string): string => text.replaceAll(/[\t\n\r\u2028\u2029]+/g, ' ').trim()

/** For people to read in a list: of errors of many lines the indentation goes, too. */
export const toOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** Those that a terminal obeys: C0 and C1, and what turns the direction of what follows. NUL, too, which PostgreSQL refuses. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
export const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu

/** Null: it may be taken down as it is. What is empty is for others to refuse. */
export function refuseAsker(asker: OperatorCommand): string | null {
  const refused = refuseTexts(asker)
  if (refused !== null) return refused
  return isReserved(asker.actor)
    ? `"${asker.actor.trim()}" is the name by which Sluice itself asks, so nobody else can be called so: name another actor.`
    : null
}

/** Their length and their characters alone: so far Sluice itself is bound, too. */
export function refuseTexts(asker: OperatorCommand): string | null {
  for (const name of TEXTS) {
    const refused = refuseText(name, asker[name])
    if (refused !== null) return refused
  }
  return null
}

function refuseText(name: (typeof TEXTS)[number], text: string): string | null {
  if (text.length > MOST[name])
    return `${NAMES[name]} is ${text.length} characters long; at most ${MOST[name]} are allowed.`
  const [control] = text.match(CONTROL) ?? []
  if (control === undefined) return null
  return `${NAMES[name]} has a control character (${toCode(control)}); only what can be printed is allowed.`
}

const isReserved = (actor: string): boolean => actor.trim().toLowerCase() === SLUICE

const toCode = (control: string): string =>
  `U+${(control.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** What is written down of one who is refused: cut, which it says, without control characters, and not in the system's name. */
export const toKept = ({ actor, reason, requestId }: OperatorCommand): OperatorCommand => ({
  actor: isReserved(actor) ? `${actor.trim()} (not the system)` : cut(actor, MOST.actor),
  reason: cut(reason, MOST.reason),
  requestId: cut(requestId, MOST.requestId),
})

function cut(text: string, most: number): string {
  const plain = text.slice(0, most).replaceAll(CONTROL, '\ufffd')
  if (text.length <= most) return plain
  const said = ` … (cut, it was ${text.length} characters long)`
  return withoutHalf(plain.slice(0, most - said.length)) + said
}

const SHORT = 160

/** For a sentence about somebody else: one short line of a text that may be older than these bounds. */
export function toShort(text: string): string {
  const line = toLine(text.slice(0, 2 * SHORT).replaceAll(CONTROL, ' '))
  return line.length > SHORT ? `${withoutHalf(line.slice(0, SHORT - 1))}…` : line
}

/** The end of a text as long as a reason may be. */
export const toReason = (text: string): string =>
  text.length > MOST.reason ? `${withoutHalf(text.slice(0, MOST.reason - 1))}…` : text

/** A character of two halves is not cut between them. */
const withoutHalf = (text: string): string => text.replace(/[\ud800-\udbff]$/, '')

const HOLD_REPAIR = 'hold-repair:'

/** The scheduler's tick tells a cycle of a hold that passed it by, in the system's name. */
export const toHoldRepairId = ({ cycle, runNumber, version }: { cycle: string; runNumber: number; version: number }) =>
  `${HOLD_REPAIR}${cycle}:${runNumber}:${version}`

/** The one thing that Sluice asks of this cycle from outside; a rerun for corrections the cycle asks for itself. */
export const isHoldRepair = (command: Command, cycle: CycleId): boolean =>
  (command.action === 'hold' || command.action === 'release') &&
  command.of === 'product' &&
  command.actor === SLUICE &&
  isHoldRepairId(command.requestId, cycle)

/** Of which flush does not matter: the cycle may be further by now. */
function isHoldRepairId(requestId: string, cycle: CycleId): boolean {
  const [runNumber, version] = requestId.split(':').slice(-2).map(Number)
  return requestId === toHoldRepairId({ cycle, runNumber: runNumber ?? 0, version: version ?? 0 })
}
