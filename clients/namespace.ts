// How long a namespace remembers closed cycles. Their ids guard against a second run, so it must remember them for longer
// than an old event may open a cycle. In: a client. Out: the retention is long enough.
import type { Client } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'

const DAY_S = 86_400
/** What a namespace of ours gets; Temporal Cloud allows up to 90. */
const WANTED_DAYS = 30

/** As the API takes it: for namespaces that are made or changed. */
export const WANTED_RETENTION = msToTs(WANTED_DAYS * DAY_S * 1_000)

/** Days that closed workflows are kept. */
export async function readRetentionDays({ workflowService, options }: Client): Promise<number> {
  const { config } = await workflowService.describeNamespace({ namespace: options.namespace })
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_S
}

/** @throws Error when it is shorter than `leastDays` and we may not change it. */
export async function ensureRetention(client: Client, leastDays: number): Promise<void> {
  const { namespace } = client.options
  const found = await readRetentionDays(client)
  if (found > leastDays) return
  try {
    const config = { workflowExecutionRetentionTtl: WANTED_RETENTION }
    await client.workflowService.updateNamespace({ namespace, config })
  } catch (cause) {
    throw new Error(
      `Namespace "${namespace}" forgets closed cycles after ${found} days, but events of the last ${leastDays} days may ` +
        `open cycles, and it could not be set to ${WANTED_DAYS}. Have an administrator set it ` +
        '(temporal operator namespace update --retention 720h).',
      { cause },
    )
  }
}
