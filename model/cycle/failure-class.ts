// In: how a Glue run ended. Out: whose failure that was, which decides whether another run is started (retry.ts). Pure.
// Never: the script's failure taken for Glue's: where the words leave a doubt, it is the job's.

export const FAILURE_CLASSES = [
  /** Glue's own: it could not begin the run or carry it through. */
  'infrastructure',
  /** A limit of AWS ended it: too many runs, too much compute, too many calls. */
  'throttled',
  /** The script, its data, its rights or its settings. */
  'job-failed',
  'timeout',
  /** By a person. */
  'stopped',
  /** Nobody could learn how it ended: it may still be at work. */
  'out-of-sight',
] as const
export type FailureClass = (typeof FAILURE_CLASSES)[number]

/** As `GlueRunEnd` has them. */
interface Ended {
  state: string
  noticedBy: string
  error: string | null
}

/** Of an end without success; what somebody completed by hand may lack anything, and is then the job's. */
export function classifyFailure({ state, noticedBy, error }: Ended): FailureClass {
  if (noticedBy === 'nobody') return 'out-of-sight'
  switch (state) {
    case 'STOPPED':
      return 'stopped'
    case 'TIMEOUT':
      return 'timeout'
    // Both have no message of the script, and no event either (docs/aws-assumptions.md, A17).
    case 'ERROR':
    case 'EXPIRED':
      return 'infrastructure'
    default:
      return classifyMessage(typeof error === 'string' ? error.trimStart() : '')
  }
}

/**
 * How Glue begins what it says of a run that it could not carry through; in the events of it (events-ref-glue.html) and, as
 * people quote them, in `ErrorMessage` too.
 */
const OPENING = /^(?:AccountId:\S+ and )?JobName:\S+ and JobRunId:\S+ failed to execute with exception\s+/i

/** Since Glue 4.0 a message may begin with Glue's own verdict, which then is the only one that counts. */
function classifyMessage(whole: string): FailureClass {
  const message = whole.replace(OPENING, '')
  const category = /^Error Category: ([A-Z_]+)/.exec(message)?.[1]
  if (category) return CATEGORIES[category] ?? 'job-failed'
  return PATTERNS.find(({ pattern }) => pattern.test(message))?.is ?? 'job-failed'
}

/**
 * Of the 28 categories of Glue's observability metrics ("Monitoring with AWS Glue Observability metrics",
 * monitor-observability.html, and messages as people quote them: `Error Category: UNCLASSIFIED_ERROR; Failed Line Number:
 * 24; …`); all others are the job's. LAUNCH_ERROR is so too: a script that is not where the job says is one of them, and
 * GLUE_JOB_BOOKMARK_VERSION_MISMATCH_ERROR: two runs of one job used one bookmark, and would again.
 */
const CATEGORIES: Record<string, FailureClass> = {
  GLUE_INTERNAL_SERVICE_ERROR: 'infrastructure',
  GLUE_OPERATION_TIMEOUT_ERROR: 'infrastructure',
  THROTTLING_ERROR: 'throttled',
}

interface Pattern {
  /** From the beginning on: what a script prints quotes such words further in. */
  pattern: RegExp
  is: FailureClass
  /** Where the words are from. */
  source: string
}

export const PATTERNS: Pattern[] = [
  {
    pattern: /^(?:an )?internal service (?:error|exception)\b|^InternalServiceException\b/i,
    is: 'infrastructure',
    source: 'aws-glue-api-exceptions.html: InternalServiceException, "An internal service error occurred."',
  },
  {
    pattern: /^(?:the )?operation timed out\b|^OperationTimeoutException\b/i,
    is: 'infrastructure',
    source: 'aws-glue-api-exceptions.html: OperationTimeoutException, "The operation timed out."',
  },
  {
    pattern: /^resource unavailable\b/i,
    is: 'infrastructure',
    source: 'glue-troubleshooting-errors.html: "Error: Resource unavailable"; also a case of job-run-statuses.html',
  },
  {
    pattern: /^the specified subnet does not have enough free addresses\b|^number of ip addresses on subnet is 0\b/i,
    is: 'infrastructure',
    source:
      'as quoted, none in the guide: beyond5nines.com/look-ma-no-servers-01, and `check_if_aws_failure` of a mesh that retries ' +
      'these; addresses come free within the hour',
  },
  {
    pattern: /^max(?:imum)? concurrent (?:job )?(?:runs|compute)\b/i,
    is: 'throttled',
    source:
      'job-run-statuses.html: "Max concurrent job runs per account exceeded", "… per job exceeded", ' +
      '"Max concurrent compute (DPU usage) exceeded"; aws-samples/build-a-360-degree-customer-view-with-aws#1',
  },
  {
    pattern: /^(?:the job )?exceed(?:ed|s) (?:its |the )?max(?:imum)? (?:allowed )?concurrent\b/i,
    is: 'throttled',
    source: 'job-run-statuses.html, FAILED: "The job exceeded its maximum allowed concurrent runs"',
  },
  {
    pattern: /^concurrent runs exceeded\b|^(?:ConcurrentRuns|ResourceNumberLimit)ExceededException\b/i,
    is: 'throttled',
    source: 'aws-glue-api-exceptions.html; aws-solutions/amazon-marketing-cloud-uploader-from-aws#51',
  },
  {
    pattern: /^rate exceeded\b|^ThrottlingException\b/i,
    is: 'throttled',
    source: 'aws-glue-api-exceptions.html: ThrottlingException, in the words of every throttled call',
  },
]

/** As a noun with its article: "after …", "ended FAILED, …". */
export const FAILURE_WORDS: Record<FailureClass, string> = {
  infrastructure: 'an infrastructure failure',
  throttled: 'throttling by AWS',
  'job-failed': 'a failure of the job',
  timeout: 'a timeout',
  stopped: 'a stop by a person',
  'out-of-sight': 'an end that nobody could learn',
}
