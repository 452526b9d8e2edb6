// An event by hand. In: an upstream cycle, what its domain has; what to say of it. Out: on which bus that goes, and put there.
// Never: keeps back what `chooseBus` has to tell who sends it; a refusal that passes for sent.
import { type PutEventsRequestEntry, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { namesOf } from '../clients/config.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { type CycleParts, domainOf } from '../model/ids.ts'
import { chooseBus } from './choose-bus.ts'
import type { Connection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { talk } from './output.ts'

/** The central bus, or the domain's own for what only the domain may see: as some products, and all externals. */
export function findBus(
  { settings }: Pick<Connection, 'settings'>,
  applied: Pick<DomainCatalog, 'products' | 'externals'>,
  parts: CycleParts,
): string {
  const { isOwnBus, note } = chooseBus(applied, parts)
  if (note) talk(note)
  return isOwnBus ? namesOf(domainOf(parts.product)).domainBusName : settings.SLUICE_CENTRAL_BUS_ARN
}

/** The id that EventBridge gave it. */
export async function putByHand({ aws }: Connection, entry: PutEventsRequestEntry): Promise<string | undefined> {
  const { Entries: [result] = [] } = await (await aws()).events.send(new PutEventsCommand({ Entries: [entry] }))
  if (!result?.ErrorCode) return result?.EventId
  throw new CommandFailure(
    EXIT.notAllowed,
    `Bus ${entry.EventBusName} refused it: ${result.ErrorCode}: ${result.ErrorMessage}. ` +
      'Nobody has heard it. Mend that, then give the same command again: said twice it counts once.',
  )
}
