// The fault switches. In: rules from tests and the admin endpoint, and each call as it comes. Out: what goes wrong with it.
// Never: uses a rule up for a call that it does not match.

import { AwsError, type Clock, type FaultAction, type FaultRule, type Faults, type Ledger } from './service.ts'

type HeldRule = FaultRule & { id: string; matched: number; used: number; draw: () => number }

/** What the sandbox does by itself, for rules that name it; `*` means calls of the API. */
const innerOperations = ['Delivery', 'Event', 'Notification', 'StateChangeEvent']

export function createFaults(ledger: Ledger): Faults {
  let rules: HeldRule[] = []
  let counter = 0
  return {
    add(rule) {
      counter += 1
      const id = rule.id ?? `fault-${counter}`
      rules = [...rules.filter((other) => other.id !== id), toHeld(rule, id)]
      return id
    },
    remove(id) {
      rules = rules.filter((rule) => rule.id !== id)
    },
    list: () => rules.map(({ matched, draw, ...rule }) => rule),
    take({ service, operation, caller, input }) {
      for (const rule of rules) {
        if (rule.service !== service || !isOperation(rule, operation)) continue
        if (rule.account !== undefined && rule.account !== caller.account) continue
        if (!isWhere(rule.where ?? {}, input) || rule.used >= usesOf(rule) || !isChosen(rule)) continue
        rule.used += 1
        ledger.add({ kind: 'fault', service, ...caller, operation, facts: { rule: rule.id, action: rule.action } })
        return rule.action
      }
      return undefined
    },
  }
}

const toHeld = (rule: FaultRule, id: string): HeldRule => ({
  ...rule,
  id,
  matched: 0,
  used: 0,
  draw: createDraw(rule.seed ?? 0),
})

const isOperation = (rule: FaultRule, operation: string) =>
  rule.operation === operation || (rule.operation === '*' && !innerOperations.includes(operation))

function usesOf({ times, every, probability }: FaultRule): number {
  if (typeof times === 'number') return times
  return times === 'unlimited' || every !== undefined || probability !== undefined ? Number.POSITIVE_INFINITY : 1
}

/** Counts the matching call; the n-th of a rule gets the same answer in every run. */
function isChosen(rule: HeldRule): boolean {
  rule.matched += 1
  const left = rule.matched - (rule.after ?? 0)
  if (left <= 0 || left % (rule.every ?? 1) !== 0) return false
  return rule.probability === undefined || rule.draw() < rule.probability
}

/** Numbers from 0 to 1 that a seed determines: a 32-bit counter, its bits mixed. */
export function createDraw(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/**
 * Carries out what happens before a call executes: throws for `error` and `throttle`, waits for `delay`, never comes
 * back from `hang` (only the closing signal ends it). All other kinds are the caller's to carry out.
 */
export async function sufferFault(action: FaultAction | undefined, clock: Clock, signal: AbortSignal): Promise<void> {
  if (action?.kind === 'error') {
    throw new AwsError(action.code, action.message ?? `Fault switch: ${action.code}`, action.status ?? 400)
  }
  if (action?.kind === 'throttle') throw new AwsError('ThrottlingException', 'Rate exceeded', 400)
  if (action?.kind === 'delay') await pause(action.ms, clock, signal)
  if (action?.kind === 'hang') await pause(undefined, clock, signal)
}

function pause(ms: number | undefined, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = ms === undefined ? () => {} : clock.after(ms, resolve)
    const stop = () => {
      cancel()
      reject(new AwsError('RequestAborted', 'The caller hung up, or the sandbox closed, before the answer.', 499))
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function isWhere(where: NonNullable<FaultRule['where']>, input: unknown): boolean {
  return Object.entries(where).every(([path, value]) => valueAt(input, path) === value)
}

function valueAt(input: unknown, path: string): unknown {
  let value = input
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
