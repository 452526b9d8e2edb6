// A domain's account. In: its part of the plan. Out: its bus, rules, queues, Glue jobs, buckets, and the roles that use
// them. Never: admits another domain's account to its bus; what others publish comes over the central bus.
import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib/core'
import { CfnEventBus, CfnEventBusPolicy, CfnRule } from 'aws-cdk-lib/aws-events'
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { namesOf } from '../clients/config.ts'
import { addBucket } from './buckets.ts'
import { addCatalogParameter } from './central-stack.ts'
import { GLUE_PATTERN, REFRESH_PATTERN, toRoleName } from './events.ts'
import { addJobs } from './jobs.ts'
import type { DomainPlan, Plan } from './plan.ts'
import { addQueue, addUndelivered, protectQueue } from './queues.ts'
import { addBridgeRole, addWorkerRole } from './roles.ts'
import { roleMayRead, rootOf, rulesMaySend } from './statements.ts'

/** The bridge alone decides what is poison; a redrive by count would dead-letter healthy messages in an outage. */
const MAX_RECEIVES = 1_000

export class DomainStack extends Stack {
  constructor(scope: Construct, id: string, plan: Plan, domain: DomainPlan, props: StackProps) {
    super(scope, id, props)
    const names = namesOf(domain.domain)
    const bus = this.addBus(names.domainBusName, plan)
    const queues = this.addQueues(names, domain.domain)
    this.addRules(bus, queues, domain)
    const catalogBucket = addCatalogParameter(this).valueAsString
    for (const [index, { name, readers, tellsEventBridge }] of domain.buckets.entries()) {
      const others = plan.domains.filter((other) => readers.includes(other.domain))
      const statements = others.map((other) =>
        roleMayRead(`arn:aws:iam::${other.account}:role/${toRoleName(other.domain, 'jobs')}`, other.account, name),
      )
      addBucket(this, `Bucket${index + 1}`, { bucketName: name, statements, tellsEventBridge })
    }
    addJobs(this, domain)
    const principal = new CfnParameter(this, 'RolePrincipal', {
      type: 'String',
      default: 'ecs-tasks.amazonaws.com',
      description: 'The service in which worker and bridge run, and which assumes their roles',
    }).valueAsString
    const at = { ...domain, region: plan.region, centralAccount: plan.centralAccount, principal, catalogBucket }
    addBridgeRole(this, { ...at, ...queues })
    addWorkerRole(this, { ...at, bus, notifications: queues.notifications })
    new CfnOutput(this, 'QueueUrl', { value: queues.events.ref })
  }

  /** Admits the central account and its own, which needs no statement. */
  private addBus(name: string, { centralAccount }: Plan): CfnEventBus {
    const bus = new CfnEventBus(this, 'Bus', { name })
    new CfnEventBusPolicy(this, 'AdmitCentral', {
      eventBusName: bus.ref,
      statementId: 'central',
      statement: {
        Effect: 'Allow',
        Principal: { AWS: rootOf(centralAccount) },
        Action: 'events:PutEvents',
        Resource: bus.attrArn,
        Condition: { StringLike: { 'events:source': 'dataproduct.*' } },
      },
    })
    return bus
  }

  private addQueues(names: ReturnType<typeof namesOf>, domain: string) {
    const deadLetters = addQueue(this, 'DeadLetters', { queueName: names.deadLetterQueueName })
    const undelivered = addUndelivered(this, `sluice-${domain}-undelivered`)
    const events = addQueue(this, 'Events', {
      queueName: names.queueName,
      visibilityTimeout: 60,
      redrive: { to: deadLetters, maxReceiveCount: MAX_RECEIVES },
    })
    const unread = addQueue(this, 'UnreadNotifications', { queueName: `${names.notificationQueueName}-dlq` })
    const notifications = addQueue(this, 'Notifications', {
      queueName: names.notificationQueueName,
      redrive: { to: unread, maxReceiveCount: 10 },
    })
    protectQueue(this, 'DeadLettersPolicy', deadLetters)
    protectQueue(this, 'UnreadNotificationsPolicy', unread)
    protectQueue(this, 'NotificationsPolicy', notifications)
    return { events, deadLetters, undelivered, notifications }
  }

  private addRules(
    bus: CfnEventBus,
    queues: { events: CfnQueue; undelivered: CfnQueue },
    { domain, patterns }: DomainPlan,
  ): void {
    const { events, undelivered } = queues
    const targets = [{ id: 'queue', arn: events.attrArn, deadLetterConfig: { arn: undelivered.attrArn } }]
    const refreshed = new CfnRule(this, 'RefreshEvents', {
      ...{ name: 'refresh-events', eventBusName: bus.ref, eventPattern: REFRESH_PATTERN, state: 'ENABLED', targets },
    })
    const ended = new CfnRule(this, 'GlueEvents', {
      ...{ name: `sluice-${domain}-glue`, eventPattern: GLUE_PATTERN, state: 'ENABLED', targets },
    })
    const foreign = patterns.map(
      (eventPattern, index) =>
        new CfnRule(this, `External${index + 1}`, {
          ...{ name: `sluice-${domain}-external-${index + 1}`, eventPattern, state: 'ENABLED', targets },
        }),
    )
    const arns = [refreshed, ended, ...foreign].map(({ attrArn }) => attrArn)
    protectQueue(this, 'EventsPolicy', events, [rulesMaySend(events.attrArn, arns)])
    protectQueue(this, 'UndeliveredPolicy', undelivered, [rulesMaySend(undelivered.attrArn, arns)])
  }
}
