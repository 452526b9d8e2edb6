// What a mesh needs whatever its domains. In: a connection. Out: what was found; an error is the problem.
import { DescribeEventBusCommand, ListEventBusesCommand } from '@aws-sdk/client-eventbridge'
import { readRetentionDays } from '../clients/namespace.ts'
import { ensureSearchAttributes } from '../clients/search-attributes.ts'
import { listApplied } from '../mirror/migrate.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { OPENING_WINDOW } from '../model/calendar/routing.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/contract.ts'
import { CHECKS } from './check-names.ts'
import type { Connection } from './connection.ts'
import type { Check } from './doctor.ts'
import { AWS_OUTAGE, POSTGRES_OUTAGE, TEMPORAL_OUTAGE } from './doctor-outage.ts'

export const MESH_CHECKS: Check[] = [
  { name: 'Node', look: async () => process.versions.node, todo: '' },
  {
    name: CHECKS.postgres,
    look: checkDatabase,
    todo: 'Check DATABASE_URL and that the server runs.',
    outage: POSTGRES_OUTAGE,
  },
  {
    name: CHECKS.temporal,
    look: checkServer,
    todo: 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS settings.',
    outage: TEMPORAL_OUTAGE,
  },
  {
    name: 'retention',
    look: checkRetention,
    todo: 'temporal operator namespace update --retention 720h',
    needs: [CHECKS.temporal],
  },
  {
    name: 'search attributes',
    look: checkAttributes,
    todo: 'Roles register them at boot; start one, or use another namespace.',
    needs: [CHECKS.temporal],
  },
  {
    name: CHECKS.aws,
    look: checkCentralBus,
    todo: 'Check SLUICE_CENTRAL_BUS_ARN, and that the governance account is deployed.',
    outage: AWS_OUTAGE,
  },
]

async function checkDatabase({ db }: Connection): Promise<string> {
  const applied = await listApplied(db())
  return `answers, migrated to ${applied.at(-1)?.name ?? 'nothing'}`
}

async function checkServer({ temporal, settings }: Connection): Promise<string> {
  const { connection } = await temporal()
  const { serverVersion } = await connection.workflowService.getSystemInfo({})
  return `${settings.TEMPORAL_ADDRESS}, server ${serverVersion}, namespace ${settings.TEMPORAL_NAMESPACE}`
}

async function checkRetention({ temporal }: Connection): Promise<string> {
  const days = await readRetentionDays(await temporal())
  const least = OPENING_WINDOW.acceptForMs / DAY_MS
  if (days > least) return `closed cycles are known for ${days} days`
  throw new Error(`closed cycles are known for ${days} days only; events up to ${least} days old may open cycles`)
}

async function checkAttributes({ temporal }: Connection): Promise<string> {
  await ensureSearchAttributes(await temporal(), SEARCH_ATTRIBUTES)
  return `${Object.keys(SEARCH_ATTRIBUTES).join(', ')}`
}

/** Its policy lets the accounts of domains put events on it, not look at it. */
async function checkCentralBus({ aws, settings }: Connection): Promise<string> {
  const bus = settings.SLUICE_CENTRAL_BUS_ARN
  const { events } = await aws()
  if (bus.split(':')[4] === settings.AWS_ACCOUNT_ID) {
    await events.send(new DescribeEventBusCommand({ Name: bus }))
    return bus
  }
  await events.send(new ListEventBusesCommand({ Limit: 1 }))
  return `EventBridge answers; ${bus} is of another account, which alone may look at it`
}
