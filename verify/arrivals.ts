// I2. In: evidence. Out: inputs that arrived by an event that nobody sent for them. Pure.
import { domainOf, parseEventId } from '../model/ids.ts'
import type { Evidence } from './evidence.ts'
import { fold } from './fold.ts'
import { refreshesPut } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

/** Each input that arrived points to an event of its own product and cycle, which the ledger and AWS know. */
export function checkArrivals(evidence: Evidence): Checked {
  const { sandbox, ledger, mirror, cycles } = evidence
  const taken = new Set(
    ledger.events.filter(({ outcome }) => outcome !== 'refused').map(({ domain, eventId }) => `${domain} ${eventId}`),
  )
  const put = sandbox && new Set(refreshesPut(sandbox).map(({ eventId }) => eventId))
  const arrived = [
    ...mirror.dependencies.filter(({ state }) => state === 'ARRIVED'),
    ...cycles.flatMap((one) =>
      fold(one)
        .dependencies.filter(({ state }) => state === 'ARRIVED')
        .map(({ product, key, arrival }) => ({ cycle: one.cycle, product, key, eventId: arrival?.eventId ?? null })),
    ),
  ]
  return toChecked(
    arrived.map(({ cycle, product, key, eventId }): Look => {
      const id = eventId ?? ''
      // Somebody else's event, of AWS itself or of a shape that the sandbox's ledger is not read for: its own id names the cycle.
      const isExternal = id.startsWith(`external:${product}/${key}/`)
      const problems = [
        ...(isExternal || parseEventId(id)?.cycle === `${product}/${key}` ? [] : [`is no event of ${product}/${key}`]),
        ...(taken.has(`${domainOf(cycle)} ${id}`) ? [] : [`is not taken by event_ledger of ${domainOf(cycle)}`]),
        ...(!put || isExternal || put.has(id) ? [] : ['was accepted by no bus']),
      ]
      const says = `${cycle} took "${id}" for ${product}/${key}, which ${problems.join(' and ')}`
      const row = `data_product_dependencies_events_status ${cycle} <- ${product}/${key}: ARRIVED ${id}`
      return problems.length > 0 ? [{ invariant: 'I2', cycle, eventId: id, says, evidence: [row] }] : []
    }),
  )
}
