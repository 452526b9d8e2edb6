// One tick of the scheduler: opens the cycles that are due and not there yet.
// In: the domain and the tick's time. Out: what was opened. Never: opens a cycle older than its definition; stops for
// one definition that cannot be followed, such as one with a calendar that this version does not know.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import pMap from 'p-map'
import { whyRefused } from '../clients/temporal-refusals.ts'
import type { Timetable } from '../model/calendar/cycles.ts'
import { keysToOpen, openCycle } from '../model/calendar/due.ts'
import type { RoutingIndex } from '../model/calendar/routing.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import { type CycleId, type CycleKey, type ProductId, toCycleId } from '../model/ids.ts'
import { CYCLE_WORKFLOW, type SchedulerActivities, toCycleStart } from '../workflows/contract.ts'

export interface SchedulingParts {
  temporal: Client
  settings: CycleSettings
  /** What the domain knows of the mesh, from the catalog bucket; PostgreSQL is not asked. */
  loadIndex(): Promise<RoutingIndex>
  warn(message: string, facts: Record<string, unknown>): void
}

/** Keys in one query: a week of hours has 168, and a query is a text with a limit. */
const ASKED_AT_ONCE = 50
/** Starts at a time: a tick must not crowd out arrivals. */
const AT_ONCE = { concurrency: 10 }

export const createScheduling = (parts: SchedulingParts): Pick<SchedulerActivities, 'openDueCycles'> => ({
  /** May run twice: a cycle's id is used once. */
  async openDueCycles({ domain, atMs }) {
    const skipped = new Map<ProductId, string>()
    const { catalog, timetable } = await parts.loadIndex()
    const due = catalog.products.flatMap((version) =>
      followed(skipped, version, () => dueCycles(timetable, version, atMs)),
    )
    const known = await listKnown(
      parts.temporal,
      domain,
      due.map(({ key }) => key),
    )
    const starts = due
      .filter(({ cycle }) => !known.has(cycle))
      .flatMap(({ version, key }) =>
        followed(skipped, version, () => [toStart(parts.settings, timetable, { version, key })]),
      )
    const started = await pMap(starts, (start) => open(parts, start), AT_ONCE)
    for (const { start, answer, reason } of started) {
      if (answer === 'refused') skipped.set(start.args[0].product, `${start.workflowId}: ${reason}`)
    }
    for (const [product, reason] of skipped) parts.warn('A definition opens no cycles', { product, reason })
    return {
      opened: started.flatMap(({ start, answer }) => (answer === 'opened' ? [start.workflowId] : [])),
      existing:
        due.filter(({ cycle }) => known.has(cycle)).length +
        started.filter(({ answer }) => answer === 'existing').length,
      skipped: [...skipped].map(([product, reason]) => `${product}: ${reason}`),
    }
  },
})

/** None of a definition whose calendar or zone is unknown; any other error is the tick's. */
function followed<T>(skipped: Map<ProductId, string>, version: DefinitionVersion, compute: () => T[]): T[] {
  try {
    return compute()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    skipped.set(version.definition.product, error.message)
    return []
  }
}

interface DueCycle {
  cycle: CycleId
  key: CycleKey
  version: DefinitionVersion
}

const dueCycles = (timetable: Timetable, version: DefinitionVersion, atMs: number): DueCycle[] =>
  keysToOpen(timetable, version, atMs).map((key) => ({
    cycle: toCycleId(version.definition.product, key),
    key,
    version,
  }))

/** Cycles Temporal knows of already, open or closed: one list instead of a refused start for each. */
async function listKnown(temporal: Client, domain: string, keys: CycleKey[]): Promise<Set<string>> {
  const known = new Set<string>()
  const different = [...new Set(keys)]
  for (let at = 0; at < different.length; at += ASKED_AT_ONCE) {
    const list = different.slice(at, at + ASKED_AT_ONCE).map((key) => `"${key}"`)
    const query = `SluiceDomain = "${domain}" AND SluiceCycle IN (${list.join(', ')})`
    for await (const { workflowId } of temporal.workflow.list({ query })) known.add(workflowId)
  }
  return known
}

type CycleStart = ReturnType<typeof toCycleStart>

const toStart = (
  settings: CycleSettings,
  timetable: Timetable,
  { version, key }: Pick<DueCycle, 'version' | 'key'>,
): CycleStart => toCycleStart(openCycle(timetable, version, { key, openedBy: 'scheduler', settings }))

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
