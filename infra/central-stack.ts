// The governance account. In: the plan. Out: the central bus, who may publish on it, a forward rule per domain, the
// bucket of the catalog. Never: an account admitted for a source that is not its own.
import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib/core'
import { CfnEventBus, CfnEventBusPolicy, CfnRule } from 'aws-cdk-lib/aws-events'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { namesOf } from '../clients/config.ts'
import { addBucket } from './buckets.ts'
import { CENTRAL_BUS, REFRESH_PATTERN, toBusArn, toRoleName } from './events.ts'
import type { DomainPlan, Plan } from './plan.ts'
import { addUndelivered, protectQueue } from './queues.ts'
import { mayBeAssumedBy } from './roles.ts'
import { mayPublish, policyOf, roleMayRead, rulesMaySend } from './statements.ts'

/** What EventBridge allows a bus policy. */
const POLICY_LIMIT = 10_240

export class CentralStack extends Stack {
  constructor(scope: Construct, id: string, plan: Plan, props: StackProps) {
    super(scope, id, props)
    const bus = new CfnEventBus(this, 'Bus', { name: CENTRAL_BUS })
    const busArn = toBusArn(plan.region, plan.centralAccount, CENTRAL_BUS)
    requirePolicyFits(plan, busArn)
    const undelivered = addUndelivered(this, `${CENTRAL_BUS}-undelivered`)
    const rules = plan.domains.map((domain) => this.addDomain(bus, undelivered, domain, plan.region))
    protectQueue(this, 'UndeliveredPolicy', undelivered, [
      rulesMaySend(
        undelivered.attrArn,
        rules.map((rule) => rule.attrArn),
      ),
    ])
    this.addCatalog(plan)
    new CfnOutput(this, 'BusArn', { value: bus.attrArn, description: 'SLUICE_CENTRAL_BUS_ARN of every role' })
  }

  /** One hop: central bus to domain bus. */
  private addDomain(bus: CfnEventBus, undelivered: CfnQueue, { domain, account }: DomainPlan, region: string): CfnRule {
    const part = toLogicalName(domain)
    new CfnEventBusPolicy(this, `Publish${part}`, {
      eventBusName: bus.ref,
      statementId: `publish-${domain}`,
      statement: mayPublish(domain, account, bus.attrArn),
    })
    const domainBusArn = toBusArn(region, account, namesOf(domain).domainBusName)
    const put = { Effect: 'Allow' as const, Action: 'events:PutEvents', Resource: domainBusArn }
    const role = new CfnRole(this, `Forward${part}Role`, {
      roleName: toRoleName(domain, 'forward'),
      assumeRolePolicyDocument: mayBeAssumedBy('events.amazonaws.com'),
      policies: [{ policyName: 'put-on-the-domain-bus', policyDocument: policyOf([put]) }],
    })
    return new CfnRule(this, `Forward${part}`, {
      name: `forward-${domain}`,
      eventBusName: bus.ref,
      eventPattern: REFRESH_PATTERN,
      state: 'ENABLED',
      targets: [
        {
          id: 'domain-bus',
          arn: domainBusArn,
          roleArn: role.attrArn,
          deadLetterConfig: { arn: undelivered.attrArn },
        },
      ],
    })
  }

  private addCatalog(plan: Plan): void {
    const { valueAsString: bucketName } = addCatalogParameter(this)
    const statements = plan.domains.flatMap(({ domain, account }) =>
      (['bridge', 'worker'] as const).map((role) =>
        roleMayRead(`arn:aws:iam::${account}:role/${toRoleName(domain, role)}`, account, bucketName),
      ),
    )
    addBucket(this, 'Catalog', { bucketName, isVersioned: true, statements })
  }
}

export const addCatalogParameter = (stack: Stack): CfnParameter =>
  new CfnParameter(stack, 'CatalogBucket', {
    type: 'String',
    default: 'sluice-catalog',
    description: 'SLUICE_CATALOG_BUCKET of every role; bucket names are unique in all of AWS, so choose one',
  })

/** `my-domain` to `MyDomain`; the hyphens of `a-b` and `ab` must not give one name, so each leaves an `X`. */
export const toLogicalName = (name: string): string =>
  name.replaceAll('-', 'X-').replace(/(^|-)(.)/g, (_match, _hyphen, letter: string) => letter.toUpperCase())

function requirePolicyFits({ domains }: Plan, busArn: string): void {
  const statements = domains.map(({ domain, account }) => ({
    Sid: `publish-${domain}`,
    ...mayPublish(domain, account, busArn),
  }))
  const { length } = JSON.stringify(policyOf(statements))
  if (length <= POLICY_LIMIT) return
  throw new Error(
    `The central bus's policy for ${domains.length} domains has ${length} characters; EventBridge allows ${POLICY_LIMIT}. ` +
      'Split the mesh over two central buses.',
  )
}
