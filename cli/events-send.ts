// In: an upstream cycle that has refreshed; who says so. Out: its event on the bus of its product; audited, also where the bus refuses it.
// Never: an event under another account than its product's; keeps one back that a warning is about.
import { type Awaited, readAwaited } from '../mirror/awaited.ts'
import { type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { type AskerOptions, toAsker } from './asker.ts'
import { auditDone, auditRefusal } from './audit.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure } from './failure.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { findBus, putByHand } from './put-by-hand.ts'
import { readCatalog } from './read-catalog.ts'
import { toRefreshEntry } from './refresh-entry.ts'
import { sendWarnings } from './send-warnings.ts'

interface SendOptions extends AskerOptions {
  revision: number
  location?: string
  stack?: string
  output: Output
}

export async function send(parts: CycleParts, options: SendOptions): Promise<number> {
  const asker = toAsker(options)
  return withConnection(options, domainOf(parts.product), async (connection) => {
    const applied = await readCatalog(connection, domainOf(parts.product))
    const bus = findBus(connection, applied, parts)
    const event = { ...parts, revision: options.revision }
    for (const warning of sendWarnings(applied, event, await askAwaited(connection, parts))) talk(warning)
    const location = options.location ?? null
    const entry = toRefreshEntry(bus, { ...event, location, occurredAt: new Date().toISOString() })
    const about = {
      ...{ ...asker, cycle: toCycleId(parts.product, parts.key), action: 'send' as const },
      asked: { revision: options.revision, ...(location && { location }) },
    }
    const eventId = await putByHand(connection, entry).catch(async (error: unknown) => {
      if (error instanceof CommandFailure) await auditRefusal(connection, { ...about, refused: error.message })
      throw error
    })
    await auditDone(connection, about)
    if (options.output === 'json') printJson({ bus, eventId, entry })
    else print(`Sent to ${bus}. What became of it: sluice events tail`)
    return 0
  })
}

/** An event is sent without the database, only with less advice. */
async function askAwaited({ db }: Connection, parts: CycleParts): Promise<Awaited | null> {
  try {
    return await readAwaited(db(), parts)
  } catch (error) {
    talk(`Whether anybody waits for it is not known: ${(error as Error).message}`)
    return null
  }
}
