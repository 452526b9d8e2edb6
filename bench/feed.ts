// Upstreams' refresh events. In: which cycles. Out: the events on the central bus, at their time, whatever comes back.
// Never: waits for the mesh before the next event (arrivals are open-loop): a slow answer must not slow the load.
import { setTimeout as pause } from 'node:timers/promises'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { toRefreshEntry } from '../cli/refresh-entry.ts'
import { type CycleId, parseCycleId, parseProductId, toEventId } from '../model/ids.ts'
import { clientOptions, type Endpoint } from '../sandbox/cloudformation/account.ts'
import { RAW_ACCOUNT } from './mesh-folder.ts'

export interface Feed {
  /** One call per ten cycles; each is an upstream's cycle, as `raw/u1/2026-11-20`. */
  put(cycles: readonly string[]): Promise<void>
  close(): void
}

const AT_ONCE = 10

export function openFeed(endpoint: Endpoint, centralBusArn: string): Feed {
  const events = new EventBridgeClient(clientOptions(endpoint, RAW_ACCOUNT))
  const putTen = async (cycles: readonly string[]): Promise<void> => {
    const Entries = cycles.map((cycle) => toEntry(centralBusArn, cycle))
    const { FailedEntryCount, Entries: answers } = await events.send(new PutEventsCommand({ Entries }))
    if (FailedEntryCount) throw new Error(`The bus refused an event: ${JSON.stringify(answers)}`)
  }
  return {
    async put(cycles) {
      for (let at = 0; at < cycles.length; at += AT_ONCE) await putTen(cycles.slice(at, at + AT_ONCE))
    },
    close: () => events.destroy(),
  }
}

export const eventOf = (cycle: string): string => toEventId(cycle as CycleId, 1)

/** Does each thing at its time; resolves when all are done. @throws what any of them threw. */
export async function atRate<T>(
  items: readonly T[],
  perSecond: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const startMs = performance.now()
  const acts: Promise<void>[] = []
  for (const [at, item] of items.entries()) {
    const waitMs = startMs + (at * 1_000) / perSecond - performance.now()
    if (waitMs > 0) await pause(waitMs)
    const doing = act(item)
    // Heard below; unheard until then it would end the process, and leave everything running.
    doing.catch(() => undefined)
    acts.push(doing)
  }
  await Promise.all(acts)
}

function toEntry(bus: string, cycle: string) {
  const parts = parseCycleId(cycle)
  if (!parts || !parseProductId(parts.product)) throw new Error(`"${cycle}" is no cycle of a product.`)
  return toRefreshEntry(bus, { ...parts, revision: 1, location: null, occurredAt: new Date().toISOString() })
}
