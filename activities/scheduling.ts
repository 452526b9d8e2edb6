// One tick of the scheduler: opens the cycles that are due and not there yet.
// In: the domain and the tick's time. Out: what was opened, and what of an outage is not. Never: opens a cycle older than
// its definition; stops for one definition that cannot be followed, such as one with a calendar that is not known here.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import pMap from 'p-map'
import { listKnownCycles } from '../clients/known-cycles.ts'
import { whyRefused } from '../clients/temporal-refusals.ts'
import { type DueKeys, listDue, type Openings, planOpenings } from '../model/calendar/catch-up.ts'
import type { Timetable } from '../model/calendar/cycles.ts'
import { openCycle } from '../model/calendar/due.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import { type CycleKey, type ProductId } from '../model/ids.ts'
import { CYCLE_WORKFLOW, type DueCycles, type SchedulerActivities, toCycleStart } from '../workflows/contract.ts'

export interface SchedulingParts {
  temporal: Client
  settings: CycleSettings
  /** How often the scheduler ticks; absent: often (model/calendar/catch-up.ts). */
  tickMs?: number
  /** What the domain knows of the mesh, from the catalog bucket; PostgreSQL is not asked. */
  loadIndex(): Promise<RoutingIndex>
  warn(message: string, facts: Record<string, unknown>): void
}

/** Starts at a time: a tick must not crowd out arrivals. */
const AT_ONCE = { concurrency: 10 }

export const createScheduling = (parts: SchedulingParts): Pick<SchedulerActivities, 'openDueCycles'> => ({
  /** May run twice: a cycle's id is used once. */
  async openDueCycles({ domain, atMs }) {
    const { catalog, timetable } = await parts.loadIndex()
    const { due, notFollowed: skipped } = listDue(timetable, catalog.products, atMs)
    const dueKeys = due.flatMap(({ keys }) => keys)
    const known = await listKnownCycles(parts.temporal, domain, dueKeys)
    const view = { atMs, known, tickMs: parts.tickMs }
    const planned = due.map((one) => ({ ...one, ...planOpenings(timetable, one, view) }))
    const starts = planned.flatMap(({ version, toOpen }) =>
      toOpen.flatMap((key) => toStarts(parts.settings, timetable, { version, key, skipped })),
    )
    const started = await pMap(starts, (start) => open(parts, start), AT_ONCE)
    for (const { start, answer, reason } of started) {
      if (answer === 'refused') skipped.set(start.args[0].product, `${start.workflowId}: ${reason}`)
    }
    for (const [product, reason] of skipped) parts.warn('A definition opens no cycles', { product, reason })
    return {
      opened: started.flatMap(({ start, answer }) => (answer === 'opened' ? [start.workflowId] : [])),
      existing:
        dueKeys.length -
        planned.flatMap(({ toOpen, leftOut }) => [...toOpen, ...leftOut]).length +
        started.filter(({ answer }) => answer === 'existing').length,
      skipped: [...skipped].map(([product, reason]) => `${product}: ${reason}`),
      ...tellLeftOut(parts, planned),
    }
  },
})

/** Each tick says so, while there are any: what is not there by intent must not look like what is forgotten. */
function tellLeftOut({ warn }: SchedulingParts, planned: (DueKeys & Openings)[]): Pick<DueCycles, 'leftOut'> {
  const counts = planned.flatMap(({ version, leftOut }): [ProductId, number][] =>
    leftOut.length === 0 ? [] : [[version.definition.product, leftOut.length]],
  )
  if (counts.length === 0) return {}
  const leftOut = Object.fromEntries(counts)
  warn('Missed cycles stay unopened, as catchUp says', { leftOut })
  return { leftOut }
}

type CycleStart = ReturnType<typeof toCycleStart>

/** None of a definition with a deadline whose calendar is not known; any other error is the tick's. */
function toStarts(
  settings: CycleSettings,
  timetable: Timetable,
  { version, key, skipped }: { version: DefinitionVersion; key: CycleKey; skipped: Map<ProductId, string> },
): CycleStart[] {
  try {
    return [toCycleStart(openCycle(timetable, version, { key, openedBy: 'scheduler', settings }))]
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    skipped.set(version.definition.product, error.message)
    return []
  }
}

interface Started {
  start: CycleStart
  answer: 'opened' | 'existing' | 'refused'
  reason?: string
}

/** What Temporal will never take stops no other cycle. */
async function open({ temporal }: SchedulingParts, start: CycleStart): Promise<Started> {
  try {
    // FAIL instead of USE_EXISTING, to know whether this tick opened it.
    await temporal.workflow.start(CYCLE_WORKFLOW, { ...start, workflowIdConflictPolicy: 'FAIL' })
    return { start, answer: 'opened' }
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { start, answer: 'existing' }
    const reason = whyRefused(error)
    if (reason === null) throw error
    return { start, answer: 'refused', reason }
  }
}
