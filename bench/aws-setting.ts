// Settings of the sandbox AWS for a run. In: its endpoint. Out: Glue runs that end by themselves; no event for a domain
// without roles, whose queue would only grow. Never: a change of what the measured domain's events pass through.
import {
  DisableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge'
import { CENTRAL_ACCOUNT } from '../cli/dev/deploy-mesh.ts'
import { namesOf } from '../clients/config.ts'
import { clientOptions, type Endpoint } from '../sandbox/cloudformation/account.ts'
import { CENTRAL_BUS_NAME } from '../cli/stack-environment.ts'
import { RAW } from './mesh-folder.ts'

/** Each run passes STARTING and RUNNING and has succeeded after `glueMs`. */
export async function setInstantGlue({ endpoint }: Endpoint, glueMs: number): Promise<void> {
  const states = [
    { state: 'RUNNING', afterMs: 0 },
    { state: 'SUCCEEDED', afterMs: glueMs },
  ]
  const rule = {
    ...{ id: 'instant', service: 'glue', operation: 'StartJobRun', times: 1_000_000_000 },
    action: { kind: 'run-timeline', states },
  }
  const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(rule) })
  if (!answer.ok) throw new Error(`The sandbox AWS refused the Glue timeline: ${await answer.text()}`)
}

/** Switches off the rules of the central bus that forward to the raw domain's bus. */
export async function silenceRaw(endpoint: Endpoint): Promise<void> {
  const central = new EventBridgeClient(clientOptions(endpoint, CENTRAL_ACCOUNT))
  const bus = { EventBusName: CENTRAL_BUS_NAME }
  const { Rules = [] } = await central.send(new ListRulesCommand(bus))
  for (const { Name } of Rules) {
    const { Targets = [] } = await central.send(new ListTargetsByRuleCommand({ ...bus, Rule: Name }))
    const isForRaw = Targets.some(({ Arn }) => Arn?.endsWith(`/${namesOf(RAW).domainBusName}`))
    if (isForRaw) await central.send(new DisableRuleCommand({ ...bus, Name }))
  }
  central.destroy()
}
