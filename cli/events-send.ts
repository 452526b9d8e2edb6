// In: an upstream cycle that has refreshed. Out: its event on the bus of its product.
// Never: an event under another account than its product's; keeps one back that a warning is about.
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { loadDomainCatalog } from '../catalog/load.ts'
import { namesOf } from '../clients/config.ts'
import { type Awaited, readAwaited } from '../mirror/awaited.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { type CycleParts, type Domain, domainOf } from '../model/ids.ts'
import { chooseBus } from './choose-bus.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { toRefreshEntry } from './refresh-entry.ts'
import { sendWarnings } from './send-warnings.ts'

interface SendOptions {
  revision: number
  location?: string
  stack?: string
  output: Output
}

export async function send(parts: CycleParts, options: SendOptions): Promise<number> {
  const domain = domainOf(parts.product)
  return withConnection(options, domain, async (connection) => {
    const applied = await loadApplied(connection, domain)
    const bus = toBus(connection, applied, parts)
    const event = { ...parts, revision: options.revision }
    for (const warning of sendWarnings(applied, event, await askAwaited(connection, parts))) talk(warning)
    const location = options.location ?? null
    const entry = toRefreshEntry(bus, {
      ...event,
      location,
      occurredAt: new Date().toISOString(),
    })
    const answer = await (await connection.aws()).events.send(new PutEventsCommand({ Entries: [entry] }))
    const [result] = answer.Entries ?? []
    if (result?.ErrorCode)
      throw new CommandFailure(EXIT.notAllowed, `Bus ${bus} refused it: ${result.ErrorCode}: ${result.ErrorMessage}`)
    if (options.output === 'json') printJson({ bus, eventId: result?.EventId, entry })
    else print(`Sent to ${bus}. What became of it: sluice events tail`)
    return 0
  })
}

type Applied = Pick<DomainCatalog, 'products' | 'externals'>

async function loadApplied({ aws, settings }: Connection, domain: Domain): Promise<Applied> {
  const loaded = await loadDomainCatalog((await aws()).s3, settings.SLUICE_CATALOG_BUCKET, domain)
  return loaded.kind === 'loaded' ? loaded.catalog : { products: [], externals: [] }
}

/** The central bus, or the domain's own for what only the domain may see: as some products, and all externals. */
function toBus({ settings }: Connection, applied: Applied, parts: CycleParts): string {
  const { isOwnBus, note } = chooseBus(applied, parts)
  if (note) talk(note)
  return isOwnBus ? namesOf(domainOf(parts.product)).domainBusName : settings.SLUICE_CENTRAL_BUS_ARN
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
