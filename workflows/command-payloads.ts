// In: what an update or a signal brought as a command: ours, or what somebody typed into the Temporal UI. Out: a command of
// which each part makes sense; what was left out is empty, and refused as such.
// Never: an error. Thrown in a handler, it would fail the workflow task again and again.
import type { Command, OperatorCommand, UpgradeCommand } from '../model/cycle/cycle.ts'
import { parseProductId } from '../model/ids.ts'
import type { Cascade } from '../model/refresh-event.ts'
import { toText } from './signal-payloads.ts'

type Payload = Partial<Record<string, unknown>>

const toPayload = (payload: unknown): Payload =>
  typeof payload === 'object' && payload !== null ? (payload as Payload) : {}

const toAsker = ({ actor, reason, requestId }: Payload): OperatorCommand => ({
  actor: toText(actor),
  reason: toText(reason),
  requestId: toText(requestId),
})

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
  return list.map((name) => parseProductId(toText(name)) ?? (toText(name) as never))
}

function toCascade(given: unknown): Cascade | undefined {
  if (given === 'all') return given
  const products = Array.isArray(given) ? given.flatMap((name) => parseProductId(toText(name)) ?? []) : []
  return products.length > 0 ? products : undefined
}
