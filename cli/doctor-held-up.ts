// In: a domain. Out: that nothing of it waits for a person outside Sluice, or fails for minutes; an error names cycles, since
// when and why.
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

/** Those that process first: one that waits asks nothing of AWS, unless its state could not be shown. */
export async function checkHeldUp({ temporal }: Connection, domain: string): Promise<string> {
  const client = await temporal()
  const open = `ExecutionStatus = "Running" AND SluiceDomain = "${domain}" AND SluiceState`
  const heldUp: HeldUpCycle[] = []
  let looked = 0
  for (const query of [`${open} = "PROCESSING"`, `${open} != "PROCESSING"`]) {
    for await (const { workflowId } of client.workflow.list({ query })) {
      if (looked === SAMPLE) break
      looked += 1
      heldUp.push(...(await readHeldUp(client, workflowId)))
    }
  }
  const [first] = heldUp.toSorted((one, other) => one.sinceMs - other.sinceMs)
  if (!first) return `none of ${toCount(looked, 'cycle')} looked at`
  const since = new Date(first.sinceMs).toISOString()
  throw new Error(
    `${toCount(heldUp.length, 'cycle')} of the ${looked} looked at held up, ${first.cycle} since ${since}: ${first.reason}`,
  )
}

/** `PENDING_ACTIVITY_STATE_STARTED`: what failed before may be mended, as the present try will tell. */
const STARTED = 2
/** After this long also what tries alone might mend is worth a look. */
const LONG_MS = 300_000

async function readHeldUp(client: Client, cycle: string): Promise<HeldUpCycle[]> {
  const failing = (await readPending(client, cycle)).flatMap(({ activityId, attempt, state, lastFailure }) => {
    const type = lastFailure?.applicationFailureInfo?.type ?? ''
    const isTrying = Number(attempt ?? 0) > 2 && type !== ''
    return isTrying
      ? [{ activityId, type, isStarted: state === STARTED, reason: lastFailure?.message ?? 'no message' }]
      : []
  })
  if (failing.length === 0) return []
  const times = await readScheduledMs(client, cycle)
  return failing.flatMap(({ activityId, reason, ...tried }) => {
    const sinceMs = times.get(activityId ?? '') ?? Date.now()
    return isHeldUp({ ...tried, forMs: Date.now() - sinceMs }) ? [{ cycle, sinceMs, reason }] : []
  })
}

/** By the type of its last failure: a wait for room in Glue or for a rate is none, however long. */
export function isHeldUp({ type, isStarted, forMs }: { type: string; isStarted: boolean; forMs: number }): boolean {
  if (type.startsWith('WaitsFor')) return false
  return forMs > LONG_MS || (NEEDS_PERSON.includes(type) && !isStarted)
}
