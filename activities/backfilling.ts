// What a backfill asks of the outside: how its cycles stand, and to open the next ones or make them anew (rerunning.ts).
// In: a product and keys. Out: one answer for each. Never: a second run of a cycle that ran before, also when Temporal has
// forgotten it; an answer while PostgreSQL or the catalog bucket is away: then the activity fails and is tried again.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import pMap from 'p-map'
import type { Postgres } from '../clients/postgres.ts'
import { whyRefused } from '../clients/temporal-refusals.ts'
import { recordAction } from '../mirror/actions.ts'
import { listSeen } from '../mirror/backfill.ts'
import type { OpenedCycle } from '../model/backfill.ts'
import { isNotYet } from '../model/calendar/backfill-range.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleInput, CycleSettings } from '../model/cycle/cycle.ts'
import { foresee, type Found } from '../model/cycle/foresee.ts'
import { type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import type { BackfillActivities } from '../workflows/backfill-contract.ts'
import { CYCLE_WORKFLOW, type CycleActivities, toCycleStart } from '../workflows/contract.ts'
import { describeRun } from './describe-run.ts'
import { rerunOne } from './rerunning.ts'

export interface BackfillingParts {
  temporal: Client
  db: Postgres
  settings: CycleSettings
  /** What the domain knows of the mesh, from the catalog bucket. */
  loadIndex(): Promise<RoutingIndex>
  recallArrivals: CycleActivities['recallArrivals']
  warn(message: string, facts: Record<string, unknown>): void
  nowMs(): number
}

/** Starts at a time: they must not crowd out arrivals. */
const AT_ONCE = { concurrency: 10 }

export const createBackfilling = (parts: BackfillingParts): BackfillActivities => ({
  readBackfilled: ({ product, keys }) => listSeen(parts.db, product, keys),

  /** May run twice: a cycle's id is used once, and what an earlier try opened says by whom it was opened. */
  async openBackfilled({ product, keys, backfill }) {
    const index = await parts.loadIndex()
    const seen = await listSeen(parts.db, product, keys)
    const known = new Set(seen.map(({ key }) => key))
    return pMap(
      keys,
      async (key): Promise<OpenedCycle> => {
        if (known.has(key)) return toThere(parts, { product, key }, backfill)
        const opening = toOpening(parts, index, { product, key })
        if ('refused' in opening) return { key, answer: 'refused', isReady: false, reason: opening.refused }
        return open(parts, opening.input, backfill)
      },
      AT_ONCE,
    )
  },

  /** May run twice: each rerun has an id, by which it is known again. */
  async rerunBackfilled({ product, keys, ...order }) {
    const index = await parts.loadIndex()
    return pMap(keys, (key) => rerunOne(parts, index, { product, key, ...order }), AT_ONCE)
  },

  /** May run twice: the request's id is in the row. */
  async auditBackfill({ product, atMs = parts.nowMs(), ...asked }) {
    const action = { cycle: product, action: 'backfill' as const, actorVerified: false, refused: null }
    await recordAction(parts.db, { ...action, ...asked, atMs })
  },
})

/** By the definition in force now, which may have changed since the backfill began. */
function toOpening(
  { settings, nowMs }: BackfillingParts,
  { current, timetable }: RoutingIndex,
  { product, key }: CycleParts,
): { input: CycleInput } | { refused: string } {
  const version = current.get(product)
  if (!version) return { refused: `no definition of ${product} is applied any more` }
  const notDue = whyNotDue(timetable, version.definition, key)
  if (notDue) return { refused: notDue }
  if (isNotYet(dueAtMs(timetable.calendars, version.definition, key), nowMs()))
    return { refused: 'it opens by itself when it is due' }
  return { input: openCycle(timetable, version, { key, openedBy: 'backfill', settings }) }
}

async function open(parts: BackfillingParts, input: CycleInput, backfill: string): Promise<OpenedCycle> {
  const { key } = input
  const isReady = foresee(input, await findInputs(parts, input), parts.nowMs()).goesOn
  const start = toCycleStart(input)
  try {
    await parts.temporal.workflow.start(CYCLE_WORKFLOW, {
      ...{ ...start, workflowIdConflictPolicy: 'FAIL', memo: { [OPENED_BY]: backfill } },
    })
    return { key, answer: 'opened', isReady }
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return toThere(parts, input, backfill)
    const reason = whyRefused(error)
    if (reason === null) throw error
    return { key, answer: 'refused', isReady, reason }
  }
}

/** It counts as busy until a look says how it stands. */
async function toThere(
  { temporal }: BackfillingParts,
  { product, key }: CycleParts,
  backfill: string,
): Promise<OpenedCycle> {
  const memo = (await describeRun(temporal, toCycleId(product, key)))?.memo
  return { key, answer: memo?.[OPENED_BY] === backfill ? 'opened' : 'existing', isReady: true }
}

/** A memo of the cycle's run: the backfill that opened it. */
const OPENED_BY = 'backfill'

async function findInputs({ recallArrivals }: BackfillingParts, { product, expected }: CycleInput): Promise<Found> {
  if (expected.length === 0) return { arrivals: [], skipped: [] }
  const { arrivals, skipped = [] } = await recallArrivals({ domain: domainOf(product), expected })
  return { arrivals, skipped }
}
