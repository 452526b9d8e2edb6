// In: a publication, and why it is taken back. Out: the notice on the bus of its product, as the account that owns it, and a mark
// at its row, so that cycles that open later do not recall it. Never: a notice before the mark; a repeat is the same notice.
import type { Postgres } from '../clients/postgres.ts'
import { markWithdrawn, readHighestRevision } from '../mirror/withdrawn.ts'
import { type CycleParts, domainOf, parseCycleId, parseEventId, toCycleId, toEventId } from '../model/ids.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { findBus, putByHand } from './put-by-hand.ts'
import { toWithdrawalEntry } from './refresh-entry.ts'

/** The notice takes back all revisions up to this one: a slip of the finger would take back those to come. */
async function requireKnown(db: Postgres, parts: CycleParts, revision: number): Promise<void> {
  const highest = await readHighestRevision(db, domainOf(parts.product), parts)
  if (highest === 0 || revision <= highest) return
  const cycle = toCycleId(parts.product, parts.key)
  const known = `the highest revision of ${cycle} that anybody has heard of is ${highest}`
  throw new CommandFailure(EXIT.failed, `${toEventId(cycle, revision)} is not known: ${known}. Nothing was taken back.`)
}

export interface WithdrawOptions {
  reason: string
  stack?: string
  output: Output
}

export async function withdraw(eventId: string, options: WithdrawOptions): Promise<number> {
  const event = parseEventId(eventId)
  const parts = event && parseCycleId(event.cycle)
  if (!event || !parts)
    throw new CommandFailure(EXIT.failed, `${eventId} is no refresh event; its id is such as raw/rd1/2026-11-20/r1.`)
  const reason = options.reason.trim()
  if (!reason) throw new CommandFailure(EXIT.notAllowed, 'To take a refresh back needs a reason that says something.')
  return withConnection(options, domainOf(parts.product), async (connection) => {
    const { bus } = await findBus(connection, parts)
    await requireKnown(connection.db(), parts, event.revision)
    const isMarked = await markWithdrawn(connection.db(), event)
    const about = { ...parts, revision: event.revision, reason, occurredAt: new Date().toISOString() }
    const entry = toWithdrawalEntry(bus, about)
    const noticeId = await putByHand(connection, entry)
    if (!isMarked)
      talk(`No cycle of Sluice published ${eventId}: only who hears the notice knows that it was taken back.`)
    if (options.output === 'json') printJson({ bus, eventId: noticeId, entry, isMarked })
    else
      print(
        `${eventId} is taken back. Cycles that have not begun wait for another revision; those that ran on it are flagged.`,
      )
    return 0
  })
}
