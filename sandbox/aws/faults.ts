// The fault switches. In: rules from tests and the admin endpoint, and each call as it comes. Out: what goes wrong with it.
// Never: uses a rule up for a call that it does not match.

import { AwsError, type Clock, type FaultAction, type FaultRule, type Faults, type Ledger } from './service.ts'

type HeldRule = FaultRule & { id: string; matched: number; used: number }

export function createFaults(ledger: Ledger): Faults {
  let rules: HeldRule[] = []
  let counter = 0
  return {
    add(rule) {
      counter += 1
      const id = rule.id ?? `fault-${counter}`
      rules = [...rules.filter((other) => other.id !== id), { ...rule, id, matched: 0, used: 0 }]
      return id
    },
    remove(id) {
      rules = rules.filter((rule) => rule.id !== id)
    },
    list: () => rules.map(({ matched, ...rule }) => rule),
    take({ service, operation, caller, input }) {
      for (const rule of rules) {
        if (rule.service !== service || rule.operation !== operation) continue
        if (rule.account !== undefined && rule.account !== caller.account) continue
        if (!isWhere(rule.where ?? {}, input) || rule.used >= (rule.times ?? 1)) continue
        rule.matched += 1
        if (rule.matched <= (rule.after ?? 0)) continue
        rule.used += 1
        ledger.add({ kind: 'fault', service, ...caller, operation, facts: { rule: rule.id, action: rule.action } })
        return rule.action
      }
      return undefined
    },
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
