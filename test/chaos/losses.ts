// Events that the bus takes and does not deliver. In: which event, where it goes. Out: a switch of the sandbox that loses it
// there; the wait until it is lost and yet in the mirror. Never: a second event lost by the same switch.
import { CENTRAL_ACCOUNT } from '../../cli/dev/deploy-mesh.ts'
import { REGION } from '../../cli/stack-environment.ts'
import { namesOf } from '../../clients/config.ts'
import { toBusArn } from '../../infra/events.ts'
import type { Stage } from './stage.ts'
import { setFault, until } from './walks.ts'
import { lostTargets, type Watch } from './witness.ts'

/** Of the sandbox's bus: all of an event on its way onto a bus, or one delivery of it to a target of a rule. */
interface Place {
  operation: 'Event' | 'Delivery'
  account: string
  targetArn?: string
}

const accountOf = ({ accounts }: Stage, domain: string): string => accounts[domain] ?? ''

/** From producers to d2, in the order of the way. */
export const PLACES = {
  'on the central bus': () => ({ operation: 'Event', account: CENTRAL_ACCOUNT }),
  'by the rule that forwards to one domain': (stage) => ({
    ...{ operation: 'Delivery', account: CENTRAL_ACCOUNT },
    targetArn: toBusArn(REGION, accountOf(stage, 'd2'), namesOf('d2').domainBusName),
  }),
  'before the queue': (stage) => ({
    ...{ operation: 'Delivery', account: accountOf(stage, 'd2') },
    targetArn: `arn:aws:sqs:${REGION}:${accountOf(stage, 'd2')}:${namesOf('d2').queueName}`,
  }),
  "on the domain's own bus": (stage) => ({ operation: 'Event', account: accountOf(stage, 'd1') }),
} satisfies Record<string, (stage: Stage) => Place>

/** The next event of that id. */
export async function lose(stage: Stage, place: keyof typeof PLACES, eventId: string): Promise<void> {
  const { targetArn, ...of }: Place = PLACES[place](stage)
  const where = { 'detail.metadata.id': eventId, ...(targetArn && { targetArn }) }
  await setFault(stage, { ...of, id: `lost ${eventId}`, service: 'events', where, action: { kind: 'drop-event' } })
}

/** By the witness; and its publication is in the mirror, from which it is found again. */
export const untilLost = (stage: Stage, seen: Watch, cycle: string, revision: number): Promise<void> =>
  until(`${cycle}/r${revision} is published and lost`, 120_000, async () => {
    const isThere = (await publishedOf(stage, cycle))?.revision === revision
    return isThere && lostTargets(await seen(), `${cycle}/r${revision}`).length === 1
  })

export interface Published {
  revision: number
  builtFrom: { product: string; revision: number }[]
}

/** What the mirror has of a cycle's last publication. */
export const publishedOf = (stage: Stage, cycle: string): Promise<Published | undefined> =>
  stage.db.one<Published>(
    'select published_revision as revision, built_from as "builtFrom" from data_product_status where cycle = $1',
    [cycle],
  )
