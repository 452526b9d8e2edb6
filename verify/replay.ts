// I13. In: evidence and the code of a workflows' bundle. Out: the histories that this code cannot replay.
// Never: part of the pure judgement: a replay runs the workflows.
import { Worker } from '@temporalio/worker'
import type { Evidence } from './evidence.ts'
import type { Checked, Violation } from './verdict.ts'

export async function replayHistories({ cycles }: Evidence, code: string): Promise<Checked> {
  const runs = cycles.flatMap(({ cycle, runs }) =>
    runs.flatMap(({ runId, history }) => (history === undefined ? [] : [{ cycle, runId, history }])),
  )
  const given = runs.map(({ cycle, runId, history }) => ({ workflowId: `${cycle} ${runId}`, history }))
  const violations: Violation[] = []
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, given)) {
    if (!error) continue
    const [cycle = '', runId = ''] = workflowId.split(' ')
    violations.push({
      ...{ invariant: 'I13', cycle, says: `the history of ${cycle} does not replay on this build` },
      evidence: [`run ${runId}: ${error.name}: ${error.message}`],
    })
  }
  return { checked: runs.length, violations }
}
