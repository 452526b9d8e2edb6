// Opens a cycle by hand: the same input and options as the bridge and the scheduler use, named as opened by a person.
// In: the domain's definitions from the catalog bucket, a cycle; the mirror, which remembers longer than Temporal does.
// Out: opened, or there already.
// Never: a second run of a cycle that ran before; a rerun brings that back.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { Postgres } from '../clients/postgres.ts'
import { isOutage } from '../clients/postgres-errors.ts'
import { readCycleRow } from '../mirror/status.ts'
import { isNotYet } from '../model/calendar/backfill-range.ts'
import { dueAtMs } from '../model/calendar/cycles.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import { type DomainCatalog, OPENING_WINDOW, toTimetable } from '../model/calendar/routing.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { type CycleId, type CycleParts, toCycleId } from '../model/ids.ts'
import { CYCLE_WORKFLOW, toCycleStart } from '../workflows/contract.ts'
import { whyNoDefinition } from './no-definition.ts'

export type Opened = { kind: 'opened' | 'existing'; cycle: string } | { kind: 'refused'; reason: string }

/** Without a mirror only Temporal is asked: enough where every cycle is new. */
export async function openByHand(
  temporal: Client,
  catalog: DomainCatalog,
  { product, key }: CycleParts,
  settings: CycleSettings,
  mirror?: Postgres,
): Promise<Opened> {
  const version = catalog.products.find(({ definition }) => definition.product === product)
  if (!version) return { kind: 'refused', reason: whyNoDefinition(catalog, { product, key }) }
  const timetable = toTimetable(catalog)
  const notDue = whyNotDue(timetable, version.definition, key)
  if (notDue) return { kind: 'refused', reason: `${notDue}.` }
  const dueMs = dueAtMs(timetable.calendars, version.definition, key)
  if (isNotYet(dueMs, Date.now())) {
    const due = new Date(dueMs).toISOString()
    return { kind: 'refused', reason: `${product}/${key} is due at ${due} and opens by itself then.` }
  }
  const cycle = toCycleId(product, key)
  if (mirror && (await isRemembered(mirror, toCycleId(product, key), dueMs))) return { kind: 'existing', cycle }
  const start = toCycleStart(openCycle(timetable, version, { key, openedBy: 'person', settings }))
  try {
    await temporal.workflow.start(CYCLE_WORKFLOW, { ...start, workflowIdConflictPolicy: 'FAIL' })
    return { kind: 'opened', cycle }
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'existing', cycle }
    throw error
  }
}

/** Temporal forgets closed cycles after its retention, and would let one begin anew with attempt 1 and revision 1. */
async function isRemembered(mirror: Postgres, cycle: CycleId, dueMs: number): Promise<boolean> {
  try {
    return (await readCycleRow(mirror, cycle)) !== undefined
  } catch (error) {
    // Of a cycle this young Temporal itself still knows (its retention is checked at boot).
    if (isOutage(error) && dueMs > Date.now() - OPENING_WINDOW.acceptForMs) return false
    throw error
  }
}
