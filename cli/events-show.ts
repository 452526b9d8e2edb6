// In: the id of an event. Out: whence it came, what it was in each domain, what it did to each cycle, what to do next.
// Never: "not known" without the ids that come near.
import { listKnownIds, listSiblings, readPublication, readReceipts } from '../mirror/event-report.ts'
import type { Postgres } from '../clients/postgres.ts'
import { type CycleId, type Domain, parseCycleId, parseEventId } from '../model/ids.ts'
import { withConnection } from './connection.ts'
import { type EventReport, eventLines, nearestIds, toReport } from './event-words.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

export interface EventShowOptions {
  domain?: string
  stack?: string
  output: Output
}

export async function showEvent(eventId: string, options: EventShowOptions): Promise<number> {
  return withConnection(options, CENTRAL, async ({ db }) => {
    const domain = options.domain as Domain | undefined
    const report = await readReport(db(), eventId, domain)
    if (!report) throw new CommandFailure(EXIT.failed, await whyUnknown(db(), eventId, domain))
    if (options.output === 'json') printJson(report)
    else for (const line of eventLines(report)) print(line)
    return 0
  })
}

/** Undefined when no ledger has it and no cycle has published it. */
export async function readReport(db: Postgres, eventId: string, domain?: Domain): Promise<EventReport | undefined> {
  const named = parseEventId(eventId)
  const [receipts, published] = await Promise.all([
    readReceipts(db, eventId, domain),
    named ? readPublication(db, named.cycle, named.revision) : undefined,
  ])
  if (receipts.length === 0 && (!published || domain)) return undefined
  const upstream = receipts.find(({ product, key }) => product !== null && key !== null)
  const parts = parseCycleId(named?.cycle ?? `${upstream?.product}/${upstream?.key}`)
  const siblings = parts ? await listSiblings(db, parts.product, parts.key) : []
  return toReport(eventId, { published: published ?? null, receipts, siblings })
}

async function whyUnknown(db: Postgres, eventId: string, domain: Domain | undefined): Promise<string> {
  const cycle = parseEventId(eventId)?.cycle ?? (parseCycleId(eventId) ? (eventId as CycleId) : undefined)
  const near = nearestIds(eventId, cycle, await listKnownIds(db, cycle, domain))
  const what = `${domain ? `The ledger of ${domain} has no` : 'No ledger has an'} event "${eventId}"`
  const hint = near.length > 0 ? `; the nearest known are ${near.join(', ')}` : ''
  return `${what}${hint}. An event of a product that no definition waits for leaves no row. What came: sluice events list`
}
