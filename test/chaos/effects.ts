// Names of external effects, as crash points have them. In: what a client is about to do. Out: `glue StartJobRun`,
// `postgres insert event_ledger`, `temporal StartWorkflowExecution`; undefined for what only reads.
// Never: leaves out what it does not know: only what is listed here as reading is no effect.

const AWS_READS = /^(Get|List|Head|Describe)/
const TEMPORAL_READS = /^(Get|List|Describe|Query|Count|Check)/

/** Receiving counts: it takes the message out of others' sight. */
export function toAwsEffect(commandName: string): string | undefined {
  const operation = commandName.replace(/Command$/, '')
  return AWS_READS.test(operation) ? undefined : `aws ${operation}`
}

/** `/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution` */
export function toTemporalEffect(method: string): string | undefined {
  const name = method.split('/').at(-1) ?? method
  return TEMPORAL_READS.test(name) ? undefined : `temporal ${name}`
}

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
