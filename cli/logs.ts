// In: a cycle. Out: its Glue runs as Glue tells them, with their logs or the place where those are.
import { GetJobRunCommand, type JobRun } from '@aws-sdk/client-glue'
import { selectVersions } from '../catalog/rows.ts'
import { type CycleRow, readCycle } from '../mirror/status.ts'
import type { Attempt } from '../model/cycle/attempt.ts'
import { type CycleParts, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import { toGlueLogLink } from '../model/glue-log.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'
import { type RunLog, toLines, toRunLog } from './run-log.ts'

export async function logs({ product, key }: CycleParts, options: { stack?: string; output: Output }): Promise<number> {
  const cycle = toCycleId(product, key)
  return withConnection(options, domainOf(product), async (connection) => {
    const report = await readCycle(connection.db(), cycle)
    if (!report)
      throw new CommandFailure(EXIT.failed, `The mirror knows no cycle ${cycle}. Why: sluice explain ${cycle}`)
    const job = await readJobName(connection, product, report.row.definitionVersion)
    const runs = await Promise.all(report.row.attempts.map((attempt) => readRun(connection, job, attempt, report.row)))
    if (options.output === 'json') printJson(runs)
    else if (runs.length === 0) print(`${cycle} has not started a Glue run: it is ${report.row.state}.`)
    else for (const line of runs.flatMap((run) => toLines(cycle, job, run))) print(line)
    return 0
  })
}

async function readRun(connection: Connection, job: string, attempt: Attempt, row: CycleRow): Promise<RunLog> {
  const { runId } = attempt
  const run = runId ? await askGlue(connection, job, runId) : undefined
  return {
    ...toRunLog(attempt, row, run),
    link: runId ? toGlueLogLink(connection.settings.AWS_REGION, runId) : null,
    log: runId ? await readLocalLog(connection, runId) : null,
  }
}

/** Undefined for a run that Glue has forgotten: what the mirror knows is shown. */
async function askGlue(connection: Connection, JobName: string, RunId: string): Promise<JobRun | undefined> {
  try {
    return (await (await connection.aws()).glue.send(new GetJobRunCommand({ JobName, RunId }))).JobRun
  } catch (error) {
    if ((error as Error).name === 'EntityNotFoundException') return undefined
    throw error
  }
}

/** A local stack's jobs run as child processes; their output is kept by the sandbox, not by CloudWatch. */
async function readLocalLog({ stack }: Connection, runId: string): Promise<string | null> {
  const endpoint = stack?.addresses['awsEndpoint']
  if (!endpoint) return null
  const answer = await fetch(`${endpoint}/_sandbox/glue-log?runId=${runId}`)
  return answer.ok ? ((await answer.json()) as { log: string }).log : ''
}

async function readJobName({ db }: Connection, product: ProductId, version: number): Promise<string> {
  const [found] = await selectVersions(db(), [{ product, version }])
  if (found) return found.definition.run.glue
  throw new CommandFailure(
    EXIT.failed,
    `Version ${version} of ${product} is not in the database any more, so its Glue job is not known.`,
  )
}
