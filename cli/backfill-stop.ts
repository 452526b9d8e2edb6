// Ends a backfill. In: its product, perhaps its range; who asks, and why. Out: that it opens no more, or which one would be
// stopped; the exit code. Never: ends a cycle; a dry run that stops anything.
import { type Client, type WorkflowHandle, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import { isOutage } from '../clients/postgres-errors.ts'
import { listAudited } from '../mirror/audit.ts'
import { toProgressWords } from '../model/backfill-progress.ts'
import type { StopCommand } from '../model/backfill.ts'
import { toShort } from '../model/cycle/asker.ts'
import type { DateRange } from '../model/calendar/backfill-range.ts'
import type { CycleId, ProductId } from '../model/ids.ts'
import {
  type AskedRerun,
  BACKFILL_WORKFLOW,
  type BackfillResult,
  STOP_BACKFILL_SIGNAL,
  toBackfillId,
} from '../workflows/backfill-contract.ts'
import { askProgress } from './backfill-follow.ts'
import type { Connection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'

/** How long a worker may take to answer the signal. */
const STOP_MS = 15_000

export async function stopBackfill(
  connection: Connection,
  { product, ...command }: StopCommand & { product: ProductId },
  { from, to, dryRun, output }: { from?: string; to?: string; dryRun: boolean; output: Output },
): Promise<number> {
  const temporal = await connection.temporal()
  const range = from && to ? { from, to } : undefined
  const id = range ? toBackfillId({ product, ...range }) : await onlyRunning(connection, product)
  const noneRuns = async (): Promise<CommandFailure> => toNothing(id, await whoStopped(connection, product, range))
  const handle = temporal.workflow.getHandle(id)
  if (dryRun) {
    if (!(await isRunning(handle))) throw await noneRuns()
    return tellDry(temporal, handle, output)
  }
  try {
    await handle.signal(STOP_BACKFILL_SIGNAL, command)
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? await noneRuns() : error
  }
  const result = await untilOver(temporal, handle)
  requireOwn(id, command, result)
  if (output === 'json') printJson({ backfill: id, ...(result ?? { how: 'told' }) })
  else if (result)
    print(
      `${id}: ${result.how === 'stopped' ? 'stopped' : 'had ended'}. ${toProgressWords(result)}; what is open goes on.${await toGoOn(handle)}`,
    )
  else print(`${id} is told to stop and does so once a worker of its domain runs. See: sluice doctor`)
  return 0
}

/** Undefined while no worker answers, or Temporal does not. */
async function untilOver(temporal: Client, handle: WorkflowHandle): Promise<BackfillResult | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + STOP_MS, () => handle.result() as Promise<BackfillResult>)
  } catch (error) {
    if (error instanceof WorkflowFailedError)
      throw new Error(`${handle.workflowId} did not end as it should; what is open goes on.`, { cause: error })
    return undefined
  }
}

/** Of one that made cycles anew: the instant is part of what was asked for. */
async function toGoOn(handle: WorkflowHandle): Promise<string> {
  const { rerun, madeBefore } = ((await handle.describe()).memo ?? {}) as Partial<AskedRerun>
  return rerun && madeBefore ? ` To go on: its command with --rerun ${rerun} --made-before ${madeBefore}` : ''
}

const toNothing = (what: string, who: string): CommandFailure =>
  new CommandFailure(EXIT.notAllowed, `No ${what} runs: there is nothing to stop.${who}`)

/** Of the last one of this product, or of this range of it, where it did not end by itself; while the audit answers. */
async function whoStopped(connection: Connection, product: ProductId, range: DateRange | undefined): Promise<string> {
  const filter = { cycle: product as string as CycleId, actions: ['backfill' as const], refused: false, limit: 1_000 }
  const rows = await listAudited(connection.db(), filter).catch((error: unknown) => {
    if (isOutage(error)) return []
    throw error
  })
  const last = rows.find(
    ({ outcome, asked }) =>
      outcome === 'accepted' && (!range || (asked?.['from'] === range.from && asked['to'] === range.to)),
  )
  return last?.asked?.['stop'] === true
    ? ` The last one was stopped by ${last.actor}, at ${last.at}: ${toShort(last.reason)}.`
    : ''
}

/** Of two who stop it at once the second is told who was first; the workflow writes down that one only. */
function requireOwn(id: string, { requestId }: StopCommand, result: BackfillResult | undefined): void {
  const first = result?.stoppedBy
  if (!first || first.requestId === requestId) return
  throw new CommandFailure(EXIT.notAllowed, `${id} was stopped by ${first.actor} first: ${toShort(first.reason)}.`)
}

async function tellDry(temporal: Client, handle: WorkflowHandle, output: Output): Promise<number> {
  const id = handle.workflowId
  const progress = await askProgress(temporal, handle)
  if (output === 'json') printJson({ backfill: id, ...progress, isDryRun: true })
  else {
    print(`${id} would be stopped${progress ? `: ${toProgressWords(progress)}` : ''}; what is open would go on.`)
    print('Nothing was done: this was a dry run.')
  }
  return 0
}

async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  try {
    return (await handle.describe()).status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

async function onlyRunning(connection: Connection, product: ProductId): Promise<string> {
  const [one, ...others] = await listRunning(await connection.temporal(), product)
  if (one === undefined) throw toNothing(`backfill of ${product}`, await whoStopped(connection, product, undefined))
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
