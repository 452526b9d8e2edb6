// In: what an update or a signal brought as a command: ours, or what somebody typed into the Temporal UI. Out: a command of
// which each part makes sense; what was left out is empty, and refused as such; and what of it makes none, in a sentence.
// Never: an error. Thrown in a handler, it would fail the workflow task again and again.
import { ACTION_WORDS } from '../model/cycle/commands.ts'
import { toLine, toShort } from '../model/cycle/asker.ts'
import type { Command, OperatorActionKind, OperatorCommand, UpgradeCommand } from '../model/cycle/cycle.ts'
import { parseProductId } from '../model/ids.ts'
import type { Cascade } from '../model/refresh-event.ts'
import { toText } from './signal-payloads.ts'

type Payload = Partial<Record<string, unknown>>

const toPayload = (payload: unknown): Payload =>
  typeof payload === 'object' && payload !== null ? (payload as Payload) : {}

/** One line each, trimmed. */
const toAsker = ({ actor, reason, requestId }: Payload): OperatorCommand => ({
  actor: toLine(toText(actor)),
  reason: toLine(toText(reason)),
  requestId: toText(requestId),
})

export const toUpgrade = (given: unknown): UpgradeCommand => {
  const payload = toPayload(given)
  return { ...toAsker(payload), to: payload['to'] as UpgradeCommand['to'] }
}

type Fault = (value: unknown) => string | null

/** Whoever means what is not understood must not get something else: each says null where it is understood. */
const OPTIONS: Record<OperatorActionKind, Record<string, Fault>> = {
  rerun: {
    publish: oneOf([true, false], 'true or false; false tells nobody of it'),
    cascade: (value) => (value === undefined || toCascade(value) ? null : CASCADE),
    // Inside it, faultOfInput looks.
    to: (value) => (value === undefined || isObject(value) ? null : 'what the cycle would be opened with'),
    openedBy: oneOf(['backfill'], '"backfill"'),
  },
  waive: {
    products: (value) =>
      value === undefined || value === null || isShortList(value)
        ? null
        : `a list of at most ${MOST_NAMES} inputs, such as ["raw/rd2"], or null for all`,
  },
  hold: { of: oneOf(['cycle', 'product'], '"cycle" or "product"') },
  release: { of: oneOf(['cycle', 'product'], '"cycle" or "product"') },
  upgrade: { to: () => null },
  skip: {},
  cancel: {},
}

const ASKER = ['actor', 'reason', 'requestId']

/** Of the options: the first that makes no sense, or is none; null: they are sound. */
export function faultOfOptions(action: OperatorActionKind, given: unknown): string | null {
  const payload = toPayload(given)
  const options = OPTIONS[action]
  const known = [...ASKER, 'action', ...Object.keys(options)]
  const unknown = Object.keys(payload).find((name) => !known.includes(name))
  const what = action === 'upgrade' ? 'An upgrade' : ACTION_WORDS[action]
  if (unknown !== undefined)
    return `${what} has no "${toShort(unknown)}"; it takes ${[...ASKER, ...Object.keys(options)].join(', ')}.`
  if (payload['action'] !== undefined && payload['action'] !== action) return `This is ${what.toLowerCase()} only.`
  for (const [name, faultOf] of Object.entries(options)) {
    const allowed = faultOf(payload[name])
    if (allowed !== null) return `"${name}" of ${what.toLowerCase()} is ${allowed}.`
  }
  return null
}

function oneOf(values: unknown[], words: string): Fault {
  return (value) => (value === undefined || values.includes(value) ? null : words)
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As many inputs as an event names. */
const MOST_NAMES = 1_000

const CASCADE = `"all", or a list of at most ${MOST_NAMES} products, such as ["d1/ds4"]`

const isShortList = (value: unknown): boolean => [value].flat().length <= MOST_NAMES

export function toRerun(given: unknown): Extract<Command, { action: 'rerun' }> {
  const payload = toPayload(given)
  const cascade = toCascade(payload['cascade'])
  const to = payload['to'] as UpgradeCommand['to'] | undefined
  return {
    ...{ action: 'rerun', ...toAsker(payload) },
    ...(payload['publish'] === false && { publish: false }),
    ...(cascade && { cascade }),
    ...(to && { to }),
    ...(payload['openedBy'] === 'backfill' && { openedBy: 'backfill' }),
  }
}

export function toCommand(action: Exclude<Command['action'], 'rerun'>, given: unknown): Command {
  const payload = toPayload(given)
  const asker = toAsker(payload)
  switch (action) {
    case 'waive':
      return { action, ...asker, products: toProducts(payload['products']) }
    case 'hold':
    case 'release':
      return { action, ...asker, of: payload['of'] === 'product' ? 'product' : 'cycle' }
    case 'skip':
    case 'cancel':
      return { action, ...asker }
  }
}

/** Names that are none stay, and are refused as unknown. */
function toProducts(given: unknown): Extract<Command, { action: 'waive' }>['products'] {
  if (given === null) return null
  const list: unknown[] = Array.isArray(given) ? given : [given]
  return [...new Set(list.map((name) => parseProductId(toText(name)) ?? (toShort(toText(name)) as never)))]
}

/** Undefined where one of them is no product, too. */
function toCascade(given: unknown): Cascade | undefined {
  if (given === 'all') return given
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_NAMES) return undefined
  const products = given.flatMap((name) => parseProductId(toText(name)) ?? [])
  return products.length === given.length ? [...new Set(products)] : undefined
}
