// Ends a backfill. In: its product, perhaps its range; who asks, and why. Out: that it opens no more; the exit code.
// Never: ends a cycle.
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { toProgressWords } from '../model/backfill-progress.ts'
import type { StopCommand } from '../model/backfill.ts'
import type { ProductId } from '../model/ids.ts'
import { BACKFILL_WORKFLOW, type BackfillResult, STOP_BACKFILL_SIGNAL, toBackfillId } from '../workflows/contract.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'

/** How long a worker may take to answer the signal. */
const STOP_MS = 15_000

export async function stopBackfill(
  temporal: Client,
  { product, ...command }: StopCommand & { product: ProductId },
  { from, to, output }: { from?: string; to?: string; output: Output },
): Promise<number> {
  const id = from && to ? toBackfillId({ product, from, to }) : await onlyRunning(temporal, product)
  const handle = temporal.workflow.getHandle(id)
  try {
    await handle.signal(STOP_BACKFILL_SIGNAL, command)
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new CommandFailure(EXIT.notAllowed, `No ${id} runs: there is nothing to stop.`)
    throw error
  }
  const result = await temporal
    .withDeadline(Date.now() + STOP_MS, () => handle.result() as Promise<BackfillResult>)
    .catch(() => undefined)
  if (output === 'json') printJson({ backfill: id, ...(result ?? { how: 'told' }) })
  else if (result)
    print(
      `${id}: ${result.how === 'stopped' ? 'stopped' : 'had ended'}. ${toProgressWords(result)}; what is open goes on.`,
    )
  else print(`${id} is told to stop and does so once a worker of its domain runs. See: sluice doctor`)
  return 0
}

async function onlyRunning(temporal: Client, product: ProductId): Promise<string> {
  const [one, ...others] = await listRunning(temporal, product)
  if (one === undefined)
    throw new CommandFailure(EXIT.notAllowed, `No backfill of ${product} runs: there is nothing to stop.`)
  if (others.length === 0) return one
  const ids = [one, ...others].join(', ')
  throw new CommandFailure(
    EXIT.notAllowed,
    `Several backfills of ${product} run: ${ids}. Say which: --from <date> --to <date>`,
  )
}

/** The backfills of a product. */
export async function listRunning(temporal: Client, product: ProductId): Promise<string[]> {
  const query = `WorkflowType = "${BACKFILL_WORKFLOW}" AND SluiceProduct = "${product}" AND ExecutionStatus = "Running"`
  const ids: string[] = []
  for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId)
  return ids
}
