import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endOf } from '../samples.test-data.ts'
import { GLUE_ENDS } from './attempt.ts'
import { classifyFailure, type FailureClass } from './failure-class.ts'

const ofMessage = (error: string): FailureClass => classifyFailure({ ...endOf('FAILED'), error })

test.each([
  ['FAILED', 'job-failed'],
  ['TIMEOUT', 'timeout'],
  ['STOPPED', 'stopped'],
  ['ERROR', 'infrastructure'],
  ['EXPIRED', 'infrastructure'],
] as const)('%s without words of Glue: %s', (state, failure) => {
  expect(classifyFailure(endOf(state))).toBe(failure)
  expect(classifyFailure({ ...endOf(state), error: null })).toBe(failure)
})

test('an end that nobody could learn is that, whatever is written beside it', () => {
  for (const state of GLUE_ENDS)
    expect(classifyFailure({ ...endOf(state), error: 'Rate exceeded', noticedBy: 'nobody' })).toBe('out-of-sight')
})

test.each([
  ['Internal service error : Please retry', 'infrastructure'],
  ['An internal service error occurred.', 'infrastructure'],
  ['InternalServiceException: An internal service error occurred.', 'infrastructure'],
  ['The operation timed out.', 'infrastructure'],
  ['Resource unavailable', 'infrastructure'],
  ['The specified subnet does not have enough free addresses to satisfy the request.', 'infrastructure'],
  ['Number of IP addresses on subnet is 0', 'infrastructure'],
  ['Error Category: GLUE_INTERNAL_SERVICE_ERROR; Please try again', 'infrastructure'],
  ['JobName:d1-ds3 and JobRunId:jr_1 failed to execute with exception Internal service exception', 'infrastructure'],
  [
    'AccountId:222222222222 and JobName:d1-ds3 and JobRunId:jr_1 failed to execute with exception  Resource unavailable',
    'infrastructure',
  ],
  ['Max concurrent runs exceeded', 'throttled'],
  ['Max concurrent compute (DPU usage) exceeded', 'throttled'],
  ['Max concurrent job runs per account exceeded', 'throttled'],
  ['The job exceeded its maximum allowed concurrent runs', 'throttled'],
  ['Exceeded maximum concurrent capacity for your account: 300.', 'throttled'],
  ['Concurrent runs exceeded for d1-ds3', 'throttled'],
  ['Rate exceeded', 'throttled'],
  ['Error Category: THROTTLING_ERROR; Rate exceeded', 'throttled'],
] as const)('Glue says: %s', (message, failure) => {
  expect(ofMessage(message)).toBe(failure)
})

test.each([
  ['Command failed with exit code 10'],
  ['No space left on device (the demo made this run fail)'],
  ['An error occurred while calling o158.toDF. Unable to parse file: MXvideos.csv'],
  ['Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 24; Internal service error'],
  ['Error Category: GLUE_JOB_BOOKMARK_VERSION_MISMATCH_ERROR; Job bookmark update failed'],
  ['Error Category: LAUNCH_ERROR; s3://scripts/d1-ds3.py does not exist'],
  ['RuntimeError: the vendor answered: Internal service error'],
  ['botocore.errorfactory.ThrottlingException: Rate exceeded'],
  ['LAUNCH ERROR | Error downloading from S3 for bucket: scripts, key: d1-ds3.py'],
  ['JobName:d1-ds3 and JobRunId:jr_1 failed to execute with exception At least one security group must open all ports'],
  ['Could not find S3 endpoint or NAT gateway for subnetId'],
  ['Resources of the team are unavailable'],
])("the job's, in doubt too: %s", (message) => {
  expect(ofMessage(message)).toBe('job-failed')
})

test('what a script says after its own first words is never taken for Glue', () => {
  const aTail = fc.constantFrom('Internal service error', 'Rate exceeded', 'Resource unavailable')
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z][a-z]{2,9}Error: /), aTail, (head, tail) => {
      expect(ofMessage(`${head}${tail}`)).toBe('job-failed')
    }),
  )
})

test('a completion by hand that lacks anything is the job’s', () => {
  expect(classifyFailure({ state: 'gone' } as unknown as Parameters<typeof classifyFailure>[0])).toBe('job-failed')
})
