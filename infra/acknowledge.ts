// A finding of cdk-nag that is meant to be. In: the construct, the rule, why. Never: a finding without its reason.
import { Validations } from 'aws-cdk-lib/core'
import type { IConstruct } from 'constructs'

export const acknowledge = (scope: IConstruct, id: string, reason: string): void =>
  Validations.of(scope).acknowledge({ id, reason })

/** Each resource with a wildcard is a finding of its own; `arns` as nag shows them, a parameter as `<Name>`. */
export function acknowledgeWildcards(scope: IConstruct, arns: string[], reason: string): void {
  for (const arn of new Set(arns)) {
    if (arn.endsWith('*')) acknowledge(scope, `AwsSolutions-IAM5[Resource::${arn}]`, reason)
  }
}
