// From a plan to templates. In: the plan, whether the findings of cdk-nag are wanted. Out: a template per stack, in order
// of deployment. Never: asks AWS or the network anything.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { App, BootstraplessSynthesizer, Validations } from 'aws-cdk-lib/core'
import { CentralStack } from './central-stack.ts'
import { DomainStack } from './domain-stack.ts'
import type { Plan } from './plan.ts'

/** Of one account and region; `template` is CloudFormation. */
export interface SynthesisedStack {
  stack: string
  account: string
  region: string
  template: object
}

/** @throws Error that names every finding of cdk-nag which no stack acknowledges. */
export async function synthesise(plan: Plan, options: { outdir?: string; isChecked?: boolean } = {}) {
  // The CDK writes its output in any case, and leaves a folder of its own choice behind.
  const outdir = options.outdir ?? mkdtempSync(path.join(tmpdir(), 'sluice-synthesis-'))
  try {
    return await synthesiseInto(outdir, plan, options.isChecked ?? false)
  } finally {
    if (options.outdir === undefined) rmSync(outdir, { recursive: true, force: true })
  }
}

async function synthesiseInto(outdir: string, plan: Plan, isChecked: boolean): Promise<SynthesisedStack[]> {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    builtinCloudFormationValidation: isChecked,
    outdir,
    context: { 'aws:cdk:disable-asset-staging': true },
  })
  if (isChecked) {
    const { AwsSolutionsChecks } = await import('cdk-nag')
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  }
  const at = (account: string) => ({
    env: { account, region: plan.region },
    synthesizer: new BootstraplessSynthesizer(),
  })
  new CentralStack(app, 'sluice-central', plan, at(plan.centralAccount))
  for (const domain of plan.domains) {
    new DomainStack(app, `sluice-domain-${domain.domain}`, plan, domain, at(domain.account))
  }
  return app.synth().stacks.map(
    ({ stackName, environment, template }): SynthesisedStack => ({
      stack: stackName,
      account: environment.account,
      region: environment.region,
      template: template as object,
    }),
  )
}
