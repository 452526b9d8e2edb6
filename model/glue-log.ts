// Where Glue keeps the output of a run. Source: Glue's continuous logging writes `/aws-glue/jobs/error` by run id.

/** The CloudWatch console, open at the run's error log; the console's own encoding writes `/` as `$252F`. */
export const toGlueLogLink = (region: string, runId: string): string =>
  `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}` +
  `#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Ferror/log-events/${encodeURIComponent(runId)}`
