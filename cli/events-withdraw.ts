// In: a publication, who takes it back and why. Out: the notice on the bus of its product, as the account that owns it, and a mark
// at its row, so that cycles that open later do not recall it; audited. With `--dry-run` who would lose it, and nothing else.
// Never: a notice before the mark; a second one once the first is out; one of what nobody knows.
import type { Postgres, Queries } from '../clients/postgres.ts'
import { readReaders } from '../mirror/readers.ts'
import { type AuditedRow, listAudited } from '../mirror/audit.ts'
import { lockWithdrawals, markWithdrawn, readHighestRevision } from '../mirror/withdrawn.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { withdrawalEffects } from '../model/cycle/readers.ts'
import {
  type CycleId,
  type CycleParts,
  domainOf,
  parseCycleId,
  parseEventId,
  type ProductId,
  toCycleId,
  toEventId,
} from '../model/ids.ts'
import type { ActOptions } from './act.ts'
import { requireAsker } from './asker.ts'
import { auditRefusal, requireAudited, toWhoWasFirst } from './audit.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { isExternal, whyNoDefinition } from './no-definition.ts'
import { print, printJson, talk } from './output.ts'
import { findBus, putByHand } from './put-by-hand.ts'
import { readCatalog } from './read-catalog.ts'
import { toWithdrawalEntry } from './refresh-entry.ts'

interface Withdrawal {
  eventId: string
  parts: CycleParts
  revision: number
  asker: { actor: string; reason: string; requestId: string }
}

/** So long the second of two waits for the first. */
const LOCKED_MS = 10_000
/** PostgreSQL's code for a statement that took longer than it may. */
const QUERY_CANCELED = '57014'

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
    const taken = connection.db().session(LOCKED_MS, async (session) => {
      await lockWithdrawals(session, about.cycle).catch(throwBusy)
      return take({ connection, session }, withdrawal, options)
    })
    return taken.catch(async (error: unknown) => {
      if (error instanceof CommandFailure) await auditRefusal(connection, { ...about, refused: error.message })
      throw error
    })
  })
}

function throwBusy(error: unknown): never {
  if ((error as { code?: string }).code !== QUERY_CANCELED) throw error
  const next = 'See what came of it, then ask again if it is still needed: sluice audit --action withdraw'
  throw new CommandFailure(EXIT.conflict, `Somebody else takes it back just now, so nothing was done. ${next}`)
}

function toWithdrawal(eventId: string, options: ActOptions): Withdrawal {
  const event = parseEventId(eventId)
  const parts = event && parseCycleId(event.cycle)
  if (!event || !parts)
    throw new CommandFailure(EXIT.failed, `${eventId} is no refresh event; its id is such as raw/rd1/2026-11-20/r1.`)
  const asker = requireAsker(options, 'To take a refresh back needs an actor and a reason that say something.')
  return { eventId, parts, revision: event.revision, asker }
}

interface Wanted {
  bus: string
  db: Postgres
}

/** What can be taken back, and on which bus that is said. */
async function requireWanted(connection: Connection, { eventId, parts, revision }: Withdrawal): Promise<Wanted> {
  const applied = await readCatalog(connection, domainOf(parts.product))
  const db = connection.db()
  await requireKnown(db, applied, { parts, revision })
  const earlier = await findEarlier(db, toCycleId(parts.product, parts.key), revision)
  if (earlier) {
    const by = Number(earlier.asked?.['revision'])
    const withLater = by > revision ? `, with revision ${by}` : ''
    throw new CommandFailure(
      EXIT.notAllowed,
      `${eventId} is taken back already${withLater}.${toWhoWasFirst(earlier)} Nothing was sent.`,
    )
  }
  return { bus: findBus(connection, applied, parts), db }
}

/** The notice takes back all revisions up to this one: a slip of the finger would take back those to come. */
async function requireKnown(
  db: Postgres,
  applied: Pick<DomainCatalog, 'products' | 'externals'>,
  { parts, revision }: Pick<Withdrawal, 'parts' | 'revision'>,
): Promise<void> {
  const highest = await readHighestRevision(db, domainOf(parts.product), parts)
  const event = toEventId(toCycleId(parts.product, parts.key), revision)
  if (highest === 0) {
    // Of an external, what its domain has heard of may be gone from the ledger.
    if (isExternal(applied, parts.product) && revision === 1) return
    if (isExternal(applied, parts.product) || isDefined(applied, parts.product)) {
      const unknown = `${toCycleId(parts.product, parts.key)} has published nothing yet that anybody has heard of`
      throw new CommandFailure(EXIT.failed, `${event} is not known: ${unknown}. Nothing was taken back.`)
    }
    const unheard = `Nobody has heard of ${event} either. Nothing was taken back.`
    throw new CommandFailure(EXIT.notAllowed, `${whyNoDefinition(applied, parts)} ${unheard}`)
  }
  if (revision <= highest) return
  const known = `the highest revision of ${toCycleId(parts.product, parts.key)} that anybody has heard of is ${highest}`
  throw new CommandFailure(EXIT.failed, `${event} is not known: ${known}. Nothing was taken back.`)
}

const isDefined = ({ products }: Pick<DomainCatalog, 'products'>, product: ProductId): boolean =>
  products.some(({ definition }) => definition.product === product)

/** It or a later one, taken back and told: where the bus refused the notice, nothing is in the audit. */
async function findEarlier(db: Postgres, cycle: CycleId, revision: number): Promise<AuditedRow | undefined> {
  const rows = await listAudited(db, { cycle, actions: ['withdraw'], refused: false, limit: 1_000 })
  return rows.find(({ outcome, asked }) => outcome === 'accepted' && Number(asked?.['revision']) >= revision)
}

async function preview(connection: Connection, withdrawal: Withdrawal, options: ActOptions): Promise<number> {
  const { eventId, parts, revision } = withdrawal
  const { bus, db } = await requireWanted(connection, withdrawal)
  const readers = await readReaders(db, parts)
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

interface Locked {
  connection: Connection
  session: Queries
}

async function take({ connection, session }: Locked, withdrawal: Withdrawal, options: ActOptions): Promise<number> {
  const { eventId, parts, revision, asker } = withdrawal
  const cycle = toCycleId(parts.product, parts.key)
  const { bus, db } = await requireWanted(connection, withdrawal)
  const isMarked = await markWithdrawn(db, { cycle, revision })
  const entry = toWithdrawalEntry(bus, {
    ...parts,
    revision,
    reason: asker.reason,
    occurredAt: new Date().toISOString(),
  })
  const noticeId = await putByHand(connection, entry)
  // Who comes next is told by this row that it is done, so it is there before the lock goes.
  await requireAudited(session, { ...asker, cycle, action: 'withdraw', asked: { revision } }).catch(
    (cause: unknown) => {
      const next = 'Give the same command again: said twice it counts once.'
      throw new Error(`${eventId} is taken back, but the audit does not say so. ${next}`, { cause })
    },
  )
  if (!isMarked)
    talk(`No cycle of Sluice published ${eventId}: only who hears the notice knows that it was taken back.`)
  if (options.output === 'json') printJson({ bus, eventId: noticeId, entry, isMarked })
  else
    print(
      `${eventId} is taken back. Cycles that have not begun wait for another revision; those that ran on it are flagged.`,
    )
  return 0
}
