// Which AWS errors are final and which are worth another try, with the wait of each: one table for
// each kind of call, because the same name may mean another thing.
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

export type Rules = Record<string, Rule>

const NOT_ALLOWED = 'Mend the role or the policy; it is tried again by itself.'
const SLOWER = 'AWS limits the rate of calls; it is tried again by itself.'

/** Whatever is called. */
export const ANY_CALL: Rules = {
  ThrottlingException: wait('WaitsForCallRate', null, SLOWER),
  AccessDeniedException: pause('AwsAccessDenied', NOT_ALLOWED),
  ExpiredTokenException: pause('AwsCredentialsExpired', NOT_ALLOWED),
  UnrecognizedClientException: pause('AwsCredentialsUnknown', NOT_ALLOWED),
  CredentialsProviderError: pause('AwsCredentialsMissing', NOT_ALLOWED),
}

/** Looking for a run, starting and stopping one. A full Glue is a wait; a job that is not there is final. */
export const toGlueOrderRules = (capacityRetryMs: number): Rules => ({
  ...ANY_CALL,
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
  EntityNotFoundException: final('GlueJobMissing', 'Deploy the job in this account, then rerun the cycle.'),
  InvalidInputException: final('GlueInputInvalid', 'Mend the definition or the job, then rerun the cycle.'),
})

/**
 * A start that nobody answered may have been accepted, and Glue may list the run a moment later than it began
 * (docs/aws-assumptions.md, A5): whoever looked again at once would see none and start a second.
 */
const UNANSWERED_START_MS = 30_000

/**
 * Starting a run: a refusal that the rules name left none. Whatever else came (a lost answer, a 5xx, Glue's own
 * `OperationTimeoutException`, which is a 400) may have come after the run began.
 */
export const toGlueStartFailure = (error: unknown, tried: string, rules: Rules): ApplicationFailure =>
  toAwsFailure(error, tried, rules, UNANSWERED_START_MS)

const RUN_UNKNOWN =
  'A run that was started may not show yet, or its job is being deployed anew: Glue is asked again, and no other run ' +
  'is started meanwhile. If the job is gone for good, cancel the cycle.'

/** Asking for a run that was started: no answer of Glue about it is its end. The activity's own pause is a flat 1 s. */
export const GLUE_RUN_RULES: Rules = {
  ...ANY_CALL,
  ThrottlingException: wait('WaitsForCallRate', 15_000, SLOWER),
  EntityNotFoundException: pause('GlueRunUnknown', RUN_UNKNOWN),
  InvalidInputException: pause('GlueRunUnknown', RUN_UNKNOWN),
}

/** A notice that nobody can get must not keep the run of the cycle open. */
export const NOTICE_RULES: Rules = {
  ...ANY_CALL,
  QueueDoesNotExist: final(
    'NotificationQueueMissing',
    'Nobody is notified of this failure: create the queue again; sluice explain tells what failed.',
  ),
}

/** `tried` completes "Could not …", with what it was tried on; `elseMs` is the wait of what no rule names. */
export function toAwsFailure(
  error: unknown,
  tried: string,
  rules: Rules,
  elseMs: number | null = null,
): ApplicationFailure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const rule = rules[name]
  const waitMs = rule ? rule.waitMs : elseMs
  return ApplicationFailure.create({
    message: `Could not ${tried}: ${name}: ${message}. ${rule?.advice ?? 'It is tried again by itself.'}`,
    type: rule?.type ?? 'AwsUnavailable',
    nonRetryable: rule?.final ?? false,
    ...(waitMs ? { nextRetryDelay: jittered(waitMs) } : {}),
    ...(rule?.benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
    cause: error instanceof Error ? error : undefined,
  })
}

/** 75 to 125 %: cycles that wait for the same thing do not come back together. */
const jittered = (ms: number): number => Math.round(ms * (0.75 + Math.random() / 2))
