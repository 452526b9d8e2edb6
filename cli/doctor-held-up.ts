// In: a domain. Out: that nothing of it waits for a person outside Sluice; an error names cycles, since when and why.
// Never: a cycle that waits for a slot of Glue, or whose last try may have been the only bad one.
import type { Client } from '@temporalio/client'
import { NEEDS_PERSON } from '../model/cycle/held-up.ts'
import type { Connection } from './connection.ts'
import { readPending, readScheduledMs, SAMPLE } from './doctor-outage.ts'
import { toCount } from './output.ts'

interface HeldUpCycle {
  cycle: string
  sinceMs: number
  reason: string
}

/** Of the cycles that process: one that waits for upstreams, or for a rerun, asks nothing of AWS. */
export async function checkHeldUp({ temporal }: Connection, domain: string): Promise<string> {
  const client = await temporal()
  const query = `ExecutionStatus = "Running" AND SluiceDomain = "${domain}" AND SluiceState = "PROCESSING"`
  const heldUp: HeldUpCycle[] = []
  let looked = 0
  for await (const { workflowId } of client.workflow.list({ query })) {
    heldUp.push(...(await readHeldUp(client, workflowId)))
    if (++looked === SAMPLE) break
  }
  const [first] = heldUp.toSorted((one, other) => one.sinceMs - other.sinceMs)
  if (!first) return `none of ${toCount(looked, 'cycle')} under way`
  const since = new Date(first.sinceMs).toISOString()
  throw new Error(`${toCount(heldUp.length, 'cycle')} held up, ${first.cycle} since ${since}: ${first.reason}`)
}

async function readHeldUp(client: Client, cycle: string): Promise<HeldUpCycle[]> {
  const refused = (await readPending(client, cycle)).filter(
    ({ attempt, lastFailure }) =>
      NEEDS_PERSON.includes(lastFailure?.applicationFailureInfo?.type ?? '') && Number(attempt ?? 0) > 2,
  )
  if (refused.length === 0) return []
  const times = await readScheduledMs(client, cycle)
  return refused.map(({ activityId, lastFailure }) => ({
    cycle,
    sinceMs: times.get(activityId ?? '') ?? Date.now(),
    reason: lastFailure?.message ?? 'no message',
  }))
}
