// An event on a bus. In: an accepted event. Out: deliveries to the targets of the rules that match, and ledger rows.
// Never: forwards an event that already came by another bus's rule: AWS allows one hop, and says nothing.

import type { OrganizationOf } from '../caller.ts'
import type { FaultAction, Roads, Surroundings } from '../service.ts'
import { type Bus, type Buses, type Rule, readBusArn, type Target } from './bus.ts'
import { judgePut } from './bus-policy.ts'
import { type EventEnvelope, eventFacts } from './envelope.ts'

export interface RoutingParts extends Pick<Surroundings, 'clock' | 'ledger' | 'faults'> {
  buses: Buses
  deliverToQueue: Roads['deliverToQueue']
  forwardedAccount: 'origin' | 'bus'
  organizationOf: OrganizationOf
}

export interface Routing {
  /** Takes an event that may be on this bus; rules are asked later, as on AWS. */
  accept(bus: Bus, event: EventEnvelope, call?: FaultAction): void
  drop(owner: { account: string; region: string }, event: EventEnvelope, facts: Record<string, unknown>): void
}

/** One delivery in hand: which rule of which bus, to which of its targets. */
interface Delivery {
  bus: Bus
  rule: Rule
  target: Target
  event: EventEnvelope
  isForwarded: boolean
  /** Its age counts from here, whatever time the event itself names. */
  acceptedAtMs: number
}

type Result = { kind: 'ok'; facts: Record<string, unknown> } | { kind: 'failed'; code: string; message: string }

export function createRouting(parts: RoutingParts): Routing {
  const drop: Routing['drop'] = ({ account, region }, event, facts) => {
    parts.ledger.add({
      kind: 'event-dropped',
      service: 'events',
      account,
      region,
      facts: { ...eventFacts(event), ...facts },
    })
  }

  function accept(bus: Bus, event: EventEnvelope, call?: FaultAction): void {
    const caller = { account: bus.account, region: bus.region }
    const asked = parts.faults.take({ service: 'events', operation: 'Event', caller, input: event })
    if (asked?.kind === 'drop-event' || call?.kind === 'drop-event') {
      return drop(bus, event, { busArn: bus.arn, reason: 'fault switch drop-event' })
    }
    const copies = asked?.kind === 'duplicate' ? asked.times : 1
    const delayMs = asked?.kind === 'delay' ? asked.ms : 0
    for (let copy = 1; copy <= copies; copy += 1) parts.clock.after(delayMs, () => route(bus, event, false))
  }

  function route(bus: Bus, event: EventEnvelope, isForwarded: boolean): void {
    const rules = [...bus.rules.values()].filter((rule) => rule.state === 'ENABLED' && rule.isMatch({ ...event }))
    const acceptedAtMs = parts.clock.nowMs()
    if (rules.length === 0) drop(bus, event, { busArn: bus.arn, reason: 'no rule matches' })
    for (const rule of rules) {
      for (const target of rule.targets) deliver({ bus, rule, target, event, isForwarded, acceptedAtMs }, 0)
    }
  }

  function deliver(delivery: Delivery, retries: number): void {
    const { bus, target, event } = delivery
    const facts = { busArn: bus.arn, ruleArn: delivery.rule.arn, targetArn: target.arn }
    if (isLost(delivery, facts)) return drop(bus, event, { ...facts, reason: 'fault switch drop-event' })
    const isBus = readBusArn(target.arn) !== undefined
    if (isBus && delivery.isForwarded) return drop(bus, event, { ...facts, reason: 'one hop: it came by another bus' })
    const result = isBus ? forward(delivery) : send(delivery)
    if (result.kind === 'failed') return fail(delivery, retries, result)
    const row = { ...eventFacts(event), ...facts, ...result.facts }
    parts.ledger.add({ kind: 'event-routed', service: 'events', account: bus.account, region: bus.region, facts: row })
  }

  /** By a switch: one target of one rule does not get it, whoever else does. */
  function isLost({ bus, event }: Delivery, facts: Record<string, unknown>): boolean {
    const caller = { account: bus.account, region: bus.region }
    const input = { ...event, ...facts }
    return parts.faults.take({ service: 'events', operation: 'Delivery', caller, input })?.kind === 'drop-event'
  }

  function forward({ bus, rule, target, event }: Delivery): Result {
    const receiver = parts.buses.byArn(target.arn)
    if (receiver === undefined) {
      return { kind: 'failed', code: 'NO_RESOURCE', message: `The bus ${target.arn} does not exist.` }
    }
    const organization = parts.organizationOf(bus.account)
    if (judgePut(receiver, { account: bus.account, event, ruleArn: rule.arn, organization }) !== 'allowed') {
      const message = `The policy of ${target.arn} does not allow account ${bus.account} to put this event.`
      return { kind: 'failed', code: 'NO_PERMISSIONS', message }
    }
    const isRenamed = parts.forwardedAccount === 'bus' && receiver.account !== bus.account
    const forwarded = isRenamed ? { ...event, account: bus.account } : event
    parts.clock.after(0, () => route(receiver, forwarded, true))
    return { kind: 'ok', facts: {} }
  }

  function send({ bus, rule, target, event }: Delivery): Result {
    const principal = toPrincipal(bus, rule)
    const sent = parts.deliverToQueue(target.arn, { body: JSON.stringify(event) }, principal)
    if (sent.kind === 'ok') return { kind: 'ok', facts: { messageId: sent.messageId } }
    return { kind: 'failed', code: sent.code, message: sent.message }
  }

  /** Throttling is tried again; permissions and missing targets go to the dead-letter queue at once, or are lost. */
  function fail(delivery: Delivery, retries: number, failure: { code: string; message: string }): void {
    const exhausted =
      failure.code === 'THROTTLING' ? exhaustedCondition(delivery, retries, parts.clock.nowMs()) : undefined
    if (failure.code === 'THROTTLING' && exhausted === undefined) {
      parts.clock.after(toBackOffMs(retries), () => deliver(delivery, retries + 1))
      return
    }
    const { bus, rule, target, event } = delivery
    const facts = { ...eventFacts(event), busArn: bus.arn, ruleArn: rule.arn, targetArn: target.arn }
    const attributes = toAttributes(delivery, failure, { retries, exhausted })
    const kept =
      target.deadLetterArn === undefined
        ? { kind: 'none' as const }
        : parts.deliverToQueue(
            target.deadLetterArn,
            { body: JSON.stringify(event), attributes },
            toPrincipal(bus, rule),
          )
    if (kept.kind === 'ok') {
      const row = { ...facts, deadLetterQueueArn: target.deadLetterArn, messageId: kept.messageId, code: failure.code }
      parts.ledger.add({ kind: 'dead-letter', service: 'events', account: bus.account, region: bus.region, facts: row })
      return
    }
    const why = kept.kind === 'none' ? 'the target has no dead-letter queue' : `its dead-letter queue: ${kept.message}`
    drop(bus, event, { ...facts, code: failure.code, reason: `${failure.message} Lost, since ${why}` })
  }

  return { accept, drop }
}

const toPrincipal = (bus: Bus, rule: Rule) =>
  ({ kind: 'service', id: 'events.amazonaws.com', sourceArn: rule.arn, sourceAccount: bus.account }) as const

function toBackOffMs(retries: number): number {
  return Math.min(1000 * 2 ** retries, 60_000)
}

/** Why there is no next try: so many were made, or it would come when the event is too old. */
function exhaustedCondition({ target, acceptedAtMs }: Delivery, retries: number, nowMs: number): string | undefined {
  if (retries >= target.maximumRetryAttempts) return 'MaximumRetryAttempts'
  const ageMs = nowMs + toBackOffMs(retries) - acceptedAtMs
  return ageMs > target.maximumEventAgeSeconds * 1000 ? 'MaximumEventAgeInSeconds' : undefined
}

interface Tries {
  retries: number
  /** Absent where nothing was tried again. */
  exhausted: string | undefined
}

function toAttributes({ rule, target }: Delivery, failure: { code: string; message: string }, tries: Tries) {
  return {
    RULE_ARN: rule.arn,
    TARGET_ARN: target.arn,
    ERROR_CODE: failure.code,
    ERROR_MESSAGE: failure.message,
    ...(tries.exhausted !== undefined && {
      EXHAUSTED_RETRY_CONDITION: tries.exhausted,
      RETRY_ATTEMPTS: String(tries.retries),
    }),
  }
}
