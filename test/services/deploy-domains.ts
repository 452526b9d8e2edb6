// The stacks of domains without products, on a sandbox: made by the CDK app in this process, checked by nothing else.
// In: a sandbox, accounts. Out: what a deployment makes: buses, policies, rules, queues.
import { hashOf } from '../../infra/plan.ts'
import { type SynthesisedStack, synthesise } from '../../infra/synthesise.ts'
import { deployStacks } from '../../sandbox/cloudformation/deploy.ts'

export interface DomainsOrder {
  endpoint: string
  region: string
  centralAccount: string
  domains: { domain: string; account: string }[]
}

/** By plan: the tests of a file deploy the same domains again and again. */
const made = new Map<string, SynthesisedStack[]>()

export async function deployDomains({ endpoint, region, centralAccount, domains }: DomainsOrder): Promise<void> {
  const plan = {
    ...{ region, centralAccount },
    domains: domains.map((domain) => ({ ...domain, buckets: [], reads: [], jobs: [], patterns: [] })),
  }
  const hash = hashOf(plan)
  const stacks = made.get(hash) ?? (await synthesise(plan))
  made.set(hash, stacks)
  await deployStacks({ endpoint, stacks })
}
