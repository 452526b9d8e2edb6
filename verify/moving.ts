// In: evidence of a stack at work. Out: cycles and events that moved while they were read, or shortly before. Pure.
// Never: the verdict on one of them: histories, rows and AWS's ledger are read one after the other, so it may be torn.
import type { LedgerRow } from '../mirror/events.ts'
import type { CycleId } from '../model/ids.ts'
import type { Evidence, SandboxRow } from './evidence.ts'
import { isExternal } from './externals.ts'
import { QUIET_MS } from './life.ts'
import { foreignQueued, noticesPut, noticesQueued, noticesSent, refreshesPut, refreshesQueued } from './sandbox-rows.ts'
import type { Violation } from './verdict.ts'

export interface Moving {
  cycles: CycleId[]
  events: string[]
}

/** How long a message that its bridge has not deleted yet counts as under way: some visibility time-outs. */
const IN_HAND_MS = 600_000

export function findMoving(evidence: Evidence): Moving {
  const { readFromMs, cycles, mirror, ledger, sandbox = [], domains } = evidence
  const sinceMs = readFromMs - QUIET_MS
  const written = mirror.statuses.filter(({ updatedAt }) => Date.parse(updatedAt) >= sinceMs)
  const told = cycles.filter(({ runs }) =>
    runs.some(({ startedAtMs, steps }) => startedAtMs >= sinceMs || (steps.at(-1)?.atMs ?? 0) >= sinceMs),
  )
  const deleted = new Set(sandbox.flatMap(deletedBy))
  const queued = [
    ...refreshesQueued(sandbox, domains),
    ...noticesQueued(sandbox, domains),
    ...foreignQueued(sandbox, domains),
  ]
  const inHand = queued.filter(
    ({ atMs, messageId }) => atMs >= sinceMs || (atMs >= readFromMs - IN_HAND_MS && !deleted.has(messageId)),
  )
  const events = [...inHand, ...ledger.events.filter((row) => isUnderWay(row, sinceMs, readFromMs - IN_HAND_MS))]
  const seen = sandbox.filter(({ atMs, kind }) => atMs >= sinceMs && kind === 'run-state')
  const sent = noticesSent(sandbox).map(({ id, atMs }) => ({ eventId: id, atMs }))
  const puts = [...refreshesPut(sandbox), ...noticesPut(sandbox), ...sent].filter(({ atMs }) => atMs >= sinceMs)
  const moved = [
    ...[...written, ...told].map(({ cycle }) => cycle as string),
    ...seen.map(({ facts }) => String(facts['workflowId'])),
    ...puts.map(({ eventId }) => eventId.slice(0, eventId.lastIndexOf('/'))),
  ]
  const known = new Set(cycles.map(({ cycle }) => cycle as string))
  return {
    cycles: [...new Set(moved)].filter((cycle) => known.has(cycle)).toSorted() as CycleId[],
    events: [...new Set([...events, ...puts].map(({ eventId }) => eventId))].toSorted(),
  }
}

/** Of one of somebody else's shape the ledger is the first that tells; one that was sent again is a message of its own. */
const isUnderWay = ({ eventId, firstSeenAt, redrivenAt }: LedgerRow, sinceMs: number, inHandMs: number): boolean =>
  (isExternal(eventId) && Date.parse(firstSeenAt) >= sinceMs) || (!!redrivenAt && Date.parse(redrivenAt) >= inHandMs)

/** Whether the verdict is on something that was at rest. */
export function isAtRest({ cycles, events }: Moving, { cycle, eventId }: Violation): boolean {
  return !cycles.some((one) => one === cycle) && !events.some((one) => one === eventId)
}

const deletedBy = ({ operation, facts }: SandboxRow): string[] =>
  operation === 'DeleteMessageBatch' ? ((facts['deleted'] as string[] | undefined) ?? []) : []
