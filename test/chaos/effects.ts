// Names of external effects, as crash points have them: the operation, and its purpose where a request says one.
// In: what a client is about to do. Out: `aws StartJobRun`, `postgres insert event_ledger`, `temporal SignalWorkflowExecution
// held-up`; undefined for what only reads.
// Never: leaves out what it does not know (only what is listed here as reading is no effect); two uses under one name, as
// long as they differ in signal, workflow, detail type or queue.

const AWS_READS = /^(Get|List|Head|Describe)/
const TEMPORAL_READS = /^(Get|List|Describe|Query|Count|Check)/

export interface AwsInput {
  Entries?: { DetailType?: string }[] | undefined
  QueueUrl?: string | undefined
}

/** `GetJobRunsCommand` is the command of GetJobRuns. */
export const toAwsOperation = (commandName: string): string => commandName.replace(/Command$/, '')

/** Receiving counts: it takes the message out of others' sight. */
export function toAwsEffect(commandName: string, { Entries, QueueUrl }: AwsInput = {}): string | undefined {
  const operation = toAwsOperation(commandName)
  if (AWS_READS.test(operation)) return undefined
  return toName('aws', operation, Entries?.[0]?.DetailType ?? toQueue(QueueUrl))
}

/** Without the domain: `sluice-d1-events-dlq` is `events-dlq`, for the roles of each are alike. */
const toQueue = (url: string | undefined): string | undefined =>
  url
    ?.split('/')
    .at(-1)
    ?.replace(/^sluice-[^-]+-/, '')

export interface TemporalRequest {
  signalName?: string | null
  workflowType?: { name?: string | null } | null
}

/** `/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution` */
export const toTemporalOperation = (method: string): string => method.split('/').at(-1) ?? method

export function toTemporalEffect(method: string, request: TemporalRequest = {}): string | undefined {
  const operation = toTemporalOperation(method)
  if (TEMPORAL_READS.test(operation)) return undefined
  return toName('temporal', operation, request.signalName || request.workflowType?.name)
}

/** What a role that stands still at a chosen point notes before. */
export const toFreezeLine = (operation: string): string => `frozen after ${operation}`

const toName = (server: string, operation: string, purpose: string | null | undefined): string =>
  `${server} ${operation}${purpose ? ` ${purpose}` : ''}`

const WRITES = /\b(insert)\s+into\s+(\w+)|\b(update)\s+(?!set\b)(\w+)|\b(delete)\s+from\s+(\w+)/i
/** Words that change nothing by themselves. */
const POSTGRES_READS = /^\s*(select|with|begin|rollback|show|set)\b/i

export function toPostgresEffect(sql: string): string | undefined {
  const write = WRITES.exec(sql)
  if (write) {
    const [verb = '', table = ''] = write.slice(1).filter(Boolean)
    return `postgres ${verb.toLowerCase()} ${table}`
  }
  return POSTGRES_READS.test(sql) || sql.trim() === '' ? undefined : `postgres ${sql.trim().split(/\s+/)[0]}`
}
