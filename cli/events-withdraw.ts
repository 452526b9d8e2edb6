// In: a publication, who takes it back and why. Out: the notice on the bus of its product, as the account that owns it, and a mark
// at its row, so that cycles that open later do not recall it; audited. With `--dry-run` who would lose it, and nothing else.
// Never: a notice before the mark; a repeat is the same notice.
import { randomUUID } from 'node:crypto'
import type { Postgres } from '../clients/postgres.ts'
import { readReaders } from '../mirror/readers.ts'
import { markWithdrawn, readHighestRevision } from '../mirror/withdrawn.ts'
import { withdrawalEffects } from '../model/cycle/readers.ts'
import { type CycleParts, domainOf, parseCycleId, parseEventId, toCycleId, toEventId } from '../model/ids.ts'
import type { ActOptions } from './act.ts'
import { auditDone, auditRefusal } from './audit.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { print, printJson, talk } from './output.ts'
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

interface Withdrawal {
  eventId: string
  parts: CycleParts
  revision: number
  asker: { actor: string; reason: string; requestId: string }
}

export async function withdraw(eventId: string, options: ActOptions): Promise<number> {
  const withdrawal = toWithdrawal(eventId, options)
  const { parts, revision, asker } = withdrawal
  return withConnection(options, domainOf(parts.product), async (connection) => {
    if (options.dryRun) return preview(connection, withdrawal, options)
    const about = {
      ...asker,
      cycle: toCycleId(parts.product, parts.key),
      action: 'withdraw' as const,
      asked: { revision },
    }
    return take(connection, withdrawal, options).catch(async (error: unknown) => {
      if (error instanceof CommandFailure) await auditRefusal(connection, { ...about, refused: error.message })
      throw error
    })
  })
}

function toWithdrawal(eventId: string, options: ActOptions): Withdrawal {
  const event = parseEventId(eventId)
  const parts = event && parseCycleId(event.cycle)
  if (!event || !parts)
    throw new CommandFailure(EXIT.failed, `${eventId} is no refresh event; its id is such as raw/rd1/2026-11-20/r1.`)
  const asker = { actor: options.actor.trim(), reason: options.reason.trim(), requestId: randomUUID() }
  if (!asker.actor || !asker.reason)
    throw new CommandFailure(EXIT.notAllowed, 'To take a refresh back needs an actor and a reason that say something.')
  return { eventId, parts, revision: event.revision, asker }
}

async function preview(
  connection: Connection,
  { eventId, parts, revision }: Withdrawal,
  options: ActOptions,
): Promise<number> {
  const { bus } = await findBus(connection, parts)
  await requireKnown(connection.db(), parts, revision)
  const readers = await readReaders(connection.db(), parts)
  const effects = withdrawalEffects(readers, revision)
  if (options.output === 'json') printJson({ eventId, action: 'withdraw', isDryRun: true, bus, effects, readers })
  else {
    print(
      `${eventId} would be taken back, and all revisions before it: cycles that open from then on do not find them.`,
    )
    for (const effect of effects) print(`  ${effect}`)
    talk('Nothing was done: it was a dry run. To do it, leave --dry-run out.')
  }
  return 0
}

async function take(
  connection: Connection,
  { eventId, parts, revision, asker }: Withdrawal,
  options: ActOptions,
): Promise<number> {
  const { bus } = await findBus(connection, parts)
  const cycle = toCycleId(parts.product, parts.key)
  await requireKnown(connection.db(), parts, revision)
  const isMarked = await markWithdrawn(connection.db(), { cycle, revision })
  const entry = toWithdrawalEntry(bus, {
    ...parts,
    revision,
    reason: asker.reason,
    occurredAt: new Date().toISOString(),
  })
  const noticeId = await putByHand(connection, entry)
  await auditDone(connection, { ...asker, cycle, action: 'withdraw', asked: { revision } })
  if (!isMarked)
    talk(`No cycle of Sluice published ${eventId}: only who hears the notice knows that it was taken back.`)
  if (options.output === 'json') printJson({ bus, eventId: noticeId, entry, isMarked })
  else
    print(
      `${eventId} is taken back. Cycles that have not begun wait for another revision; those that ran on it are flagged.`,
    )
  return 0
}
