// In: the endpoint of a sandbox AWS. Out: rows of its ledger of calls, or the wait until one of a kind is there.
import { setTimeout as pause } from 'node:timers/promises'
import { readSandboxLedger } from '../../verify/collect.ts'
import type { SandboxRow } from '../../verify/evidence.ts'

/** Resolves once `isThere` holds for the ledger; rejects when the test's own time is over. */
export async function untilLedger(
  endpoint: string,
  isThere: (rows: SandboxRow[]) => boolean,
  signal: AbortSignal,
): Promise<SandboxRow[]> {
  for (;;) {
    const rows = await readSandboxLedger(endpoint)
    if (isThere(rows)) return rows
    await pause(100, undefined, { signal })
  }
}

/** Metadata ids of the refresh events put, in order, repeats included. */
export const publishedIds = (rows: SandboxRow[]): { seq: number; id: string; detailType: string }[] =>
  rows
    .filter(({ kind, operation, outcome }) => kind === 'call' && operation === 'PutEvents' && outcome === 'ok')
    .flatMap(({ seq, facts }) =>
      (facts['entries'] as { metadataId?: string; detailType: string; errorCode?: string }[]).flatMap((entry) =>
        entry.metadataId && !entry.errorCode ? [{ seq, id: entry.metadataId, detailType: entry.detailType }] : [],
      ),
    )

/** Each Glue run that really began, also one whose answer was lost. */
export const startedRuns = (rows: SandboxRow[]): { seq: number; cycle: string; attempt: number; runId: string }[] =>
  rows
    .filter(({ kind, outcome }) => kind === 'run-state' && outcome === 'STARTING')
    .map(({ seq, facts }) => ({
      ...{
        seq,
        cycle: String(facts['workflowId']),
        attempt: Number(facts['attempt']),
        runId: String(facts['JobRunId']),
      },
    }))
