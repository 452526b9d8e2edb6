// Opens a cycle by hand: the same input and options as the bridge and the scheduler use, named as opened by a person.
// In: the domain's definitions from the catalog bucket, a cycle. Out: opened, or there already.
// Never: a second run of a cycle that ran before; a rerun brings that back.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import type { DomainCatalog } from '../model/calendar/routing.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import type { CycleParts } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import { CYCLE_WORKFLOW, toCycleStart } from '../workflows/contract.ts'

export type Opened = { kind: 'opened' | 'existing'; cycle: string } | { kind: 'refused'; reason: string }

export async function openByHand(
  temporal: Client,
  catalog: DomainCatalog,
  { product, key }: CycleParts,
  settings: CycleSettings,
): Promise<Opened> {
  const version = catalog.products.find(({ definition }) => definition.product === product)
  if (!version) {
    const names = catalog.products.map(({ definition }) => definition.product)
    return { kind: 'refused', reason: `No definition of ${product} is applied${didYouMean(product, names) || '.'}` }
  }
  const notDue = whyNotDue(version.definition, key)
  if (notDue) return { kind: 'refused', reason: `${notDue}.` }
  const start = toCycleStart(openCycle(version, key, 'person', settings))
  try {
    await temporal.workflow.start(CYCLE_WORKFLOW, { ...start, workflowIdConflictPolicy: 'FAIL' })
    return { kind: 'opened', cycle: start.workflowId }
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'existing', cycle: start.workflowId }
    throw error
  }
}
