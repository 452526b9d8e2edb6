// Follows a backfill to its end. In: its workflow. Out: its result, with the progress on stderr meanwhile.
// Never: ends the backfill because this command ends; a word on stdout.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { type BackfillProgress, toProgressWords } from '../model/backfill-progress.ts'
import { BACKFILL_QUERY, type BackfillResult } from '../workflows/backfill-contract.ts'
import { talk } from './output.ts'

/** Each look is a query. */
const LOOK_MS = 2_000
const ANSWER_MS = 5_000

/** Where the progress is shown: a line that is painted over on a terminal, a line for each change elsewhere. */
export interface Screen {
  show(line: string): void
  clear(): void
}

export function toScreen(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>): Screen {
  let last = ''
  const isNew = (line: string): boolean => {
    const isChanged = line !== last
    last = line
    return isChanged
  }
  if (!stream.isTTY) return { show: (line) => void (isNew(line) && stream.write(`${line}\n`)), clear: () => undefined }
  return {
    show: (line) => void (isNew(line) && stream.write(`\r\u001b[2K${line.slice(0, (stream.columns || 80) - 1)}`)),
    clear: () => void (last !== '' && stream.write('\r\u001b[2K')),
  }
}

/** Undefined when the signal aborted first: it goes on without us. */
export async function follow(
  temporal: Client,
  id: string,
  { screen, signal }: { screen: Screen; signal: AbortSignal },
): Promise<BackfillResult | undefined> {
  const handle = temporal.workflow.getHandle(id)
  let [isOver, isTold] = [false, false]
  const result = (handle.result() as Promise<BackfillResult>).finally(() => {
    isOver = true
  })
  const over = result.then(
    () => undefined,
    () => undefined,
  )
  while (!isOver && !signal.aborted) {
    const progress = await askProgress(temporal, handle)
    if (progress) screen.show(toLine(progress))
    else if (!isOver && !isTold) {
      isTold = true
      screen.clear()
      talk('It gives no answer just now; it goes on once a worker of its domain runs. See: sluice doctor')
    }
    await Promise.race([over, pause(LOOK_MS, undefined, { signal }).catch(() => undefined)])
  }
  screen.clear()
  return signal.aborted && !isOver ? undefined : result
}

/** Undefined when no worker answers. */
export async function askProgress(temporal: Client, handle: WorkflowHandle): Promise<BackfillProgress | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + ANSWER_MS, () => handle.query<BackfillProgress>(BACKFILL_QUERY))
  } catch {
    return undefined
  }
}

const NAMED = 4

function toLine(progress: BackfillProgress): string {
  const { busy } = progress
  const names = busy.slice(0, NAMED).join(', ') + (busy.length > NAMED ? ' …' : '')
  return `${toProgressWords(progress)}${names ? ` (${names})` : ''}`
}
