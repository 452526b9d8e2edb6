// Buses, rules and targets. In: names or ARNs and who asks. Out: the bus or rule, or EventBridge's error.
// Never: is without a default bus, whichever account and region asks.

import { type Input, readText, requireField } from '../input.ts'
import type { Policy } from '../policy.ts'
import { AwsError, type Caller } from '../service.ts'

export interface Target {
  id: string
  arn: string
  roleArn?: string
  deadLetterArn?: string
  maximumRetryAttempts: number
  maximumEventAgeSeconds: number
}

export interface Rule {
  name: string
  arn: string
  state: 'ENABLED' | 'DISABLED'
  patternText: string
  isMatch: (event: Record<string, unknown>) => boolean
  description?: string
  roleArn?: string
  targets: Target[]
  tags: Map<string, string>
}

export interface Bus {
  name: string
  arn: string
  account: string
  region: string
  createdAtMs: number
  changedAtMs: number
  description?: string
  policy?: Policy
  rules: Map<string, Rule>
  tags: Map<string, string>
}

export interface Buses {
  all(): Bus[]
  add(bus: Bus): void
  remove(bus: Bus): void
  byArn(arn: string): Bus | undefined
  /** The caller's own bus of that name or ARN (absent: `default`); another account's bus is not found. */
  require(nameOrArn: string | undefined, caller: Caller): Bus
}

export function createBuses(nowMs: () => number): Buses {
  const buses = new Map<string, Bus>()
  const byArn = (arn: string): Bus | undefined => {
    const parts = readBusArn(arn)
    if (parts?.name === 'default' && !buses.has(arn)) buses.set(arn, createBus('default', parts, nowMs()))
    return buses.get(arn)
  }
  return {
    all: () => [...buses.values()],
    add: (bus) => void buses.set(bus.arn, bus),
    remove: (bus) => void buses.delete(bus.arn),
    byArn,
    require(nameOrArn = 'default', caller) {
      const bus = byArn(toBusArn(nameOrArn, caller))
      if (bus && bus.account === caller.account) return bus
      throw new AwsError('ResourceNotFoundException', `Event bus ${nameOrArn} does not exist.`)
    },
  }
}

export function createBus(name: string, owner: Caller, nowMs: number): Bus {
  const { account, region } = owner
  const times = { createdAtMs: nowMs, changedAtMs: nowMs }
  return { name, arn: toBusArn(name, owner), account, region, ...times, rules: new Map(), tags: new Map() }
}

/** A name is the caller's own bus; an ARN stays what it is. */
export function toBusArn(nameOrArn: string, caller: Caller): string {
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:aws:events:${caller.region}:${caller.account}:event-bus/${nameOrArn}`
}

export function readBusArn(arn: string): { account: string; region: string; name: string } | undefined {
  const [, region, account, name] = /^arn:aws:events:([\w-]+):(\d{12}):event-bus\/([\w./-]+)$/.exec(arn) ?? []
  return region && account && name ? { account, region, name } : undefined
}

export function toRuleArn(bus: Bus, name: string): string {
  const path = bus.name === 'default' ? name : `${bus.name}/${name}`
  return `arn:aws:events:${bus.region}:${bus.account}:rule/${path}`
}

export function requireRule(bus: Bus, input: Input, field = 'Name'): Rule {
  const name = requireField(readText(input, field), field.charAt(0).toLowerCase() + field.slice(1))
  const rule = bus.rules.get(name)
  if (rule) return rule
  throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus.name}.`)
}

export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
