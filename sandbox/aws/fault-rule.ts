// Fault rules from outside. In: unknown JSON. Out: a FaultRule, or all problems found.
// Never: takes a rule that could match nothing because a name in it is misspelt.

import type { FaultAction, FaultRule } from './service.ts'

export type FaultRuleReading = { kind: 'ok'; rule: FaultRule } | { kind: 'refused'; problems: string[] }

interface Field {
  says: string
  isRight: (value: unknown) => boolean
}

const text: Field = { says: 'a text', isRight: (value) => typeof value === 'string' && value !== '' }
const wholeFrom = (from: number): Field => ({
  says: `a whole number from ${from}`,
  isRight: (value) => Number.isSafeInteger(value) && (value as number) >= from,
})
const whole = wholeFrom(0)

const services = ['s3', 'sqs', 'events', 'glue', 'sts']
const fields: Record<string, Field> = {
  id: text,
  service: { says: `one of ${services.join(', ')}`, isRight: (value) => services.includes(value as string) },
  operation: {
    says: 'an operation name such as "PutEvents", or "*"',
    isRight: (value) => typeof value === 'string' && /^(\*|[A-Z][A-Za-z0-9]*)$/.test(value),
  },
  account: { says: '12 digits', isRight: (value) => typeof value === 'string' && /^\d{12}$/.test(value) },
  where: {
    says: 'an object of path: value',
    isRight: (value) => isRecord(value) && Object.values(value).every(isScalar),
  },
  after: whole,
  every: wholeFrom(1),
  probability: {
    says: 'a number from 0 to 1',
    isRight: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  seed: whole,
  times: {
    says: 'a whole number from 1, or "unlimited"',
    isRight: (value) => value === 'unlimited' || wholeFrom(1).isRight(value),
  },
  action: { says: 'an object with a "kind"', isRight: isRecord },
}
const compulsory = ['service', 'operation', 'action']

/** The fields of each kind of action; those in the second place may be absent. */
const actions: Record<FaultAction['kind'], [Record<string, Field>, Record<string, Field>?]> = {
  error: [
    { code: text },
    {
      status: {
        says: '400 to 599',
        isRight: (value) => whole.isRight(value) && Number(value) >= 400 && Number(value) < 600,
      },
      message: text,
    },
  ],
  throttle: [{}],
  'lose-reply': [{}],
  'half-body': [{}],
  delay: [{ ms: whole }],
  hang: [{}],
  'drop-event': [{}],
  duplicate: [{ times: wholeFrom(1) }],
  reorder: [{}],
  'fail-entry': [{ index: whole, code: text }],
  'run-timeline': [{ states: { says: 'a list of {state, afterMs, message?}', isRight: isTimeline } }],
}

/** Checks names and types, and says all that is wrong at once. */
export function parseFaultRule(value: unknown): FaultRuleReading {
  if (!isRecord(value)) return { kind: 'refused', problems: ['A fault rule is a JSON object.'] }
  const problems = fieldProblems(value, fields, compulsory, '')
  if (isRecord(value['action'])) problems.push(...actionProblems(value['action']))
  if (
    ['s3', 'sts'].includes(String(value['service'])) &&
    isRecord(value['action']) &&
    value['action']['kind'] === 'half-body'
  ) {
    problems.push('"half-body" is for sqs, events and glue.')
  }
  if (value['seed'] !== undefined && value['probability'] === undefined) {
    problems.push('"seed" is of use with "probability" only.')
  }
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'ok', rule: value as unknown as FaultRule }
}

function actionProblems(action: Record<string, unknown>): string[] {
  const kind = String(action['kind'])
  const found = Object.hasOwn(actions, kind) ? actions[kind as FaultAction['kind']] : undefined
  if (found === undefined) return [`"action.kind" is one of ${Object.keys(actions).join(', ')}.`]
  const [needed, optional = {}] = found
  const { kind: _kind, ...given } = action
  return fieldProblems(given, { ...needed, ...optional }, Object.keys(needed), 'action.')
}

function fieldProblems(
  value: Record<string, unknown>,
  known: Record<string, Field>,
  needed: string[],
  prefix: string,
): string[] {
  const names = Object.keys(known)
  const wanted = names.length > 0 ? `known are ${names.join(', ')}` : 'it takes none'
  return [
    ...Object.keys(value)
      .filter((name) => !names.includes(name))
      .map((name) => `Unknown field "${prefix}${name}"; ${wanted}.`),
    ...Object.entries(known)
      .filter(([name, field]) => (value[name] === undefined ? needed.includes(name) : !field.isRight(value[name])))
      .map(([name, field]) => `"${prefix}${name}" is ${field.says}.`),
  ]
}

function isTimeline(value: unknown): boolean {
  const isState = (item: unknown) => isRecord(item) && text.isRight(item['state']) && whole.isRight(item['afterMs'])
  return Array.isArray(value) && value.length > 0 && value.every(isState)
}

const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
