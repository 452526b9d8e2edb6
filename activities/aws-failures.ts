// Which AWS errors are final and which are worth another try: the one table of it, with the wait of each.
// In: what the SDK threw. Out: an ApplicationFailure that says what was tried, on what, what was found, what to do.
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'

interface Rule {
  type: string
  final: boolean
  /** Null = the activity's own back-off. */
  waitMs: number | null
  /** "Not yet" is no warning. */
  benign: boolean
  advice: string
}

const final = (type: string, advice: string): Rule => ({ type, final: true, waitMs: null, benign: false, advice })
const wait = (type: string, waitMs: number | null, advice: string): Rule => ({
  type,
  final: false,
  waitMs,
  benign: true,
  advice,
})
const pause = (type: string, advice: string): Rule => ({ type, final: false, waitMs: 30_000, benign: false, advice })

const NOT_ALLOWED = 'Mend the role or the policy; it is tried again by itself.'

const rulesFor = (capacityRetryMs: number): Record<string, Rule> => ({
  ConcurrentRunsExceededException: wait(
    'WaitsForConcurrentRuns',
    capacityRetryMs,
    "The job's MaxConcurrentRuns is in use; it starts when a run ends.",
  ),
  ResourceNumberLimitExceededException: wait(
    'WaitsForAccountQuota',
    3 * capacityRetryMs,
    "The account's Glue quota is in use; it starts when there is room.",
  ),
  ThrottlingException: wait('WaitsForCallRate', null, 'AWS limits the rate of calls; it is tried again by itself.'),
  EntityNotFoundException: final('GlueJobMissing', 'Deploy the job in this account, then rerun the cycle.'),
  InvalidInputException: final('GlueInputInvalid', 'Mend the definition or the job, then rerun the cycle.'),
  AccessDeniedException: pause('AwsAccessDenied', NOT_ALLOWED),
  ExpiredTokenException: pause('AwsCredentialsExpired', NOT_ALLOWED),
  UnrecognizedClientException: pause('AwsCredentialsUnknown', NOT_ALLOWED),
  CredentialsProviderError: pause('AwsCredentialsMissing', NOT_ALLOWED),
})

/** `tried` completes "Could not …", with what it was tried on. */
export function toAwsFailure(error: unknown, tried: string, capacityRetryMs: number): ApplicationFailure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const rule = rulesFor(capacityRetryMs)[name]
  return ApplicationFailure.create({
    message: `Could not ${tried}: ${name}: ${message}. ${rule?.advice ?? 'It is tried again by itself.'}`,
    type: rule?.type ?? 'AwsUnavailable',
    nonRetryable: rule?.final ?? false,
    ...(rule?.waitMs ? { nextRetryDelay: jittered(rule.waitMs) } : {}),
    ...(rule?.benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
    cause: error instanceof Error ? error : undefined,
  })
}

/** 75 to 125 %: cycles that wait for the same thing do not come back together. */
const jittered = (ms: number): number => Math.round(ms * (0.75 + Math.random() / 2))
