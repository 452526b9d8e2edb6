// Cycles whose workflow task fails for ever: their code throws, or Temporal refuses what they ask. They stand still, and no state
// of theirs says so. In: a domain. Out: that there is none; an error names them, and why as far as Temporal says.
// Never: a word where the server keeps no list of them, as older ones do.
import { isGrpcServiceError } from '@temporalio/client'
import type { Connection } from './connection.ts'
import { toCount } from './output.ts'

/** Set by the server once a few tasks in a row have failed, and taken away once one succeeds. */
const PROBLEMS = 'TemporalReportedProblems'
const INVALID_ARGUMENT = 3
const NAMED = 5

export const FAILING_TASKS_TODO =
  'See why: temporal workflow show --workflow-id <it>, the last WorkflowTaskFailed; all of them in the Temporal UI: ' +
  `${PROBLEMS} IS NOT NULL. It goes on by itself once a worker of its version is mended; else end it (temporal workflow ` +
  'terminate --workflow-id <it>), then sluice rerun, which goes on from what the mirror knows.'

/** Undefined: the server cannot tell. */
export async function checkFailingTasks({ temporal }: Connection, domain: string): Promise<string | undefined> {
  const query = `ExecutionStatus = "Running" AND SluiceDomain = "${domain}" AND ${PROBLEMS} IS NOT NULL`
  const failing: string[] = []
  try {
    for await (const { workflowId, searchAttributes } of (await temporal()).workflow.list({ query }))
      failing.push(workflowId + toWhy(searchAttributes[PROBLEMS]))
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === INVALID_ARGUMENT) return undefined
    throw error
  }
  if (failing.length === 0) return 'none'
  const more = failing.length > NAMED ? `, and ${failing.length - NAMED} more` : ''
  const [verb, whose] = failing.length === 1 ? ['does', 'its'] : ['do', 'their']
  throw new Error(
    `${toCount(failing.length, 'workflow')} ${verb} not go on, as ${whose} workflow task fails again and again: ` +
      `${failing.slice(0, NAMED).join(', ')}${more}`,
  )
}

/** `category=WorkflowTaskFailed`, `cause=WorkflowTaskFailedCausePayloadsTooLarge`. */
function toWhy(problems: unknown): string {
  const causes = [problems]
    .flat()
    .flatMap((one) => /^cause=(?:WorkflowTaskFailedCause)?(.+)$/.exec(String(one))?.[1] ?? [])
  return causes.length > 0 ? ` (${causes.join(', ')})` : ''
}
