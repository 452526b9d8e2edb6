// Which cycles of a domain Temporal knows. In: keys. Out: the ids of their cycles, open or closed.
// Never: a question for each cycle; one list query holds many keys.
import type { Client } from '@temporalio/client'
import type { CycleKey } from '../model/ids.ts'

/** Keys in one query: a week of hours has 168, and a query is a text with a limit. */
const ASKED_AT_ONCE = 50

export async function listKnownCycles(temporal: Client, domain: string, keys: CycleKey[]): Promise<Set<string>> {
  const known = new Set<string>()
  const different = [...new Set(keys)]
  for (let at = 0; at < different.length; at += ASKED_AT_ONCE) {
    const list = different.slice(at, at + ASKED_AT_ONCE).map((key) => `"${key}"`)
    const query = `SluiceDomain = "${domain}" AND SluiceCycle IN (${list.join(', ')})`
    for await (const { workflowId } of temporal.workflow.list({ query })) known.add(workflowId)
  }
  return known
}
