// Glue jobs of a domain. In: the jobs that its definitions name. Out: a bucket of scripts, the role, a job each.
// Never: Glue's own retries, which are runs with other ids: attempts are counted by the cycle.
import { CfnParameter, type Stack } from 'aws-cdk-lib/core'
import { CfnJob } from 'aws-cdk-lib/aws-glue'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { addBucket } from './buckets.ts'
import { toLogicalName } from './central-stack.ts'
import { toRoleName } from './events.ts'
import type { DomainPlan } from './plan.ts'
import { mayBeAssumedBy } from './roles.ts'
import { mayRead, policyOf, type Statement } from './statements.ts'

export function addJobs(stack: Stack, domain: DomainPlan): void {
  const bucketName = `sluice-${domain.domain}-scripts-${domain.account}`
  const scripts = addBucket(stack, 'Scripts', { bucketName, isVersioned: true })
  const role = addJobRole(stack, domain, bucketName)
  const maxConcurrentRuns = new CfnParameter(stack, 'MaxConcurrentRuns', {
    type: 'Number',
    default: 1,
    minValue: 1,
    description: 'Runs of one job at a time; more than one lets several dates of a product catch up together',
  }).valueAsNumber
  for (const { job, script, timeoutMinutes } of domain.jobs) {
    const resource = new CfnJob(stack, `Job${toLogicalName(job.replace(/[^A-Za-z0-9-]/g, 'Y'))}`, {
      name: job,
      role: role.attrArn,
      command: { name: 'glueetl', pythonVersion: '3', scriptLocation: `s3://${scripts.ref}/jobs/${script}` },
      glueVersion: '5.1',
      workerType: 'G.1X',
      numberOfWorkers: 2,
      maxRetries: 0,
      timeout: timeoutMinutes,
      executionProperty: { maxConcurrentRuns },
    })
    const encryption = 'Logs and bookmarks are encrypted by a Glue security configuration of the account.'
    acknowledge(resource, 'AwsSolutions-GL1', encryption)
    acknowledge(resource, 'AwsSolutions-GL3', encryption)
  }
}

function addJobRole(stack: Stack, { domain, account, buckets, reads }: DomainPlan, scripts: string): CfnRole {
  const logs = `arn:aws:logs:${stack.region}:${account}:log-group:/aws-glue/*`
  const published = buckets.flatMap(({ name, isPublished }) => (isPublished ? [name] : []))
  const statements: Statement[] = [
    ...[scripts, ...buckets.map(({ name }) => name), ...reads].flatMap(mayRead),
    ...published.map(
      (bucket): Statement => ({
        Effect: 'Allow',
        Action: ['s3:PutObject', 's3:DeleteObject'],
        Resource: `arn:aws:s3:::${bucket}/*`,
      }),
    ),
    { Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: logs },
  ]
  const role = new CfnRole(stack, 'JobsRole', {
    roleName: toRoleName(domain, 'jobs'),
    assumeRolePolicyDocument: mayBeAssumedBy('glue.amazonaws.com'),
    policies: [{ policyName: 'data-and-logs', policyDocument: policyOf(statements) }],
  })
  const reason = 'A job reads and writes objects and log streams whose names are not known before it runs.'
  const arns = statements.flatMap(({ Resource }) => Resource)
  acknowledgeWildcards(role, arns, reason)
  return role
}
