// Fault rules from outside. In: unknown JSON. Out: a FaultRule, or all problems found.
// Never: takes a rule that could match nothing because a name in it is misspelt.

import type { FaultRule } from './service.ts'

export type FaultRuleReading = { kind: 'ok'; rule: FaultRule } | { kind: 'refused'; problems: string[] }

const services = ['s3', 'sqs', 'events', 'glue']
const fields = ['id', 'service', 'operation', 'account', 'where', 'after', 'times', 'action']
/** The fields that each kind of action cannot do without, with their type. */
const actions: Record<string, Record<string, string>> = {
  error: { code: 'string' },
  throttle: {},
  'lose-reply': {},
  delay: { ms: 'number' },
  hang: {},
  'drop-event': {},
  duplicate: { times: 'number' },
  'fail-entry': { index: 'number', code: 'string' },
  'run-timeline': { states: 'object' },
}

/** Checks names and types, and says all that is wrong at once. */
export function parseFaultRule(value: unknown): FaultRuleReading {
  if (!isRecord(value)) return { kind: 'refused', problems: ['A fault rule is a JSON object.'] }
  const problems = Object.keys(value)
    .filter((name) => !fields.includes(name))
    .map((name) => `Unknown field "${name}"; known are ${fields.join(', ')}.`)
  if (!services.includes(value['service'] as string)) problems.push(`"service" is one of ${services.join(', ')}.`)
  if (typeof value['operation'] !== 'string') problems.push('"operation" is an operation name such as "PutEvents".')
  for (const name of ['after', 'times']) {
    if (value[name] !== undefined && !Number.isInteger(value[name])) problems.push(`"${name}" is a whole number.`)
  }
  if (value['where'] !== undefined && !isRecord(value['where'])) problems.push('"where" is an object of path: value.')
  problems.push(...actionProblems(value['action']))
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'ok', rule: value as unknown as FaultRule }
}

function actionProblems(action: unknown): string[] {
  const kind = isRecord(action) ? String(action['kind']) : ''
  const needs = Object.hasOwn(actions, kind) ? actions[kind] : undefined
  if (!isRecord(action) || needs === undefined) {
    return [`"action.kind" is one of ${Object.keys(actions).join(', ')}.`]
  }
  return Object.entries(needs)
    .filter(([name, type]) => typeof action[name] !== type)
    .map(([name, type]) => `Action "${kind}" needs "${name}", a ${type}.`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
